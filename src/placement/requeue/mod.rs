//! Finds rejected PEs to requeue after an overload ends, a placement spec or a pool changes, a
//! gang completes, or nodes are released.
//! kube-scheduler sees none of these changes.

pub(super) mod gang_complete;
pub(super) mod nodes_released;
pub(super) mod overload_cleared;
pub(super) mod placeable;
pub(super) mod spec_changed;
mod urgency;
