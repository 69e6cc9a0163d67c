//! Where PEs go, with the real kube-scheduler asking.
//!
//! | file | what must hold |
//! |---|---|
//! | [`pools`] | tags are conjunctive; exclusive pools and isolation hold both ways |
//! | [`colocation`] | buckets close over PEs that wait, whatever the order; a bridge that comes too late is refused |
//! | [`exlocation`] | never two of a group on one node; the record is on the pod as soon as its node is |
//! | [`burst`] | of many PEs that wait at once each is decided before the last one is bound, and no bind is turned away |
//! | [`choice`] | kube-scheduler takes the node that filter names, and scores where a pod has a preference |
//! | [`cycle`] | a measurement: the cycle of kube-scheduler at 5,000 nodes |
//! | [`gang`] | gangs are placed together or not at all; one of all waits until nobody comes any more |
//! | [`owner`] | pods whose owner is gone count for no rule; those that were left to themselves do |
//! | [`load`] | nodes that are too busy take no PE; who waited for them is placed soon after the load falls |
//! | [`preemption`] | nobody is evicted on a node where the PE could not go afterwards |
//! | [`volumes`] | PEs go where their volumes are; simulate says the same |
//! | [`rejection`] | users read our reason codes, the same at every attempt |
//! | [`pe`] | support: a PE as a user writes it, and what became of it |
//! | [`history`] | support: everything that happened to pods, seen by one watch |

mod burst;
mod choice;
mod colocation;
mod cycle;
mod exlocation;
mod gang;
pub(crate) mod history;
mod load;
mod owner;
pub(crate) mod pe;
mod pools;
mod preemption;
mod rejection;
mod volumes;
