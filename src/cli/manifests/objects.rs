//! The objects in a text with manifests.

use serde_json::Value;

use super::Text;
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
            spell_quantities(&mut value);
            let object = Object { text, document, item, within: Vec::new(), kind, value };
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
