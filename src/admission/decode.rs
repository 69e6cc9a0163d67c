//! From the bytes of an `AdmissionReview` to its request.
//!
//! The envelope is parsed once and borrows the object as raw text. A scan reads the labels out of that text. The object
//! is parsed, once, only if a policy governs a pod with these labels: see `raw_pod`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use serde_json::value::RawValue;

use super::answer::ReviewedObject;
use super::error::DecodeError;
use crate::model::Labels;

/// The request of a review that can be answered.
pub(super) struct Request<'a> {
    pub(super) object: ReviewedObject,
    /// True if nothing will be stored.
    pub(super) is_dry_run: bool,
    /// The pod, if the request is to create one.
    pub(super) pod: Option<&'a RawValue>,
    /// The job, if the request is to create or update a `StreamJob`.
    pub(super) stream_job: Option<StreamJobWrite<'a>>,
}

/// A `StreamJob` that is about to be stored.
#[derive(Clone, Copy)]
pub(super) struct StreamJobWrite<'a> {
    pub(super) object: &'a RawValue,
    /// The stored object that `object` replaces.
    pub(super) old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestEnvelope<'a> {
    api_version: Option<String>,
    kind: Option<String>,
    #[serde(borrow)]
    request: Option<AdmissionRequest<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionRequest<'a> {
    uid: Option<String>,
    resource: Option<Resource>,
    sub_resource: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    operation: Option<String>,
    dry_run: Option<bool>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Resource {
    group: Option<String>,
    version: Option<String>,
    #[serde(rename = "resource")]
    plural: Option<String>,
}

impl AdmissionRequest<'_> {
    fn creates_a_pod(&self) -> bool {
        self.is_to(&["CREATE"]) && self.is_of("", "pods") && self.is_of_version("v1")
    }

    /// Holds for every version of the kind: an object that cannot be read is allowed.
    fn writes_a_stream_job(&self) -> bool {
        self.is_to(&["CREATE", "UPDATE"]) && self.is_of("outrigger.dev", "streamjobs")
    }

    /// True if the operation is one of these, on the object itself and not on a subresource.
    fn is_to(&self, operations: &[&str]) -> bool {
        self.sub_resource.as_deref().unwrap_or_default().is_empty()
            && operations.contains(&self.operation.as_deref().unwrap_or_default())
    }

    fn is_of(&self, group: &str, plural: &str) -> bool {
        self.resource.as_ref().is_some_and(|resource| {
            resource.group.as_deref().unwrap_or_default() == group && resource.plural.as_deref() == Some(plural)
        })
    }

    fn is_of_version(&self, version: &str) -> bool {
        self.resource.as_ref().is_some_and(|resource| resource.version.as_deref() == Some(version))
    }
}

/// Parses the envelope.
pub(super) fn request(body: &[u8]) -> Result<Request<'_>, DecodeError> {
    let envelope: RequestEnvelope<'_> = serde_json::from_slice(body).map_err(|error| DecodeError::envelope(&error))?;
    let (api_version, kind) = (envelope.api_version.unwrap_or_default(), envelope.kind.unwrap_or_default());
    if api_version != "admission.k8s.io/v1" || kind != "AdmissionReview" {
        return Err(DecodeError::version(&api_version, &kind));
    }
    let request = envelope.request.ok_or(DecodeError::NoRequest)?;
    let pod = request.object.filter(|_| request.creates_a_pod());
    let stream_job = request
        .object
        .filter(|_| request.writes_a_stream_job())
        .map(|object| StreamJobWrite { object, old_object: request.old_object });
    let review_uid = request.uid.filter(|uid| !uid.is_empty()).ok_or(DecodeError::NoUid)?;
    let object = ReviewedObject {
        review_uid,
        namespace: request.namespace.unwrap_or_default(),
        name: request.name.unwrap_or_default(),
    };
    Ok(Request { object, is_dry_run: request.dry_run.unwrap_or(false), pod, stream_job })
}

/// The labels and names of a pod.
pub(super) struct PodMeta {
    pub(super) labels: Labels,
    namespace: String,
    name: String,
}

/// Reads the member `metadata` of an object, and nothing after it: the rest, most of a pod, stays unread.
struct MetadataVisitor<'m>(&'m mut Option<LabelledMetadata>);

impl<'de> Visitor<'de> for MetadataVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if name == "metadata" {
                *self.0 = Some(map.next_value::<Option<LabelledMetadata>>()?.unwrap_or_default());
                // An error is the only way to leave an object early.
                return Err(A::Error::custom("the rest is not read"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LabelledMetadata {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

/// Scans a pod for its labels and names, without building any other value.
pub(super) fn pod_meta(object: &RawValue) -> Result<PodMeta, DecodeError> {
    let mut metadata = None;
    let read = serde_json::Deserializer::from_str(object.get()).deserialize_map(MetadataVisitor(&mut metadata));
    let metadata = match (metadata, read) {
        (Some(metadata), _) => metadata,
        (None, Ok(())) => LabelledMetadata::default(),
        (None, Err(error)) => return Err(DecodeError::object(&error)),
    };
    let name = metadata.name.filter(|name| !name.is_empty()).or(metadata.generate_name);
    Ok(PodMeta {
        labels: metadata.labels.iter().flatten().collect(),
        namespace: metadata.namespace.unwrap_or_default(),
        name: name.unwrap_or_default(),
    })
}

impl PodMeta {
    /// Fills in the namespace and the name if the request has none. The namespace of the request overrides the pod's.
    pub(super) fn complete(&self, mut object: ReviewedObject) -> ReviewedObject {
        if object.namespace.is_empty() {
            object.namespace.clone_from(&self.namespace);
        }
        if object.name.is_empty() {
            object.name.clone_from(&self.name);
        }
        object
    }
}

#[cfg(test)]
#[path = "tests/decode.rs"]
mod tests;
