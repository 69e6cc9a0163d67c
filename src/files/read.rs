//! Reads a file of limited size.

use std::io::{Error, ErrorKind};
use std::path::Path;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub(crate) struct ReadError {
    path: String,
    source: Error,
}

impl ReadError {
    pub(super) fn new(path: &Path, source: Error) -> Self {
        Self { path: path.display().to_string(), source }
    }
}

/// Reads a file of at most `largest` bytes.
#[expect(clippy::disallowed_methods, reason = "the text files that a process follows are read here and nowhere else")]
pub(crate) fn read_text(path: &Path, largest: u64) -> Result<String, ReadError> {
    let failed = |error| ReadError::new(path, error);
    if std::fs::metadata(path).map_err(failed)?.len() > largest {
        return Err(failed(ErrorKind::FileTooLarge.into()));
    }
    std::fs::read_to_string(path).map_err(failed)
}
