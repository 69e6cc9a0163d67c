//! The placement spec of a PE, read from every source that may declare a part of it (`docs/placement.md`).
//!
//! | file | holds |
//! |---|---|
//! | `source` | the sources of a spec: a `StreamJob`, a `ProcessingElement`, a `Job`, the pod |
//! | `precedence` | which source's value of a key is effective, and which values are overruled |
//! | `parse` | the text of a value to what it means |
//! | `resolve` | all effective values to a `PlacementSpec` |

mod parse;
mod precedence;
mod resolve;
mod source;

pub(crate) use precedence::EffectiveValue;
pub(super) use resolve::resolve;
pub(super) use source::SpecSources;
