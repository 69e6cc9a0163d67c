//! Policies: which pods are PEs, what they are injected with, and how they are placed.
//!
//! `raw` mirrors a `StreamPolicy` document as it is written; [`StreamPolicy`] is what it means, with only valid
//! states. [`PolicySet`] says which one policy governs a pod, and [`PolicySet::pe`] reads the PE out of it.

mod dialect;
mod load_protection;
mod pe;
mod raw;
mod resolve;
mod selector;
mod set;
mod spec;

pub use dialect::{Dialect, Identity};
pub use resolve::{OnConflict, Placement, Sidecar, Sizing, StreamPolicy};
pub use selector::{Requirement, Selector};
pub use set::{PolicySet, Source};
pub use spec::EffectiveValue;
