//! bind: verifies the placement again, and assumes the pod before the Binding is written.
//!
//! Filter and prioritize are advice. Bind checks every hard constraint against the watched state and the assumed pods,
//! under the lock of the cluster. The pod is assumed before the API server gets the Binding (law 1).

use std::sync::Arc;

use jiff::Timestamp;

use super::attempt::Attempt;
use super::decode::BindingArguments;
use super::encode;
use super::fence::pods_to_fence;
use super::record::Record;
use crate::model::{NodeName, Pe, PodKey, PodUid, Rejection};
use crate::placement::{
    Foresight, GangPlan, PlacementDecision, TooDear, check_work_budget, gang_at_bind, reserved_room_rejection,
    rest_of_group,
};
use crate::state::{Cluster, NodeIndex, Snapshot};

/// A Binding to write for an assumed pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingBinding {
    /// The pod.
    pub pod: PodKey,
    /// The version of the pod that was verified: a precondition of the Binding, like the UID (D17).
    pub resource_version: Box<str>,
    /// The node.
    pub node: NodeName,
    /// The record of the placement; `None` for a pod that is no PE.
    pub record: Option<Record>,
}

/// Why a pod is not bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerificationError {
    /// The cluster has no pod with this UID.
    #[error("pod {0} with this UID is not known, or is gone")]
    UnknownPod(String),
    /// The pod is already bound to another node.
    #[error("pod runs on {0} already")]
    Elsewhere(NodeName),
    /// The watches have not listed all kinds yet.
    #[error("StaleState: nodes, pods, pools and jobs have not been listed yet; the pod is tried again")]
    NotListed,
    /// The decision would cost more than one request may.
    #[error(transparent)]
    TooDear(#[from] TooDear),
    /// The pod belongs to another scheduler.
    #[error("pod {pod} asks for scheduler `{scheduler}`, and this extender binds pods of {own} only")]
    ForeignScheduler {
        /// The pod.
        pod: PodKey,
        /// The scheduler of the pod.
        scheduler: Arc<str>,
        /// The schedulers of the policies.
        own: String,
    },
    /// A hard constraint rejects the node.
    #[error("{0}")]
    Rejected(Rejection),
}

/// The outcome of verification.
#[derive(Clone, Debug, PartialEq)]
pub enum Verified {
    /// The pod is assumed: write the Binding.
    Assumed(Box<PendingBinding>),
    /// The pod is not assumed, because pending Bindings of these pods could break a rule together with this one. Write
    /// fencing tokens onto the pods first.
    Unsettled(Vec<PodKey>),
    /// The pod is not assumed, because another process may have taken over. Ask the API server which process has
    /// announced its epoch last.
    TakeoverUnchecked,
    /// The pod is already bound to the node: an earlier request succeeded after its caller had given up.
    AlreadyBound,
}

/// What earlier steps of the scheduling cycle found.
#[derive(Clone, Copy, Debug)]
pub struct BindingCycle<'a> {
    /// The attempt of filter and prioritize; `None` where another process answered them.
    pub attempt: Option<&'a Attempt>,
    /// A plan of the PE's gang, where the attempt has none.
    pub gang_plan: Option<&'a Arc<GangPlan>>,
    /// How many takeovers by other processes were possible when the bind began: `Cluster::possible_takeovers`.
    pub possible_takeovers: u64,
    /// The time of the bind.
    pub now: Timestamp,
}

/// The decision about a PE at bind, in a snapshot that was prepared for the PE. Filter's decision is used where the
/// snapshot is the same. A new decision checks the rest of the gang against the existing plan, and makes no new plan.
fn decide<'a>(pe: &Arc<Pe>, node: NodeIndex, snapshot: &'a Snapshot, cycle: BindingCycle<'_>) -> PlacementDecision<'a> {
    let gang_plan = cycle.gang_plan.or_else(|| cycle.attempt.and_then(Attempt::gang_plan));
    let cached_cycle = cycle.attempt.and_then(|attempt| attempt.cached_cycle.as_ref());
    // kube-scheduler may bind a PE of a gang to another node than the planned one. Filter did not check the rest of the
    // gang for that node.
    let resumed = cached_cycle.and_then(|cached_cycle| cached_cycle.resume(pe, snapshot));
    let resumed = resumed.filter(|decision| gang_plan.is_none() || decision.planned_node() == Some(node));
    resumed.unwrap_or_else(|| {
        let gang = gang_at_bind(pe, node, gang_plan, snapshot);
        PlacementDecision::new(pe, snapshot, Foresight::Gang(gang))
    })
}

/// The nodes that are reserved with the bind of a PE.
type ReservedPlaces = Vec<(PodUid, NodeName)>;

/// Checks every hard constraint for a PE on a node. Returns the record, and the nodes to reserve for the PE's gang or bucket.
fn verify(
    pe: &Arc<Pe>,
    index: NodeIndex,
    snapshot: &Snapshot,
    cycle: BindingCycle<'_>,
) -> Result<(Option<Record>, ReservedPlaces), Rejection> {
    let snapshot = snapshot.prepare_for(pe);
    let released;
    let mut decision = decide(pe, index, &snapshot, cycle);
    if let Err(rejection) = decision.filter(index) {
        // The members of the group that are not bound yet may go elsewhere.
        let rest = rest_of_group(pe, &snapshot);
        let Some(without) = snapshot.without_nodes_of(pe, &rest) else { return Err(rejection) };
        released = without;
        decision = decide(pe, index, &released, cycle);
        if decision.filter(index).is_err() {
            return Err(rejection);
        }
    }
    let name_of = |index| decision.snapshot().node(index).map(|state| state.name.clone());
    let rest = decision.places_of_group(index);
    let mut places: ReservedPlaces =
        rest.into_iter().filter_map(|(pe, index)| Some((pe.pod.key.uid.clone(), name_of(index)?))).collect();
    if !places.is_empty() {
        // Where the Binding fails, the PE keeps its node until it is tried again.
        places.extend(name_of(index).map(|node| (pe.pod.key.uid.clone(), node)));
    }
    Ok((Record::new(&decision, index, cycle.attempt, cycle.now), places))
}

/// Checks every hard constraint against the current cluster, and assumes the pod. The nodes of the other members of the
/// PE's gang or bucket are reserved in the same step (D21).
///
/// # Errors
/// [`VerificationError`]; the pod is then not assumed.
pub fn verify_and_assume(
    cluster: &mut Cluster,
    arguments: &BindingArguments,
    cycle: BindingCycle<'_>,
) -> Result<Verified, VerificationError> {
    let unknown = || VerificationError::UnknownPod(format!("{}/{}", arguments.namespace, arguments.name));
    let (pod, pe) = cluster.pod(arguments.uid.as_str()).ok_or_else(unknown)?;
    match &pod.node {
        Some(node) if *node == arguments.node => return Ok(Verified::AlreadyBound),
        Some(node) => return Err(VerificationError::Elsewhere(node.clone())),
        None => {}
    }
    let snapshot = cluster.snapshot();
    if !snapshot.is_complete() {
        // After a start, an object that is not listed yet would count as absent.
        return Err(VerificationError::NotListed);
    }
    if pe.is_some() && cluster.must_check_takeover(arguments.uid.as_str(), cycle.possible_takeovers) {
        return Ok(Verified::TakeoverUnchecked);
    }
    // These include the pod itself where it is assumed: its earlier Binding may still succeed.
    let unsettled = pods_to_fence(cluster, arguments.uid.as_str());
    if !unsettled.is_empty() {
        return Ok(Verified::Unsettled(unsettled));
    }
    let mut group = None;
    let record = match pe {
        None => {
            let index = snapshot.find(arguments.node.as_str()).filter(|_| snapshot.has_reserved_nodes());
            let rejection = index.and_then(|index| reserved_room_rejection(pod, index, snapshot));
            rejection.map_or(Ok(None), |rejection| Err(VerificationError::Rejected(rejection)))?
        }
        Some(pe) => {
            let index =
                snapshot.find(arguments.node.as_str()).ok_or(VerificationError::Rejected(Rejection::NodeUnknown))?;
            check_work_budget(pe, snapshot)?;
            let (record, places) = verify(pe, index, snapshot, cycle).map_err(VerificationError::Rejected)?;
            group = Some((pe.job.clone(), places));
            record
        }
    };
    let binding = PendingBinding {
        pod: pod.key.clone(),
        resource_version: pod.resource_version.clone(),
        node: arguments.node.clone(),
        record,
    };
    cluster.assume(&arguments.uid, &arguments.node).map_err(|_unknown| unknown())?;
    if let Some((job, places)) = group {
        cluster.reserve(&job, &places);
    }
    Ok(Verified::Assumed(Box::new(binding)))
}

/// Checks that a pod asks for a scheduler whose pods this extender binds. `simulate` ignores the scheduler of a pod.
///
/// # Errors
/// [`VerificationError::ForeignScheduler`]
pub fn check_scheduler(cluster: &Cluster, uid: &PodUid) -> Result<(), VerificationError> {
    let Some((pod, _)) = cluster.pod(uid.as_str()) else { return Ok(()) };
    let policies = cluster.policies();
    if !pod.scheduler_name.is_empty() && !policies.is_own_scheduler(&pod.scheduler_name) {
        let own = policies.scheduler_names().collect::<Vec<&str>>().join(", ");
        return Err(VerificationError::ForeignScheduler {
            pod: pod.key.clone(),
            scheduler: Arc::clone(&pod.scheduler_name),
            own,
        });
    }
    Ok(())
}

/// Encodes the response of bind.
#[must_use]
pub fn response(problem: Option<&str>) -> Vec<u8> {
    encode::binding_result(problem)
}

#[cfg(test)]
#[path = "tests/bind.rs"]
mod tests;
