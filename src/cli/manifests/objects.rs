//! The objects in a text with manifests.

use serde_json::Value;

use super::Text;
use super::nulls::remove_nulls;
use super::object::{Object, member_text};
use super::quantities::spell_quantities;
use crate::cli::CommandError;

/// Every object of every document of a text, and every item of a list.
///
/// # Errors
/// [`CommandError::Input`] with file, line and field.
pub(in crate::cli) fn objects(text: &Text) -> Result<Vec<Object<'_>>, CommandError> {
    let mut objects = Vec::new();
    for (document, value) in text.documents()?.into_iter().enumerate() {
        for (item, kind, mut value) in list_items(value) {
            remove_nulls(&mut value);
            spell_quantities(&mut value);
            let mut object = Object { text, document, item, within: Vec::new(), kind, value };
            if !object.value.is_object() {
                return Err(object.wrong("", "is no Kubernetes object; write an object with apiVersion and kind"));
            }
            if object.kind.is_empty() {
                return Err(object.wrong("kind", "is missing; write the kind of the object, such as `kind: Pod`"));
            }
            object.set_default_namespace();
            objects.push(object);
        }
    }
    Ok(objects)
}

/// True where no document of a text is a Kubernetes object: none has a kind.
pub(in crate::cli) fn is_no_manifest(text: &Text) -> bool {
    let is_object = |(_, kind, _): &(Option<usize>, String, Value)| !kind.is_empty();
    match text.documents() {
        Ok(documents) => {
            let has_content = documents.iter().any(|document| !document.is_null());
            has_content && !documents.into_iter().flat_map(list_items).any(|item| is_object(&item))
        }
        // Other files of a folder may have another syntax, such as templates and JSON with comments.
        Err(_) => !text.text().contains("kind"),
    }
}

/// The items of a list with their places, or the document itself; each with its kind.
fn list_items(mut document: Value) -> Vec<(Option<usize>, String, Value)> {
    let kind = member_text(&document, "kind").to_owned();
    if document.is_null() {
        // There is nothing between two separators.
        return Vec::new();
    }
    // An empty list may be written without a value.
    let is_list =
        kind.ends_with("List") && document.get("items").is_none_or(|items| items.is_array() || items.is_null());
    if !is_list {
        return vec![(None, kind, document)];
    }
    let Some(Value::Array(items)) = document.get_mut("items").map(Value::take) else { return Vec::new() };
    // In lists that the API server answers, the kind of the list names the kind of its items.
    let of_list = kind.strip_suffix("List").unwrap_or_default();
    let kind_of = |item: &Value| Some(member_text(item, "kind").to_owned()).filter(|own| !own.is_empty());
    let item = |(at, item): (usize, Value)| (Some(at), kind_of(&item).unwrap_or_else(|| of_list.to_owned()), item);
    items.into_iter().enumerate().map(item).collect()
}
