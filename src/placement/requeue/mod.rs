//! Which rejected PEs have to be tried again after a change that kube-scheduler does not see: an overload ends, a placement
//! spec or a pool changes, a gang completes.

pub(super) mod gang_complete;
pub(super) mod overload_cleared;
pub(super) mod placeable;
pub(super) mod spec_changed;
mod urgency;
