//! What a decision depends on besides the reviewed object.

use super::known_demand::KnownDemand;
use crate::model::{Declarations, Pools, ResourceConstraints};
use crate::policy::PolicySet;

/// The state that a decision depends on besides the reviewed object.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The policies: which pods are PEs, and how these pods are prepared.
    pub policies: &'a PolicySet,
    /// The host pools. The tags of a pool become node affinity.
    pub pools: &'a Pools,
    /// The declarations of jobs and PEs in objects. A declaration overrides the annotations and labels of a pod.
    pub declared: &'a Declarations,
    /// What limit ranges and quotas demand of the requests and limits of pods.
    pub constraints: &'a ResourceConstraints,
    /// What is known of the use of PEs. Requests may follow from it.
    pub demand: KnownDemand<'a>,
}
