//! What can be wrong with a policy document, and where.

use std::fmt;

use serde_saphyr::Spanned;

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1; 0 where unknown.
    pub line: u64,
    /// Column, from 1; 0 where unknown.
    pub column: u64,
}

impl From<serde_saphyr::Location> for Position {
    fn from(location: serde_saphyr::Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// A policy document that cannot be used: file, place, field, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// The file that it stands in.
    pub file: String,
    /// Where in the file.
    pub position: Position,
    /// The field, as a path such as `spec.resources.requests.cpu`; empty where the document itself cannot be read.
    pub field: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.position.line, self.position.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

/// A fault of one field, before the file is known.
pub(super) struct Fault {
    position: Position,
    field: &'static str,
    detail: String,
    problem: String,
}

impl Fault {
    pub(super) fn at<T>(place: &Spanned<T>, field: &'static str, problem: impl Into<String>) -> Self {
        Self { position: place.referenced.into(), field, detail: String::new(), problem: problem.into() }
    }

    pub(super) fn detail(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }

    pub(super) fn in_file(self, file: &str) -> PolicyError {
        PolicyError {
            file: file.to_owned(),
            position: self.position,
            field: format!("{}{}", self.field, self.detail),
            problem: self.problem,
        }
    }
}
