//! The version of a `StreamJob`, as admission notes it on a pod.

use std::fmt;
use std::sync::Arc;

use super::ResourceVersion;

/// The version of a `StreamJob`: as text, the value of the annotation `outrigger.dev/stream-job`.
///
/// Admission notes on a pod the version that governs it. The extender places the pod once its watch has shown every
/// `StreamJob` up to this version. So a watch that is behind cannot hide a `StreamJob` that is older than its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamJobVersion {
    /// The UID of the object.
    pub uid: Arc<str>,
    /// The generation of the spec, from 1.
    pub generation: i64,
    /// The version of the object.
    pub resource_version: ResourceVersion,
}

const UID: &str = "uid=";
const GENERATION: &str = "generation=";
const RESOURCE_VERSION: &str = "resourceVersion=";

impl StreamJobVersion {
    /// Parses the annotation. `None` for a text that Outrigger has not written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let mut part = |key| parts.next()?.strip_prefix(key);
        let (uid, generation, version) = (part(UID)?, part(GENERATION)?, part(RESOURCE_VERSION)?);
        let resource_version = ResourceVersion::parse(version)?;
        Some(Self { uid: Arc::from(uid), generation: generation.parse().ok()?, resource_version })
    }
}

impl fmt::Display for StreamJobVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uid, generation, resource_version } = self;
        write!(f, "{UID}{uid},{GENERATION}{generation},{RESOURCE_VERSION}{resource_version}")
    }
}
