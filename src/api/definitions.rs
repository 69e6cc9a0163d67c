//! The definitions of the custom resources.

use kube_core::CustomResourceExt as _;

use super::{HostPool, StreamJob};

/// The definitions of all custom resources as YAML documents: what `deploy/crds` holds.
///
/// # Errors
/// Never in a build whose tests passed: a schema that cannot be written.
pub fn definitions() -> Result<String, serde_saphyr::ser::Error> {
    serde_saphyr::to_string_multiple(&[HostPool::crd(), StreamJob::crd()])
}
