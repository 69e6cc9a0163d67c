//! preempt: the nodes on which kube-scheduler may evict pods for a PE.
//!
//! kube-scheduler chooses victims by its own filters and does not ask the extender whether the pod may go to the node
//! afterwards. So preempt keeps a node only where the PE passes every rule once the victims are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::context::SchedulingContext;
use super::decode::{PreemptionArguments, ProposedVictims};
use crate::model::{NodeName, Pe, Pod, PodPhase};
use crate::placement::{Foresight, PlacementDecision, asks_for_gang, check_work_budget, gang_fits_with};
use crate::state::{Cluster, NodeIndex, Snapshot};

/// How many plans of gangs are made for one request. kube-scheduler proposes a hundred nodes and more, and evicts on one.
const MAX_GANG_PLANS: usize = 16;

/// A pod that the cluster counts on a node.
#[derive(Clone, Debug)]
pub struct PlacedPod {
    /// The pod.
    pub pod: Arc<Pod>,
    /// The PE that the pod runs.
    pub pe: Option<Arc<Pe>>,
    /// The node that the pod is bound to, or assumed on.
    pub node: NodeName,
}

impl PlacedPod {
    /// Looks up a pod by its UID; `None` where the cluster counts the pod on no node.
    #[must_use]
    pub fn find(cluster: &Cluster, uid: &str) -> Option<Self> {
        let (pod, pe) = cluster.pod(uid)?;
        let node = pod.node.as_ref().or_else(|| cluster.assumed(uid))?.clone();
        let placed = || Self { pod: Arc::clone(pod), pe: pe.cloned(), node };
        (pod.phase != PodPhase::Finished).then(placed)
    }
}

/// The result of preempt.
#[derive(Debug)]
pub struct Preemption {
    /// The response, an `ExtenderPreemptionResult`.
    pub body: Vec<u8>,
    /// The PE; `None` for a pod that is no PE, whose victims are returned unchanged.
    pub pe: Option<Arc<Pe>>,
    /// How many nodes kube-scheduler proposed.
    pub proposed: usize,
    /// How many nodes are kept.
    pub kept: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PreemptionResult {
    node_name_to_meta_victims: BTreeMap<String, MetaVictims>,
}

#[derive(Serialize)]
struct MetaVictims {
    #[serde(rename = "Pods")]
    pods: Vec<MetaPod>,
    #[serde(rename = "NumPDBViolations")]
    violations: i64,
}

#[derive(Serialize)]
struct MetaPod {
    #[serde(rename = "UID")]
    uid: String,
}

/// Keeps the proposed nodes on which the PE passes every rule once the victims are gone. Nodes whose victims belong to no
/// gang and to no exclusive allocation come first: other nodes are kept only where there is no such node.
///
/// `find_pod` looks up a pod by its UID. A victim that does not count on the node frees nothing. No node is kept while the
/// snapshot is incomplete, or where the decision exceeds the work budget.
#[must_use]
pub fn preempt(
    arguments: PreemptionArguments,
    context: SchedulingContext<'_>,
    find_pod: &dyn Fn(&str) -> Option<PlacedPod>,
) -> Preemption {
    let PreemptionArguments { pod, victims } = arguments;
    let proposed = victims.len();
    let Some(pe) = context.policies.pe(&pod, context.snapshot.declared()).map(Arc::new) else {
        return Preemption::new(None, victims, proposed);
    };
    let prepared = context.decision_snapshot().prepare_for(&pe);
    let snapshot = &*prepared;
    if !snapshot.is_complete() || pe.awaited.is_some() || check_work_budget(&pe, snapshot).is_err() {
        return Preemption::new(Some(pe), BTreeMap::new(), proposed);
    }
    let evaluator = Evaluator { pe: &pe, snapshot, find_pod };
    let mut gang_plans = MAX_GANG_PLANS;
    let mut harmless = BTreeMap::new();
    let mut costly = BTreeMap::new();
    for (node, victims) in victims {
        let evicted = evaluator.evicted(&node, &victims);
        if evaluator.passes_without(&node, &evicted, &mut gang_plans) {
            let kept =
                if evicted.iter().any(|victim| evaluator.is_costly(victim)) { &mut costly } else { &mut harmless };
            kept.insert(node, victims);
        }
    }
    let kept = if harmless.is_empty() { costly } else { harmless };
    Preemption::new(Some(pe), kept, proposed)
}

/// Evaluates the proposed nodes for one PE.
struct Evaluator<'a> {
    pe: &'a Arc<Pe>,
    snapshot: &'a Snapshot,
    find_pod: &'a dyn Fn(&str) -> Option<PlacedPod>,
}

impl Evaluator<'_> {
    /// The victims that count on the node.
    fn evicted(&self, node: &str, victims: &ProposedVictims) -> Vec<PlacedPod> {
        let found = victims.uids.iter().filter_map(|uid| (self.find_pod)(uid));
        found.filter(|victim| victim.node.as_str() == node).collect()
    }

    /// True where the PE, and the rest of its gang, can be placed with the PE on the node once the victims are gone.
    fn passes_without(&self, node: &str, evicted: &[PlacedPod], gang_plans: &mut usize) -> bool {
        let Some(index) = self.snapshot.find(node) else { return false };
        let evicted: Vec<(&Pod, Option<&Pe>)> =
            evicted.iter().map(|victim| (&*victim.pod, victim.pe.as_deref())).collect();
        let without = self.snapshot.without_pods(index, &evicted);
        let decision = PlacementDecision::new(self.pe, &without, Foresight::Pending);
        decision.filter(index).is_ok() && self.gang_fits(index, &without, gang_plans)
    }

    fn gang_fits(&self, index: NodeIndex, without: &Snapshot, gang_plans: &mut usize) -> bool {
        if !asks_for_gang(self.pe, without) {
            return true;
        }
        let Some(left) = gang_plans.checked_sub(1) else { return false };
        *gang_plans = left;
        gang_fits_with(self.pe, index, without)
    }

    /// True where the eviction of the pod breaks a gang or an exclusive allocation.
    fn is_costly(&self, victim: &PlacedPod) -> bool {
        victim.pe.as_ref().is_some_and(|pe| pe.exclusive_hold.is_some() || asks_for_gang(pe, self.snapshot))
    }
}

impl Preemption {
    /// The response that lets kube-scheduler evict nobody.
    #[must_use]
    pub fn of_nobody() -> Vec<u8> {
        Self::new(None, BTreeMap::new(), 0).body
    }

    fn new(pe: Option<Arc<Pe>>, kept: BTreeMap<String, ProposedVictims>, proposed: usize) -> Self {
        let meta_victims = |victims: ProposedVictims| MetaVictims {
            pods: victims.uids.into_iter().map(|uid| MetaPod { uid }).collect(),
            violations: victims.violations,
        };
        let count = kept.len();
        let kept = kept.into_iter().map(|(node, victims)| (node, meta_victims(victims))).collect();
        // Names and numbers always serialize.
        let body = serde_json::to_vec(&PreemptionResult { node_name_to_meta_victims: kept }).unwrap_or_default();
        Self { body, pe, proposed, kept: count }
    }
}

#[cfg(test)]
#[path = "tests/preempt.rs"]
mod tests;
