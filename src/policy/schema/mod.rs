//! The fields that a policy document may have, and what each of them holds.
//!
//! The tables are in [`policy`] and [`container`]. A document is checked against them before anything else is read, so an
//! unknown field, a value of another type and a malformed name are errors with the position of the very part.

mod container;
mod policy;
mod text;

use crate::api::{Content, FieldError, Located, Member};
use crate::model::Resources;

pub(super) use policy::DOCUMENT;
use text::TextRule;

/// What a field holds.
pub(super) enum Shape {
    /// A text that follows a rule.
    Text(&'static TextRule),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number of this range.
    Integer(i64, i64),
    /// A number. The range is checked where the number is resolved.
    Number,
    /// The number of a port, or the name of a declared port.
    Port,
    /// A quantity, as a text or as a number.
    Quantity,
    /// An object with a member for each key, such as labels: the rule of keys, and what each member holds.
    Map(&'static TextRule, &'static Self),
    /// A list.
    List(&'static Self),
    /// An object with these fields.
    Object(&'static Fields),
}

/// The fields of an object.
pub(super) struct Fields {
    /// Each field with what it holds.
    pub(super) known: &'static [(&'static str, Shape)],
    /// The fields that must be there and not be empty.
    pub(super) required: &'static [&'static str],
    /// Exactly one of these fields must be there, where there are any.
    pub(super) one_of: &'static [&'static str],
    /// Fields that people expect and that have no place here, each with the way out.
    pub(super) refused: &'static [(&'static str, &'static str)],
}

impl Fields {
    /// Fields of which each may be absent.
    const fn optional(known: &'static [(&'static str, Shape)]) -> Self {
        Self { known, required: &[], one_of: &[], refused: &[] }
    }

    /// Fields of which some must be there.
    const fn requiring(required: &'static [&'static str], known: &'static [(&'static str, Shape)]) -> Self {
        Self { known, required, one_of: &[], refused: &[] }
    }
}

/// A path with one more member: `spec.resources.requests[nvidia.com/gpu]`.
pub(super) fn member_path(path: &str, name: &str) -> String {
    match (path.is_empty(), name.contains('.')) {
        (true, _) => name.to_owned(),
        (false, true) => format!("{path}[{name}]"),
        (false, false) => format!("{path}.{name}"),
    }
}

/// A path with one more element: `spec.injection.sidecars[0]`.
pub(super) fn element_path(path: &str, at: usize) -> String {
    format!("{path}[{at}]")
}

/// Checks a value and all its parts.
pub(super) fn check(value: &Located, shape: &Shape, path: &str) -> Result<(), FieldError> {
    let error = |problem: String| Err(FieldError::at(value.position, path, problem));
    let unless = |is_good: bool, problem: &dyn Fn() -> String| if is_good { Ok(()) } else { error(problem()) };
    let unlike =
        |wanted: &str, way_out: &str| error(format!("{} stands here: write {wanted}{way_out}", value.described()));
    match (shape, &value.content) {
        (Shape::Text(rule), Content::Text(text)) => {
            unless((rule.accepts)(text), &|| format!("`{text}` is not {}", rule.wanted))
        }
        (Shape::OneOf(known), Content::Text(text)) => {
            unless(known.contains(&text.as_str()), &|| format!("`{text}` is not known here: write {}", listed(known)))
        }
        (Shape::Text(_) | Shape::OneOf(_), Content::Number(_) | Content::Flag(_)) => unlike("a text", ", in quotes"),
        (Shape::Text(_) | Shape::OneOf(_), _) => unlike("a text", ""),
        (Shape::Flag, Content::Flag(_)) | (Shape::Number, Content::Number(_)) => Ok(()),
        (Shape::Flag, _) => unlike("`true` or `false`", ", without quotes"),
        (Shape::Integer(least, most), Content::Number(number)) => {
            let is_within = number.as_i64().is_some_and(|number| (*least..=*most).contains(&number));
            unless(is_within, &|| format!("`{number}` is not {}", range(*least, *most)))
        }
        (Shape::Integer(..) | Shape::Number, _) => unlike("a number", ", without quotes"),
        (Shape::Port, Content::Text(name)) => unless(text::is_port_name(name), &|| {
            format!("`{name}` is not {}; a number stands without quotes", text::PORT_NAME.wanted)
        }),
        (Shape::Port, Content::Number(_)) => check(value, &container::PORT_NUMBER, path),
        (Shape::Port, _) => unlike("the number or the name of a port", ""),
        (Shape::Quantity, Content::Text(text)) => quantity(text, value, path),
        (Shape::Quantity, Content::Number(number)) => quantity(&number.to_string(), value, path),
        (Shape::Quantity, _) => unlike("a quantity", ", such as `250m` or `512Mi`"),
        (Shape::Map(keys, inner), Content::Object(members)) => check_map(members, keys, inner, path),
        (Shape::List(inner), Content::List(elements)) => check_list(elements, inner, path),
        (Shape::List(_), _) => unlike("a list", ", such as `[one, two]`"),
        (Shape::Object(fields), Content::Object(members)) => check_object(value, members, fields, path),
        (Shape::Map(..) | Shape::Object(_), _) => unlike("an object", " of lines `name: value`"),
    }
}

fn check_list(elements: &[Located], shape: &Shape, path: &str) -> Result<(), FieldError> {
    elements.iter().enumerate().try_for_each(|(at, element)| {
        let path = element_path(path, at);
        if element.is_null() {
            return Err(FieldError::at(
                element.position,
                path,
                "the element is empty: write a value, or remove the `-`",
            ));
        }
        check(element, shape, &path)
    })
}

fn check_map(members: &[Member], keys: &TextRule, shape: &Shape, path: &str) -> Result<(), FieldError> {
    members.iter().try_for_each(|Member { name, position, value }| {
        let path = member_path(path, name);
        if !(keys.accepts)(name) {
            return Err(FieldError::at(*position, path, format!("`{name}` is not {}", keys.wanted)));
        }
        if value.is_null() {
            return Err(FieldError::at(value.position, path, "the value is empty: write a value, or remove the line"));
        }
        check(value, shape, &path)
    })
}

fn check_object(value: &Located, members: &[Member], fields: &Fields, path: &str) -> Result<(), FieldError> {
    for Member { name, position, value } in members {
        let path = member_path(path, name);
        let Some((_, shape)) = fields.known.iter().find(|(known, _)| known == name) else {
            return Err(FieldError::at(*position, path, unknown(name, fields)));
        };
        // A member without a value is missing, as in every Kubernetes object.
        if !value.is_null() {
            check(value, shape, &path)?;
        }
    }
    let is_given = |name: &&str| {
        value.get(name).is_some_and(|given| !matches!(&given.content, Content::Text(text) if text.is_empty()))
    };
    if let Some(missing) = fields.required.iter().find(|name| !is_given(name)) {
        let problem = format!("missing: the field `{missing}` must have a value");
        return Err(FieldError::at(value.position, member_path(path, missing), problem));
    }
    let is_one = |member: &&Member| fields.one_of.contains(&member.name.as_str()) && !member.value.is_null();
    let given: Vec<&Member> = members.iter().filter(is_one).collect();
    match (fields.one_of, given.as_slice()) {
        ([], _) | (_, [_]) => Ok(()),
        (known, []) => Err(FieldError::at(value.position, path, format!("one is missing: write {}", listed(known)))),
        (_, [first, second, ..]) => {
            let problem = format!("`{}` and `{}` exclude each other: keep one", first.name, second.name);
            Err(FieldError::at(second.position, member_path(path, &second.name), problem))
        }
    }
}

fn unknown(name: &str, fields: &Fields) -> String {
    if let Some((_, way_out)) = fields.refused.iter().find(|(refused, _)| *refused == name) {
        return format!("unknown field `{name}`: {way_out}");
    }
    let known = fields.known.iter().map(|(known, _)| *known);
    match nearest(name, known.clone()) {
        Some(near) => format!("unknown field `{name}`: did you mean `{near}`?"),
        None => format!("unknown field `{name}`: known are {}", listed(&known.collect::<Vec<_>>())),
    }
}

/// The known name that a misspelt name was likely meant to be.
fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let distance = |known: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase());
    let (steps, near) = known.map(|known| (distance(known), known)).min_by_key(|(steps, _)| *steps)?;
    (steps <= 2 && steps.saturating_mul(2) < name.len()).then_some(near)
}

fn quantity(text: &str, value: &Located, path: &str) -> Result<(), FieldError> {
    let problem = match text.strip_prefix('-') {
        Some(_) => format!("`{text}` is negative"),
        None => match Resources::default().set("memory", text) {
            Ok(()) => return Ok(()),
            Err(error) => error.to_string(),
        },
    };
    Err(FieldError::at(value.position, path, problem))
}

fn range(least: i64, most: i64) -> String {
    match most {
        i64::MAX => format!("a whole number from {least}"),
        most => format!("a whole number from {least} to {most}"),
    }
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
#[path = "tests/schema.rs"]
mod tests;
