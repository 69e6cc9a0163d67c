//! A time as it is written in files.

use jiff::Timestamp;
use serde_saphyr::Spanned;

use super::document::FieldError;

/// The time in a field.
///
/// # Errors
/// [`FieldError`] where the text is no time.
pub(super) fn timestamp(written: &Spanned<String>, field: &str) -> Result<Timestamp, FieldError> {
    let problem = |_unreadable| {
        let problem = format!("`{}` is not a time such as 2026-11-24T12:00:00Z", written.value);
        FieldError::at(written, field.to_owned(), problem)
    };
    written.value.parse().map_err(problem)
}
