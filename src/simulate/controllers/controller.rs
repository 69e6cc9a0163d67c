//! A controller of pods, as an object states it.

use serde_json::Value;

/// The largest number of pods of one controller.
const MOST_PODS: u64 = 100_000;

/// A kind of controller whose pods are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerKind {
    /// `Deployment` of group `apps`: its `ReplicaSet`s create the pods.
    Deployment,
    /// `ReplicaSet` of group `apps`, or `ReplicationController`.
    ReplicaSet,
    /// `StatefulSet` of group `apps`: pods have numbers.
    StatefulSet,
    /// `Job` of group `batch`: pods end.
    Job,
}

impl ControllerKind {
    /// The kind of an object; `None` for an object that creates no pods, and for kinds of other groups. An object without
    /// a group counts by its kind.
    #[must_use]
    pub fn of(group: Option<&str>, kind: &str) -> Option<Self> {
        let is_of = |own: &str| group.is_none_or(|group| group == own);
        Some(match kind {
            "Deployment" if is_of("apps") => Self::Deployment,
            "ReplicaSet" if is_of("apps") => Self::ReplicaSet,
            "ReplicationController" if is_of("") => Self::ReplicaSet,
            "StatefulSet" if is_of("apps") => Self::StatefulSet,
            "Job" if is_of("batch") => Self::Job,
            _ => return None,
        })
    }
}

/// A controller in the input.
#[derive(Clone, Copy, Debug)]
pub struct Controller<'v> {
    /// The kind.
    pub kind: ControllerKind,
    /// The object, with name and namespace.
    pub object: &'v Value,
}

/// A field of a controller that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidField {
    /// The path of the field.
    pub field: String,
    /// What is wrong and how to correct it.
    pub problem: String,
}

impl<'v> Controller<'v> {
    /// A text of the metadata; empty where there is none.
    pub(super) fn metadata(self, member: &str) -> &'v str {
        self.object.pointer("/metadata").and_then(|metadata| metadata.get(member)?.as_str()).unwrap_or_default()
    }

    /// The kind as it is written.
    pub(super) fn kind_text(self) -> &'v str {
        self.object.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of pods in the spec; `None` where it is not written.
    pub(super) fn count(self, member: &str) -> Result<Option<u64>, InvalidField> {
        let Some(written) = self.object.pointer("/spec").and_then(|spec| spec.get(member)) else { return Ok(None) };
        let count = written.as_u64().filter(|count| *count <= MOST_PODS);
        count.map(Some).ok_or_else(|| InvalidField {
            field: format!("spec.{member}"),
            problem: format!("{written} is not a number from 0 to {MOST_PODS}"),
        })
    }

    /// A value in the object.
    pub(super) fn at(self, pointer: &str) -> Option<&'v Value> {
        self.object.pointer(pointer)
    }

    /// True where the object controls `other`, by the owner reference of that.
    pub(super) fn controls(self, other: &Value) -> bool {
        let Some(owner) = controlling_owner(other) else { return false };
        let is = |member: &str, own: &str| owner.get(member).and_then(Value::as_str) == Some(own);
        let uid = self.metadata("uid");
        is("kind", self.kind_text())
            && is("name", self.metadata("name"))
            && namespace(other) == self.metadata("namespace")
            && (uid.is_empty() || owner.get("uid").is_none() || is("uid", uid))
    }

    /// True where the selector of the object takes `pod`. A selector with expressions takes none.
    pub(super) fn selects(self, pod: &Value) -> bool {
        let selector = match self.at("/spec/selector/matchLabels") {
            Some(labels) if self.at("/spec/selector/matchExpressions").is_none() => labels,
            None if self.kind_text() == "ReplicationController" => self.at("/spec/selector").unwrap_or(&Value::Null),
            _ => return false,
        };
        let labels = pod.pointer("/metadata/labels");
        let is_on_pod = |(key, value): (&String, &Value)| labels.and_then(|labels| labels.get(key)) == Some(value);
        namespace(pod) == self.metadata("namespace")
            && selector.as_object().is_some_and(|wanted| !wanted.is_empty() && wanted.iter().all(is_on_pod))
    }
}

/// The owner reference of the controller of an object.
pub(super) fn controlling_owner(object: &Value) -> Option<&Value> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    owners.iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)))
}

pub(super) fn namespace(object: &Value) -> &str {
    object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn name(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}
