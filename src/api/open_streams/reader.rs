//! Reads fields of an object whose schema is open.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::model::{FieldProblem, Labels, OversizedValue, keys};

/// Reads fields, and collects the problems of those that cannot be read.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) field_problems: Vec<FieldProblem>,
}

/// An object within an object, and its path.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    members: &'a Map<String, Value>,
    path: &'a str,
}

const NO_EFFECT: &str = "has no effect on this kind of object";
/// The largest number of characters that a message quotes of a value.
const MOST_QUOTED: usize = 60;
/// The most problems of one object, and the most values of one list. The schema of the group bounds neither.
const MOST_PROBLEMS: usize = 64;
const MOST_TEXTS: usize = 1_024;

impl Reader {
    pub(super) fn problem(&mut self, field: String, problem: impl Into<String>, key: Option<&'static str>) {
        // A problem of a key makes the placement spec invalid. One is enough, and it is kept.
        let is_first_of_key = || key.is_some() && self.field_problems.iter().all(|known| known.key != key);
        if self.field_problems.len() < MOST_PROBLEMS || is_first_of_key() {
            self.field_problems.push(FieldProblem { field, problem: problem.into(), key });
        }
    }

    /// The members of an object; `None` where there is none.
    pub(super) fn part<'a>(
        &mut self,
        value: Option<&'a Value>,
        path: &'a str,
        key: Option<&'static str>,
    ) -> Option<Part<'a>> {
        let value = value.filter(|value| !value.is_null())?;
        let members = value.as_object();
        if members.is_none() {
            self.problem(path.to_owned(), format!("{} is no object", quoted(value)), key);
        }
        members.map(|members| Part { members, path })
    }

    /// Reports unknown members: the user may expect an effect.
    pub(super) fn unknown_members(&mut self, part: Part<'_>, known: &[&str]) {
        for member in part.members.keys().filter(|member| !known.contains(&member.as_str())) {
            self.problem(part.field(member), "is not known, and not read", None);
        }
    }

    pub(super) fn text(&mut self, part: Part<'_>, member: &str, key: Option<&'static str>) -> Option<String> {
        let written = part.get(member)?;
        if !written.is_string() {
            self.problem(part.field(member), format!("{} is no text", quoted(written)), key);
        }
        written.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A number from 0. The operator writes large numbers as text.
    pub(super) fn number(&mut self, part: Part<'_>, member: &str, key: Option<&'static str>) -> Option<u32> {
        let written = part.get(member)?;
        let number = match written.as_str() {
            Some(text) => text.trim().parse().ok(),
            None => written.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        if number.is_none() {
            let problem = format!("{} is not a number from 0 to {}", quoted(written), u32::MAX);
            self.problem(part.field(member), problem, key);
        }
        number
    }

    /// A list of texts, each once, in their order.
    pub(super) fn texts(&mut self, part: Part<'_>, member: &str, key: Option<&'static str>) -> Vec<String> {
        let Some(written) = part.get(member) else { return Vec::new() };
        let Some(items) = written.as_array() else {
            self.problem(part.field(member), format!("{} is no list", quoted(written)), key);
            return Vec::new();
        };
        if items.len() > MOST_TEXTS {
            let problem = format!("lists {} values; at most {MOST_TEXTS} are allowed", items.len());
            self.problem(part.field(member), problem, key);
            return Vec::new();
        }
        let mut texts: Vec<String> = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            match item.as_str().filter(|text| !text.is_empty()) {
                Some(text) if texts.iter().any(|known| known == text) => {}
                Some(text) => texts.push(text.to_owned()),
                None => {
                    let field = format!("{}[{at}]", part.field(member));
                    self.problem(field, format!("{} is no text", quoted(item)), key);
                }
            }
        }
        texts
    }

    /// The keys of a placement spec among the annotations of an object, added to `spec`, which overrules them.
    pub(super) fn annotations(
        &mut self,
        annotations: Option<&BTreeMap<String, String>>,
        mut spec: BTreeMap<&'static str, String>,
    ) -> Labels {
        let is_chosen = keys::NODE_CHOICE.iter().any(|key| spec.contains_key(key));
        for (name, value) in annotations.into_iter().flatten().filter(|(name, _)| name.starts_with(keys::PREFIX)) {
            let field = || format!("metadata.annotations[{name}]");
            let Some(key) = keys::PLACEMENT_SPEC.into_iter().find(|key| key == name) else {
                self.problem(field(), NO_EFFECT, None);
                continue;
            };
            if spec.contains_key(key) || is_chosen && keys::NODE_CHOICE.contains(&key) {
                self.problem(field(), "does not count: spec.placement says where the PE goes", None);
            } else if OversizedValue::is_oversized(value) {
                let problem =
                    format!("lists {} values in {} bytes, which is too large", value.split(',').count(), value.len());
                self.problem(field(), problem, Some(key));
            } else {
                spec.insert(key, value.trim().to_owned());
            }
        }
        spec.into_iter().collect()
    }

    /// Reports keys among the annotations of an object that declares no placement spec.
    pub(super) fn annotations_without_effect(&mut self, annotations: Option<&BTreeMap<String, String>>) {
        for name in
            annotations.into_iter().flatten().map(|(name, _)| name).filter(|name| name.starts_with(keys::PREFIX))
        {
            self.problem(format!("metadata.annotations[{name}]"), NO_EFFECT, None);
        }
    }
}

impl<'a> Part<'a> {
    pub(super) fn get(self, member: &str) -> Option<&'a Value> {
        self.members.get(member).filter(|value| !value.is_null())
    }

    /// The members as amounts by name. An amount may be written as a number.
    pub(super) fn amounts(self) -> Labels {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.members.iter().take(MOST_TEXTS).map(|(name, value)| (name, text(value))).collect()
    }

    pub(super) fn field(self, member: &str) -> String {
        format!("{}.{member}", self.path)
    }
}

/// A text as one part of a list: characters that end or trim a part are escaped, such as `%2C`. Different texts stay
/// different.
pub(super) fn in_list(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | ',') || character.is_whitespace() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                let _written = write!(part, "%{byte:02X}");
            }
        } else {
            part.push(character);
        }
    }
    part
}

fn quoted(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(MOST_QUOTED).collect();
    if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
}
