//! bind: verify again, commit, and only then write.
//!
//! Filter and prioritize were advice. Here every hard constraint is checked against what is true and what we have
//! committed to, under the lock of the cluster, and the commitment counts before the API server hears of it (law 1).

use std::sync::Arc;

use jiff::Timestamp;

use super::attempt::Attempt;
use super::decode::BindingArguments;
use super::encode;
use super::fence::pods_to_fence;
use super::record::Record;
use crate::model::{NodeName, Pe, PodKey, Rejection};
use crate::placement::{Decision, Foresight, GangPlan, gang_at_bind};
use crate::state::{Cluster, NodeIndex, Snapshot};

/// A commitment: counted from now on, and to be written as a Binding.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingBinding {
    /// The pod.
    pub pod: PodKey,
    /// The version of the pod that was judged: a precondition of the Binding, like its UID (D17).
    pub resource_version: Box<str>,
    /// The node.
    pub node: NodeName,
    /// The account of the placement; `None` for a pod of no policy.
    pub record: Option<Record>,
}

/// Why a pod is not bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No such pod, or another one of its name.
    #[error("pod {0} with this UID is not known, or is gone")]
    UnknownPod(String),
    /// It runs already, on another node.
    #[error("pod runs on {0} already")]
    Elsewhere(NodeName),
    /// The cluster has not been listed in full.
    #[error("StaleState: nodes, pods, pools and jobs have not been listed yet; the pod is tried again")]
    NotListed,
    /// A hard constraint does not hold any more.
    #[error("{0}")]
    Rejected(Rejection),
}

/// What verification found.
#[derive(Clone, Debug, PartialEq)]
pub enum Verified {
    /// Committed: write the Binding.
    Assumed(Box<PendingBinding>),
    /// Nothing is committed: a Binding that could break a rule together with this one may be on its way. These pods
    /// have to be marked first.
    Unsettled(Vec<PodKey>),
    /// The pod is on that node already: an earlier request succeeded after its caller gave up.
    Already,
}

/// What a bind goes on with.
#[derive(Clone, Copy, Debug)]
pub struct BindingCycle<'a> {
    /// What filter and prioritize found; `None` where this process did not answer them.
    pub attempt: Option<&'a Attempt>,
    /// A plan of the PE's gang that was made outside every lock, where the attempt holds none.
    pub gang_plan: Option<&'a Arc<GangPlan>>,
    /// The time.
    pub now: Timestamp,
}

/// The decision about a PE at bind: filter's own where the snapshot is still the same, else one that asks a bounded
/// question about the gang.
fn decide<'a>(pe: &Arc<Pe>, node: NodeIndex, snapshot: &'a Snapshot, cycle: BindingCycle<'_>) -> Decision<'a> {
    let gang_plan = cycle.attempt.and_then(Attempt::gang_plan).or(cycle.gang_plan);
    let looked_up = cycle.attempt.and_then(|attempt| attempt.looked_up.as_ref());
    // A PE of a gang may be bound to another node than the planned one, which filter did not look at.
    let resumed = looked_up.and_then(|looked_up| looked_up.resume(pe, snapshot));
    let resumed = resumed.filter(|decision| gang_plan.is_none() || decision.filter(node).is_ok());
    resumed.unwrap_or_else(|| {
        let gang = gang_at_bind(pe, node, gang_plan, snapshot);
        Decision::new(pe, snapshot, Foresight::Gang(gang))
    })
}

/// Checks every hard constraint against the cluster as it is, and commits.
///
/// # Errors
/// [`BindError`]; nothing is committed then.
pub fn verify_and_assume(
    cluster: &mut Cluster,
    arguments: &BindingArguments,
    cycle: BindingCycle<'_>,
) -> Result<Verified, BindError> {
    let unknown = || BindError::UnknownPod(format!("{}/{}", arguments.namespace, arguments.name));
    let (pod, pe) = cluster.pod(arguments.uid.as_str()).ok_or_else(unknown)?;
    match &pod.node {
        Some(node) if *node == arguments.node => return Ok(Verified::Already),
        Some(node) => return Err(BindError::Elsewhere(node.clone())),
        None => {}
    }
    let snapshot = cluster.snapshot();
    if !snapshot.is_complete() {
        // Right after a start: what we do not know of yet would be taken for not there.
        return Err(BindError::NotListed);
    }
    // Our own earlier commitment for the same pod counts among these: its Binding may still land.
    let unsettled = pods_to_fence(cluster, arguments.uid.as_str());
    if !unsettled.is_empty() {
        return Ok(Verified::Unsettled(unsettled));
    }
    let record = match pe {
        None => None,
        Some(pe) => {
            let index = snapshot.find(arguments.node.as_str()).ok_or(BindError::Rejected(Rejection::NodeUnknown))?;
            let decision = decide(pe, index, snapshot, cycle);
            decision.filter(index).map_err(BindError::Rejected)?;
            Record::new(&decision, index, snapshot, cycle.attempt, cycle.now)
        }
    };
    let binding = PendingBinding {
        pod: pod.key.clone(),
        resource_version: pod.resource_version.clone(),
        node: arguments.node.clone(),
        record,
    };
    cluster.assume(&arguments.uid, &arguments.node).map_err(|_unknown| unknown())?;
    Ok(Verified::Assumed(Box::new(binding)))
}

/// The answer of bind.
#[must_use]
pub fn answer(problem: Option<&str>) -> Vec<u8> {
    encode::binding_result(problem)
}
