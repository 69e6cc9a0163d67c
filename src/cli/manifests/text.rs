//! A text with manifests: its documents, and the objects in them.

use std::path::Path;

use serde_json::Value;

use super::object::{Object, member_text};
use super::position;
use super::quantities::spell_quantities;
use crate::api::Position;
use crate::cli::CommandError;

/// A text with manifests, and the name that errors give it.
#[derive(Debug)]
pub(in crate::cli) struct Text {
    file: String,
    text: String,
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
        let text = std::fs::read_to_string(path).map_err(|error| CommandError::input(format!("{file}: {error}")))?;
        Ok(Self { file, text })
    }

    /// The text itself.
    pub(in crate::cli) fn text(&self) -> &str {
        &self.text
    }

    /// The name of the file.
    pub(in crate::cli) fn file(&self) -> &str {
        &self.file
    }

    /// Every object of every document, and every item of a list.
    pub(in crate::cli) fn objects(&self) -> Result<Vec<Object<'_>>, CommandError> {
        let mut objects = Vec::new();
        for (document, value) in self.documents()?.into_iter().enumerate() {
            for (item, kind, mut value) in list_items(value) {
                spell_quantities(&mut value);
                let object = Object { text: self, document, item, within: Vec::new(), kind, value };
                if !object.value.is_object() {
                    return Err(object.wrong("", "is no Kubernetes object"));
                }
                if object.kind.is_empty() {
                    return Err(object.wrong("kind", "is missing"));
                }
                objects.push(object);
            }
        }
        Ok(objects)
    }

    fn documents(&self) -> Result<Vec<Value>, CommandError> {
        // JSON of kubectl is one document, and large.
        if let Ok(document) = serde_json::from_str(&self.text) {
            return Ok(vec![document]);
        }
        serde_saphyr::from_multiple_with_options(&self.text, position::options()).map_err(|error| {
            let place = error.location().map(Position::from).unwrap_or_default();
            CommandError::input(format!("{}:{}:{}: {}", self.file, place.line, place.column, error.without_snippet()))
        })
    }
}

/// The items of a list with their places, or the document itself; each with its kind.
fn list_items(mut document: Value) -> Vec<(Option<usize>, String, Value)> {
    let kind = member_text(&document, "kind").to_owned();
    if document.is_null() {
        // There is nothing between two separators.
        return Vec::new();
    }
    let Some(Value::Array(items)) = document.get_mut("items").filter(|_| kind.ends_with("List")).map(Value::take)
    else {
        return vec![(None, kind, document)];
    };
    // In lists that the API server answers, the kind of the list names the kind of its items.
    let of_list = kind.strip_suffix("List").unwrap_or_default();
    let kind_of = |item: &Value| Some(member_text(item, "kind").to_owned()).filter(|own| !own.is_empty());
    let item = |(at, item): (usize, Value)| (Some(at), kind_of(&item).unwrap_or_else(|| of_list.to_owned()), item);
    items.into_iter().enumerate().map(item).collect()
}
