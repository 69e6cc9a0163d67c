//! Look-ahead for exlocation: the nodes that a PE must leave to other pending PEs.

pub(super) mod look_ahead;
pub(super) mod matching;
