//! YAML as Kubernetes reads it, and what is wrong with a text that is no YAML.

use serde_json::Value;
use serde_saphyr::{Error, NonFiniteFloatPolicy};

use super::position;
use crate::api::{DocumentError, Position};

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) position: Position,
    pub(super) problem: String,
}

/// The documents of a text.
///
/// Kubernetes reads a number that is too large for a float as a text, such as an unquoted commit `81e4567`.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, Unreadable> {
    let read = parse(text);
    let Err(Error::NonFiniteFloat { .. }) = read.as_ref().map_err(Error::without_snippet) else {
        return read.map_err(|error| unreadable(&error));
    };
    parse(&with_quoted_large_numbers(text)).map_err(|error| unreadable(&error))
}

fn parse(text: &str) -> Result<Vec<Value>, Error> {
    serde_saphyr::from_multiple_with_options(text, position::options(NonFiniteFloatPolicy::Reject))
}

fn with_quoted_large_numbers(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let mut from = 0;
    for number in position::large_numbers(text) {
        let (Some(before), Some(own)) = (text.get(from..number.start), text.get(number.clone())) else { continue };
        quoted.push_str(before);
        quoted.push('"');
        quoted.push_str(own);
        quoted.push('"');
        from = number.end;
    }
    quoted.push_str(text.get(from..).unwrap_or_default());
    quoted
}

fn unreadable(error: &Error) -> Unreadable {
    let error = error.without_snippet();
    let position = error.location().map(Position::from).unwrap_or_default();
    Unreadable { position, problem: problem(error) }
}

fn problem(error: &Error) -> String {
    DocumentError::yaml_problem(error).unwrap_or_else(|| {
        "the text is neither YAML nor JSON here; check indentation, quotes and brackets on this line and before it"
            .to_owned()
    })
}

#[cfg(test)]
#[path = "tests/yaml.rs"]
mod tests;
