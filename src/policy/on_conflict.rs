//! What happens to a pod whose placement spec is invalid.

use serde::Deserialize;

/// What happens to a pod whose placement spec contradicts itself (`docs/placement.md`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum OnConflict {
    /// The pod is created with a warning, and rejected at placement.
    #[default]
    Warn,
    /// The pod is rejected at admission.
    Deny,
}
