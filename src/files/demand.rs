//! The demand file of `simulate`.

use std::path::Path;

use super::read::{ReadError, read_text};
use crate::api::{DocumentError, demand};
use crate::model::DemandForecasts;

/// A file with a path for each job of the largest cluster is far smaller.
const LARGEST_FILE_BYTES: u64 = 64 << 20;

/// Why a demand file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemandFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The content of the file is invalid.
    #[error(transparent)]
    Invalid(#[from] DocumentError),
}

/// Reads a demand file.
///
/// # Errors
/// [`DemandFileError`] with file, line and field.
pub(crate) fn read_demand(path: &Path) -> Result<DemandForecasts, DemandFileError> {
    Ok(demand(&path.display().to_string(), &read_text(path, LARGEST_FILE_BYTES)?)?)
}
