//! Tests of admission as a whole; each rule's own tests stand in the file of its name.

mod bytes;
mod golden;
mod properties;
mod sizing_by_demand;
mod sizing_in_namespace;
pub(super) mod support;
