//! A pod as raw JSON, without the members that no rule reads or writes.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::error::DecodeError;

/// A member that is not read as it is.
enum Member {
    /// The member is left out: no rule reads or writes it.
    LeftOut,
    /// These members of the object, or of each object in the list, are not read as they are.
    Within(&'static [(&'static str, Self)]),
}

/// Most values of a pod are in its managed fields and its environment variables.
const POD: &[(&str, Member)] = &[
    ("metadata", Member::Within(&[("managedFields", Member::LeftOut)])),
    (
        "spec",
        Member::Within(&[("containers", Member::Within(CONTAINER)), ("initContainers", Member::Within(CONTAINER))]),
    ),
    ("status", Member::LeftOut),
];
const CONTAINER: &[(&str, Member)] = &[("env", Member::LeftOut)];

/// Builds a value without the members that are left out.
#[derive(Clone, Copy)]
struct Members(&'static [(&'static str, Member)]);

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list of objects")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = match self.0.iter().find(|(known, _)| *known == name) {
                None => map.next_value()?,
                Some((_, Member::Within(inner))) => map.next_value_seed(Self(inner))?,
                Some((_, Member::LeftOut)) => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(self)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }
}

/// Parses a pod, including fields that are unknown here, without `status`, `metadata.managedFields` and the `env` of
/// containers. A patch never touches these, so that a patch that applies without them applies with them.
pub(super) fn parse(object: &RawValue) -> Result<Value, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(object.get());
    Members(POD).deserialize(&mut deserializer).map_err(|error| DecodeError::object(&error))
}

#[cfg(test)]
#[path = "tests/raw_pod.rs"]
mod tests;
