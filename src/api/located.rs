//! Values of a document with the position of each part, for checks that name the part that is wrong.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::document::Position;

/// A value with its position in the file.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    /// Where the value stands.
    pub(crate) position: Position,
    /// The value.
    pub(crate) content: Content,
}

/// What stands at a position.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Nothing: `null`, or no value behind a colon.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Located>),
    /// An object, in the order in which it is written.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The name.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) position: Position,
    /// The value.
    pub(crate) value: Located,
}

impl Located {
    /// The member of this name. A member without a value is missing, as in every Kubernetes object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let member = self.members().iter().find(|member| member.name == name)?;
        (!member.value.is_null()).then_some(&member.value)
    }

    /// The members of an object; none of any other value.
    pub(crate) fn members(&self) -> &[Member] {
        match &self.content {
            Content::Object(members) => members,
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::Text(_) | Content::List(_) => &[],
        }
    }

    /// The elements of a list; none of any other value.
    pub(crate) fn elements(&self) -> &[Self] {
        match &self.content {
            Content::List(elements) => elements,
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::Text(_) | Content::Object(_) => &[],
        }
    }

    /// The text, where the value is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::List(_) | Content::Object(_) => None,
        }
    }

    /// A text or a number as text: people write quantities either way.
    pub(crate) fn spelled(&self) -> String {
        match &self.content {
            Content::Number(number) => number.to_string(),
            Content::Text(text) => text.clone(),
            Content::Null | Content::Flag(_) | Content::List(_) | Content::Object(_) => String::new(),
        }
    }

    /// The text of a member; `None` where there is none, or an empty one.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text().filter(|text| !text.is_empty())
    }

    /// The flag of a member.
    pub(crate) fn flag_of(&self, name: &str) -> Option<bool> {
        match self.get(name)?.content {
            Content::Flag(flag) => Some(flag),
            Content::Null | Content::Number(_) | Content::Text(_) | Content::List(_) | Content::Object(_) => None,
        }
    }

    /// The whole number of a member.
    pub(crate) fn integer_of(&self, name: &str) -> Option<i64> {
        match &self.get(name)?.content {
            Content::Number(number) => number.as_i64(),
            Content::Null | Content::Flag(_) | Content::Text(_) | Content::List(_) | Content::Object(_) => None,
        }
    }

    /// True where nothing stands.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// The value without positions, and without members that have no value.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Flag(flag) => Value::Bool(*flag),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(elements) => Value::Array(elements.iter().map(Self::to_json).collect()),
            Content::Object(members) => {
                let written = members.iter().filter(|member| !member.value.is_null());
                Value::Object(
                    written.map(|member| (member.name.clone(), member.value.to_json())).collect::<Map<_, _>>(),
                )
            }
        }
    }

    /// The value in the words of its author, for errors.
    pub(crate) fn described(&self) -> String {
        match &self.content {
            Content::Null => "nothing".to_owned(),
            Content::Flag(flag) => format!("`{flag}`"),
            Content::Number(number) => format!("the number `{number}`"),
            Content::Text(text) => format!("the text `{text}`"),
            Content::List(_) => "a list".to_owned(),
            Content::Object(_) => "an object".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned: Spanned<Content> = Spanned::deserialize(deserializer)?;
        Ok(Self { position: (&spanned).into(), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Content, E> {
        Ok(Content::Flag(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Content, E> {
        Ok(Content::Number(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Content, E> {
        Ok(Content::Number(v.into()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Content, E> {
        // JSON has no infinity.
        Ok(Number::from_f64(v).map_or_else(|| Content::Text(v.to_string()), Content::Number))
    }

    fn visit_str<E>(self, v: &str) -> Result<Content, E> {
        Ok(Content::Text(v.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Content::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Spanned<String>, Located>()? {
            members.push(Member { position: (&name).into(), name: name.value, value });
        }
        Ok(Content::Object(members))
    }
}

#[cfg(test)]
#[path = "tests/located.rs"]
mod tests;
