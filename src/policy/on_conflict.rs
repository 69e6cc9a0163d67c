//! Pods whose wishes contradict each other.

use serde::Deserialize;

/// What happens to a pod whose wishes contradict each other (`docs/placement.md`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum OnConflict {
    /// It is created with a warning, and refused at placement.
    #[default]
    Warn,
    /// It is refused at admission.
    Deny,
}
