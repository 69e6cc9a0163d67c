//! A text with manifests: its documents, and the objects in them.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::encoding;
use super::yaml::{self, Unreadable};
use crate::cli::CommandError;

/// A text with manifests, and the name that errors give it.
#[derive(Debug)]
pub(in crate::cli) struct Text {
    file: String,
    text: String,
}

/// Why a file cannot be read.
pub(in crate::cli) fn unread(error: &std::io::Error) -> String {
    let kind = error.kind();
    if kind == ErrorKind::NotFound {
        "there is no such file; check the path".to_owned()
    } else if kind == ErrorKind::PermissionDenied {
        "you may not read the file; check its permissions".to_owned()
    } else {
        format!("the file cannot be read: {error}")
    }
}

impl Text {
    /// A text under this name.
    pub(in crate::cli) fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// The text of a file.
    #[expect(clippy::disallowed_methods, reason = "the user's manifests are read here and nowhere else")]
    pub(in crate::cli) fn from_file(path: &Path) -> Result<Self, CommandError> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| CommandError::input(format!("{file}: {}", unread(&error))))?;
        Self::from_bytes(file, bytes)
    }

    /// The text in the bytes of a file, under this name.
    pub(in crate::cli) fn from_bytes(file: impl Into<String>, bytes: Vec<u8>) -> Result<Self, CommandError> {
        let file = file.into();
        let text = encoding::decode(&file, bytes)?;
        Ok(Self::new(file, text))
    }

    /// The text itself.
    pub(in crate::cli) fn text(&self) -> &str {
        &self.text
    }

    /// The name of the file.
    pub(in crate::cli) fn file(&self) -> &str {
        &self.file
    }

    /// The documents of the text.
    ///
    /// # Errors
    /// [`CommandError::Input`] with file, line and column.
    pub(super) fn documents(&self) -> Result<Vec<Value>, CommandError> {
        // JSON of kubectl is one document, and large.
        if let Ok(document) = serde_json::from_str(&self.text) {
            return Ok(vec![document]);
        }
        yaml::documents(&self.text).map_err(|Unreadable { position, problem }| {
            CommandError::input(format!("{}:{}:{}: {problem}", self.file, position.line, position.column))
        })
    }
}
