//! Tests of admission as a whole; each rule's own tests stand in the file of its name.

mod bytes;
mod golden;
mod properties;
pub(super) mod support;
