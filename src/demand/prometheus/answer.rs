//! An answer of the query API to series.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::demand::source::{FailureKind, SourceError};

/// What an answer may hold. More is refused before anything is parsed, so that memory stays bounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerLimits {
    pub(super) bytes: usize,
    pub(super) series: usize,
    /// Values of all series together.
    pub(super) samples: usize,
}

/// One series of an answer.
#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Series {
    pub(super) metric: SeriesLabels,
    /// The value of an instant query.
    #[serde(default)]
    value: Option<Sample>,
    /// The values of a range query.
    #[serde(default)]
    values: Vec<Sample>,
}

impl Series {
    /// The values, in the order of time.
    pub(super) fn samples(&self) -> impl Iterator<Item = Sample> {
        self.value.into_iter().chain(self.values.iter().copied())
    }
}

/// A value at a time.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(super) struct Sample(
    /// Seconds since the Unix epoch.
    pub(super) f64,
    SampleValue,
);

impl Sample {
    pub(super) fn value(self) -> f64 {
        self.1.0
    }
}

/// A value, which the API writes as a text.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SampleValue(f64);

/// The labels that tell series apart. All others are skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SeriesLabels {
    pub(super) namespace: Option<Box<str>>,
    pub(super) pod: Option<Box<str>>,
    pub(super) node: Option<Box<str>>,
    pub(super) instance: Option<Box<str>>,
    pub(super) stream_job: Option<Box<str>>,
    pub(super) stream_pe: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

/// The series of an answer.
pub(super) fn parse(bytes: &[u8], limits: AnswerLimits) -> Result<Vec<Series>, SourceError> {
    let too_many = |what: &str, most: usize| {
        Err(SourceError::new(FailureKind::TooLarge, format_args!("the answer has more than {most} {what}")))
    };
    // Each series is an object within the answer and its data, and has an object of labels.
    if memchr::memchr_iter(b'{', bytes).nth(limits.series.saturating_mul(2).saturating_add(3)).is_some() {
        return too_many("series", limits.series);
    }
    // Each value is a list; the values of a series are one more.
    if memchr::memchr_iter(b'[', bytes).nth(limits.samples.saturating_add(limits.series).saturating_add(2)).is_some() {
        return too_many("values", limits.samples);
    }
    let malformed = |problem: &dyn fmt::Display| {
        SourceError::new(FailureKind::Malformed, format_args!("the answer is not one of the query API: {problem}"))
    };
    let Answer { status, data, error } = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    if status != "success" {
        let error = error.unwrap_or_else(|| format!("its status is `{status}`"));
        return Err(SourceError::new(FailureKind::Status, error));
    }
    Ok(data.ok_or_else(|| malformed(&"it has no data"))?.result)
}

/// The error in an answer without success.
pub(super) fn parse_error(bytes: &[u8]) -> String {
    let answer: Option<Answer> = serde_json::from_slice(bytes).ok();
    answer.and_then(|answer| answer.error).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

impl<'de> Deserialize<'de> for SampleValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = SampleValue;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number in quotes")
            }

            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<SampleValue, E> {
                v.parse().map(SampleValue).map_err(|_no_number| E::custom("a value is not a number in quotes"))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The longest name of an object in Kubernetes. What is longer names none.
const LONGEST_NAME_BYTES: usize = 253;

impl<'de> Deserialize<'de> for SeriesLabels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Known;
        impl<'de> Visitor<'de> for Known {
            type Value = SeriesLabels;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the labels of a series")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SeriesLabels, A::Error> {
                let mut labels = SeriesLabels::default();
                while let Some(key) = map.next_key::<LabelKey>()? {
                    match labels.place(key) {
                        Some(place) => *place = name(map.next_value()?),
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(labels)
            }
        }
        deserializer.deserialize_map(Known)
    }
}

/// A name that an object can have.
fn name(value: Box<str>) -> Option<Box<str>> {
    Some(value).filter(|value| (1..=LONGEST_NAME_BYTES).contains(&value.len()))
}

impl SeriesLabels {
    /// The label of a key; `None` where the label does not count.
    fn place(&mut self, key: LabelKey) -> Option<&mut Option<Box<str>>> {
        match key {
            LabelKey::Namespace => Some(&mut self.namespace),
            LabelKey::Pod => Some(&mut self.pod),
            LabelKey::Node => Some(&mut self.node),
            LabelKey::Instance => Some(&mut self.instance),
            LabelKey::StreamJob => Some(&mut self.stream_job),
            LabelKey::StreamPe => Some(&mut self.stream_pe),
            LabelKey::Other => None,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum LabelKey {
    Namespace,
    Pod,
    Node,
    Instance,
    StreamJob,
    StreamPe,
    #[serde(other)]
    Other,
}

#[cfg(test)]
#[path = "tests/answer.rs"]
mod tests;
