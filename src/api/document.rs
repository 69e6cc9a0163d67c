//! Errors in a document that a user writes, with file, line and field.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Spanned};

/// A position in a file.
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

impl<T> From<&Spanned<T>> for Position {
    fn from(value: &Spanned<T>) -> Self {
        value.referenced.into()
    }
}

/// A document that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DocumentError {
    /// The file, or the annotation, that holds the document.
    pub file: String,
    /// The position in the file.
    pub position: Position,
    /// The field, as a path such as `spec.resources.requests.cpu`; empty where the document cannot be parsed.
    pub field: String,
    /// What is wrong and how to correct it.
    pub problem: String,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, position: Position { line, column }, field, problem } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !field.is_empty() {
            write!(f, "{field}: ")?;
        }
        f.write_str(problem)
    }
}

impl DocumentError {
    /// A document that cannot be parsed.
    #[must_use]
    pub fn unparsable(file: &str, error: &Error) -> Self {
        Self {
            file: file.to_owned(),
            position: error.location().map(Position::from).unwrap_or_default(),
            field: String::new(),
            problem: Self::yaml_problem(error.without_snippet()).unwrap_or_else(|| error.without_snippet().to_string()),
        }
    }

    /// What is wrong with a text that is no YAML, for its author; `None` where the parser says it well.
    pub(crate) fn yaml_problem(error: &Error) -> Option<String> {
        if let Error::DuplicateMappingKey { key, .. } = error {
            let key = key.as_ref().map_or_else(|| "a key".to_owned(), |key| format!("the key `{key}`"));
            return Some(format!("{key} stands twice in one object; remove one of them"));
        }
        if let Error::NonFiniteFloat { value, .. } = error {
            return Some(format!("`{value}` is not a number; write it in quotes"));
        }
        if let Error::UnknownAnchor { .. } = error {
            return Some("the alias names no anchor; write `&name` where the value stands".to_owned());
        }
        let is_too_large = matches!(
            error,
            Error::Budget { .. } | Error::AliasReplayLimitExceeded { .. } | Error::AliasExpansionLimitExceeded { .. }
        );
        is_too_large.then(|| "the text is too large to be read; divide it into several files".to_owned())
    }
}

/// Parses the only document of a text, YAML or JSON.
pub(super) fn parse_document<'t, T: Deserialize<'t>>(file: &str, text: &'t str) -> Result<T, DocumentError> {
    serde_saphyr::from_str(text).map_err(|error| DocumentError::unparsable(file, &error))
}

/// Parses every YAML document of a text.
pub(crate) fn parse_documents<T: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, DocumentError> {
    serde_saphyr::from_multiple(text).map_err(|error| DocumentError::unparsable(file, &error))
}

/// An error of one field, where the file is not known yet.
#[derive(Debug)]
pub(crate) struct FieldError {
    position: Position,
    field: String,
    problem: String,
}

impl FieldError {
    /// An error of `field`, whose value stands at `position`.
    pub(crate) fn at(position: impl Into<Position>, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { position: position.into(), field: field.into(), problem: problem.into() }
    }

    pub(crate) fn in_file(self, file: &str) -> DocumentError {
        let Self { position, field, problem } = self;
        DocumentError { file: file.to_owned(), position, field, problem }
    }
}
