//! The block `demand` as it is meant.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::forecast::Calendar;
use crate::model::Percent;

/// Where measurements come from, and the grid of time on which demand is forecast from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DemandSettings {
    /// The source of the measurements.
    pub(crate) source: SourceSettings,
    /// The steps of measurements and forecasts.
    pub(crate) grid: DemandGrid,
    /// The share of the time that processes of a node may wait for CPU before the node counts as overloaded.
    pub(crate) most_pressure: Percent,
}

/// A source of measurements, with what it is asked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceSettings {
    /// The API `metrics.k8s.io` of the cluster.
    MetricsApi,
    /// The HTTP API of a Prometheus.
    Prometheus(Arc<PrometheusSettings>),
}

/// How a Prometheus is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrometheusSettings {
    /// The address up to and without `/api/v1`, without a slash at its end.
    pub(crate) url: Box<str>,
    /// The file with the authorities that sign the certificate of the server; there for every `https` address.
    pub(crate) ca_file: Option<Box<str>>,
    /// The file with the bearer token.
    pub(crate) token_file: Option<Box<str>>,
    /// How long one answer may take.
    pub(crate) timeout: SignedDuration,
    /// What is asked at each step: each query once for all pods, or all nodes.
    pub(crate) queries: Vec<PrometheusQuery>,
}

/// One query of a Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrometheusQuery {
    /// What the series of the answer are about.
    pub(crate) subject: MeasuredSubject,
    /// What the values are.
    pub(crate) measure: Measure,
    /// The query in `PromQL`.
    pub(crate) text: Box<str>,
}

/// What a measurement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MeasuredSubject {
    /// A pod, by the labels `namespace` and `pod`.
    Pod,
    /// A node, by the label `node` or `instance`.
    Node,
}

/// What is measured, with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// CPU in use: cores.
    Cpu,
    /// Memory in use: bytes.
    Memory,
    /// The share of the time in which a process waits for CPU: from 0 to 1.
    CpuPressure,
    /// What a PE takes in: records a second.
    InputRate,
}

/// The grid of time of measurements and forecasts: equal steps, numbered from the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DemandGrid {
    /// The length of a step, in whole seconds from 1 s to 1 h.
    step: SignedDuration,
    /// The number of steps of a season.
    season_steps: u32,
    /// The number of steps that are forecast, from 1 to 12.
    pub(crate) horizon_steps: usize,
}

/// Seconds of a day.
const DAY: i64 = 86_400;
/// How much of the past is read again after a restart: so many seasons, and no more than as many days.
const PAST_SEASONS: i64 = 14;

impl DemandGrid {
    /// A grid of steps of a whole number of seconds, at least one.
    pub(super) fn new(step: SignedDuration, season_steps: u32, horizon_steps: usize) -> Self {
        Self { step: SignedDuration::from_secs(step.as_secs().max(1)), season_steps, horizon_steps }
    }

    /// The length of a step.
    pub(crate) fn step(self) -> SignedDuration {
        self.step
    }

    /// The steps and seasons of a forecast. A season of a day knows weekends.
    pub(crate) fn calendar(self) -> Calendar {
        let slots = usize::try_from(self.season_steps).unwrap_or(1);
        if self.season_seconds() == DAY { Calendar::of_days(slots) } else { Calendar::of_seasons(slots) }
    }

    /// The number of the last step that has ended at this time.
    pub(crate) fn ended_step(self, now: Timestamp) -> i64 {
        now.as_second().div_euclid(self.step.as_secs())
    }

    /// The end of the step of this number.
    pub(crate) fn end_of(self, step: i64) -> Timestamp {
        Timestamp::from_second(step.saturating_mul(self.step.as_secs())).unwrap_or_default()
    }

    /// How many steps of the past are read again after a restart: 14 seasons, and at most 14 days.
    pub(crate) fn past_steps(self) -> i64 {
        PAST_SEASONS * self.season_seconds().min(DAY) / self.step.as_secs()
    }

    fn season_seconds(self) -> i64 {
        self.step.as_secs().saturating_mul(self.season_steps.into())
    }
}
