//! What every source of measurements can be asked, and how it fails.

use std::fmt;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::measurements::Measurements;
use crate::forecast::demand::DemandGrid;

/// A source of measurements of pods and nodes.
pub(super) trait Source: Send {
    /// The name in metrics and logs.
    fn name(&self) -> &'static str;

    /// Reads the measurements of the step that ended at `at`.
    ///
    /// Each part of the answer fails on its own: what was read counts, and the rest is missing.
    fn read(&mut self, at: Timestamp, wanted: Wanted) -> BoxFuture<'_, Reading>;

    /// Reads the measurements of steps of the past, in the order of time; `None` where the source keeps no past.
    fn read_past(&mut self, steps: PastSteps) -> BoxFuture<'_, Option<Result<Vec<Measurements>, SourceError>>>;
}

/// What is read of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Pods and nodes.
    PodsAndNodes,
    /// CPU and memory of nodes: what load protection compares with its thresholds.
    NodeLoads,
}

/// Steps of the past, one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct PastSteps {
    pub(super) grid: DemandGrid,
    /// The number of the first step.
    pub(super) first: i64,
    /// The number of the last step, not before the first one.
    pub(super) last: i64,
}

impl PastSteps {
    /// How many steps these are.
    pub(super) fn count(self) -> usize {
        usize::try_from(self.last - self.first + 1).unwrap_or(0)
    }
}

/// What was read at one step.
#[derive(Debug)]
pub(super) struct Reading {
    /// What was read.
    pub(super) measurements: Measurements,
    /// What could not be read.
    pub(super) failures: Vec<SourceError>,
}

impl Reading {
    /// True where nothing could be read.
    pub(super) fn is_empty(&self) -> bool {
        !self.failures.is_empty() && self.measurements.is_empty()
    }
}

/// Why an answer of a source cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceError {
    /// The kind, for metrics.
    pub(super) kind: FailureKind,
    /// What was asked, and what is wrong; bounded, and without secrets.
    pub(super) problem: String,
}

/// The kinds of failures of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// No connection, or a connection that broke: also a certificate that is not trusted.
    Connection,
    /// No whole answer in time.
    Timeout,
    /// A file with authorities or a token cannot be used.
    Credentials,
    /// An answer with another status than success.
    Status,
    /// An answer with too many bytes, series or samples.
    TooLarge,
    /// An answer that is not what the API promises.
    Malformed,
}

impl FailureKind {
    /// The name in metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Credentials => "credentials",
            Self::Status => "status",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
        }
    }
}

/// The longest text that is kept of an error.
const LONGEST_PROBLEM_CHARS: usize = 300;

impl SourceError {
    pub(super) fn new(kind: FailureKind, problem: impl fmt::Display) -> Self {
        Self { kind, problem: problem.to_string().chars().take(LONGEST_PROBLEM_CHARS).collect() }
    }

    /// The same error, for what was asked.
    pub(super) fn of(self, asked: &str) -> Self {
        Self::new(self.kind, format_args!("{asked}: {}", self.problem))
    }
}

/// An error with its causes: the outermost error alone is "client error (Connect)".
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
