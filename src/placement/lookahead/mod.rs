//! What a PE must leave to other pending PEs: look-ahead for exlocation.

pub(super) mod look_ahead;
pub(super) mod matching;
