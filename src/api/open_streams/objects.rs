//! The kinds of the group.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_core::{NamespaceResourceScope, Resource};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Namespace, ObjectId, OpenStreams};

/// The version of the group that is watched.
pub(crate) const VERSION: &str = "v1";

/// An object without a name or a namespace, which no API server stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("metadata.name and metadata.namespace are required")]
pub struct Unnamed;

macro_rules! objects {
    ($($(#[$doc:meta])* $name:ident $plural:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Serialize)]
        pub struct $name {
            #[serde(deserialize_with = "crate::api::metadata::read")]
            pub(super) metadata: ObjectMeta,
            #[serde(default)]
            pub(super) spec: Value,
        }

        impl Resource for $name {
            type DynamicType = ();
            type Scope = NamespaceResourceScope;

            fn kind((): &()) -> Cow<'_, str> {
                Cow::Borrowed(stringify!($name))
            }
            fn group((): &()) -> Cow<'_, str> {
                Cow::Borrowed(OpenStreams::GROUP)
            }
            fn version((): &()) -> Cow<'_, str> {
                Cow::Borrowed(VERSION)
            }
            fn plural((): &()) -> Cow<'_, str> {
                Cow::Borrowed($plural)
            }
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    )*};
}

objects! {
    /// A processing element, with the placement that its fused operators ask for.
    ProcessingElement "streamspes";
    /// A host pool of a job.
    HostPool "streamshostpools";
    /// A job, as its user submits it.
    Job "streamsjobs";
    /// A part of a job that runs in several channels.
    ParallelRegion "streamsprs";
}

/// The job of an object: by its label, else by its name, `<job>-<number>`.
pub(super) fn job_of(metadata: &ObjectMeta) -> Option<&str> {
    let labelled = metadata.labels.as_ref().and_then(|labels| labels.get("streams.ibm.com/job"));
    labelled.map(String::as_str).or_else(|| Some(metadata.name.as_deref()?.rsplit_once('-')?.0))
}

/// The identity of an object.
pub(super) fn id(metadata: &ObjectMeta) -> Result<ObjectId, Unnamed> {
    match (&metadata.namespace, &metadata.name) {
        (Some(namespace), Some(name)) => Ok(ObjectId::new(&Namespace::from(namespace), name)),
        _ => Err(Unnamed),
    }
}
