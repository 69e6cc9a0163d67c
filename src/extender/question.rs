//! What kube-scheduler asks about one PE, and the nodes that filter finds for the PE.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::sync::Arc;

use super::context::SchedulingContext;
use crate::model::{NodeName, Pe, Reason, Rejection};
use crate::placement::{
    CycleState, Foresight, PlacementDecision, asks_for_gang, is_checked_by_kube_scheduler, rest_of_group,
};
use crate::state::{NodeIndex, NodeSet, Snapshot};

/// What kube-scheduler asks about one PE.
pub(super) struct Question<'q> {
    pe: &'q Arc<Pe>,
    candidates: Vec<Candidate<'q>>,
    context: SchedulingContext<'q>,
    /// The nodes that kube-scheduler does not offer, where the snapshot does not have them.
    pub(super) unoffered: Option<NodeSet>,
}

/// Why there is no answer: kube-scheduler tries the PE again.
pub(super) enum Unanswerable {
    /// No node is left because of scheduling cycles that are not over.
    Reserved,
    /// Nodes that passed the filters of kube-scheduler are rejected by the same rules here.
    Contradicted,
}

/// The nodes for a PE in one snapshot.
pub(super) struct Answer<'s, 'n> {
    snapshot: Cow<'s, Snapshot>,
    cycle: Arc<CycleState>,
    pub(super) passed: Vec<(&'n str, NodeIndex)>,
    pub(super) rejected: Vec<RejectedNode<'n>>,
}

impl<'q> Question<'q> {
    pub(super) fn new(pe: &'q Arc<Pe>, names: &'q [Cow<'_, str>], context: SchedulingContext<'q>) -> Self {
        let candidates = candidates(names, context.decision_snapshot());
        let unoffered = if context.asked_by_kube_scheduler { new_unoffered(pe, &candidates, context) } else { None };
        Self { pe, candidates, context, unoffered }
    }

    /// The nodes for the PE: the node that a plan has for it, or that is reserved for it, alone.
    pub(super) fn answer(&self) -> Result<Answer<'q, 'q>, Unanswerable> {
        let mut answer = self.answer_in(self.prepare(self.context.decision_snapshot()));
        if answer.passed.is_empty()
            && let Some(anew) = self.release(&answer.snapshot).map(|released| self.answer_in(Cow::Owned(released)))
            && !anew.passed.is_empty()
        {
            // The members of the group that are not bound yet go elsewhere.
            answer = anew;
        }
        if answer.is_contradicted() {
            return Err(Unanswerable::Contradicted);
        }
        if answer.passed.is_empty() && self.context.with_reservations.is_some() && self.passes_without_cycles() {
            return Err(Unanswerable::Reserved);
        }
        if answer.is_planned_elsewhere() {
            answer = self.answer_in(Cow::Owned(self.within_names(&[], &answer.snapshot)));
        } else if self.failed_on(&answer) {
            let failed = &self.context.last_attempt.unbound;
            let anew = self.answer_in(Cow::Owned(self.within_names(failed, &answer.snapshot)));
            // Without any other plan, the PE may go where an earlier cycle failed.
            answer = if anew.has_planned_node() { anew } else { answer };
        }
        let planned = answer.decision().planned_node();
        if answer.has_planned_node() && !(answer.is_single() && self.failed_on(&answer)) {
            answer.passed.retain(|(_, index)| Some(*index) == planned);
        }
        if answer.is_contradicted() { Err(Unanswerable::Contradicted) } else { Ok(answer) }
    }

    /// The snapshot for the decision about the PE.
    fn prepare<'s>(&self, snapshot: &'s Snapshot) -> Cow<'s, Snapshot> {
        let prepared = snapshot.prepare_for(self.pe);
        match &self.unoffered {
            Some(nodes) => Cow::Owned(prepared.with_unoffered(self.pe, nodes.clone())),
            None => prepared,
        }
    }

    /// The snapshot in which the rest of the PE's group has given up nodes that are not bound yet.
    fn release(&self, prepared: &Snapshot) -> Option<Snapshot> {
        prepared.without_nodes_of(self.pe, &rest_of_group(self.pe, prepared))
    }

    fn answer_in<'s>(&self, snapshot: Cow<'s, Snapshot>) -> Answer<'s, 'q> {
        let decision = self.context.decide(self.pe, &snapshot);
        let (passed, mut rejected) = filter_nodes(&decision, &self.candidates);
        if self.context.asked_by_kube_scheduler {
            self.mark_contradictions(&mut rejected);
        }
        let cycle = Arc::clone(decision.cycle());
        Answer { snapshot, cycle, passed, rejected }
    }

    /// Replaces the reason of nodes that are rejected by a rule which kube-scheduler checks too, or because they are unknown:
    /// the nodes have passed the filters of kube-scheduler, so the watches are behind (docs/design.md, D23). A node without
    /// room for reserved PEs stays rejected, because kube-scheduler knows no reservations.
    fn mark_contradictions(&self, rejected: &mut [RejectedNode<'_>]) {
        // The filters of kube-scheduler read no other PE, so neither look-ahead nor a plan is needed.
        let base = LazyCell::new(|| self.prepare(self.context.snapshot));
        let without_cycles = LazyCell::new(|| PlacementDecision::new(self.pe, &base, Foresight::Bucket));
        let has_cycles = self.context.with_reservations.is_some();
        let passes_without_reservations = |index| {
            let is_reserved = self.context.snapshot.node(index).is_some_and(|state| state.reserved_pods > 0);
            is_reserved || has_cycles && without_cycles.passes_kube_scheduler(index)
        };
        for RejectedNode { index, reason, .. } in rejected {
            let is_contradicted =
                index.is_none_or(|index| is_checked_by_kube_scheduler(*reason) && !passes_without_reservations(index));
            if is_contradicted {
                *reason = Reason::StaleState;
            }
        }
    }

    /// True where a node passes once the scheduling cycles of other pods do not count.
    fn passes_without_cycles(&self) -> bool {
        let base = self.answer_in(self.prepare(self.context.snapshot));
        let passes_anew = |released| !self.answer_in(Cow::Owned(released)).passed.is_empty();
        !base.passed.is_empty() || self.release(&base.snapshot).is_some_and(passes_anew)
    }

    /// The snapshot in which kube-scheduler offers the nodes of the request alone, without those of `failed`.
    fn within_names(&self, failed: &[NodeName], snapshot: &Snapshot) -> Snapshot {
        let is_left = |(name, _): &&Candidate<'_>| !failed.iter().any(|failed| failed.as_str() == *name);
        let left: NodeSet = self.candidates.iter().filter(is_left).filter_map(|(_, index)| *index).collect();
        let unoffered = snapshot.indexes().filter(|index| !left.contains(*index)).collect();
        snapshot.with_unoffered(self.pe, unoffered)
    }

    /// True where kube-scheduler did not bind the PE to the planned node after an earlier cycle.
    fn failed_on(&self, answer: &Answer<'_, '_>) -> bool {
        let node = answer.decision().planned_node().and_then(|index| answer.snapshot.node(index));
        node.is_some_and(|state| self.context.last_attempt.unbound.contains(&state.name))
    }
}

impl Answer<'_, '_> {
    /// The decision about the PE.
    pub(super) fn decision(&self) -> PlacementDecision<'_> {
        PlacementDecision::resume(Arc::clone(&self.cycle), &self.snapshot)
    }

    /// True where no node passes, and the watches are behind kube-scheduler.
    fn is_contradicted(&self) -> bool {
        self.passed.is_empty() && self.rejected.iter().any(|node| node.reason == Reason::StaleState)
    }

    /// True where no gang is planned: the PE is placed by itself.
    fn is_single(&self) -> bool {
        self.cycle.gang().plan().is_none()
    }

    /// True where the node that is planned or reserved for the PE is among the nodes that passed.
    fn has_planned_node(&self) -> bool {
        let planned = self.decision().planned_node();
        self.passed.iter().any(|(_, index)| Some(*index) == planned)
    }

    /// True where the plan of the gang has a node for the PE that is not among the nodes that passed.
    fn is_planned_elsewhere(&self) -> bool {
        !self.is_single() && !self.has_planned_node()
    }
}

/// The nodes that kube-scheduler does not ask about although the PE may go there by every rule of kube-scheduler that is
/// known here; `None` where the snapshot has the same nodes, and for PEs that no plan and no look-ahead reads. Where
/// kube-scheduler may filter by what is not known here, these are all nodes that it does not ask about: a node that is full
/// now may have room later, and the volume of the PE may be elsewhere.
fn new_unoffered(pe: &Arc<Pe>, candidates: &[Candidate<'_>], context: SchedulingContext<'_>) -> Option<NodeSet> {
    let snapshot = context.decision_snapshot();
    let spec = pe.spec.as_ref().ok()?;
    if spec.colocation.is_empty() && spec.exlocation.is_empty() && !asks_for_gang(pe, snapshot) {
        return None;
    }
    let known = snapshot.unoffered(&pe.pod.key.uid);
    let asked: NodeSet = candidates.iter().filter_map(|(_, index)| *index).collect();
    let missing: Vec<NodeIndex> = snapshot.indexes().filter(|index| !asked.contains(*index)).collect();
    let unoffered: NodeSet = if missing.is_empty() {
        NodeSet::default()
    } else if snapshot.has_unknown_filters(&pe.pod) {
        missing.into_iter().collect()
    } else {
        let prepared = snapshot.prepare_for(pe);
        let decision = PlacementDecision::new(pe, &prepared, Foresight::Bucket);
        missing.into_iter().filter(|index| decision.passes_kube_scheduler(*index)).collect()
    };
    known.map_or(!unoffered.is_empty(), |known| **known != unoffered).then_some(unoffered)
}

/// Nodes that pass, and nodes that are rejected.
type FilteredNodes<'n> = (Vec<(&'n str, NodeIndex)>, Vec<RejectedNode<'n>>);

/// A node that is rejected.
#[derive(Clone, Copy, Debug)]
pub(super) struct RejectedNode<'n> {
    pub(super) name: &'n str,
    /// `None` where the snapshot does not have the node.
    index: Option<NodeIndex>,
    pub(super) reason: Reason,
}

/// A node that is asked about by name; no index where the snapshot does not have the node.
pub(super) type Candidate<'n> = (&'n str, Option<NodeIndex>);

/// Looks up nodes by name, all before any node is filtered, so that the memory accesses of the look-ups overlap.
pub(super) fn candidates<'n, N: AsRef<str>>(names: &'n [N], snapshot: &Snapshot) -> Vec<Candidate<'n>> {
    names.iter().map(AsRef::as_ref).map(|name| (name, snapshot.find(name))).collect()
}

/// Filters nodes.
pub(super) fn filter_nodes<'n>(decision: &PlacementDecision<'_>, candidates: &[Candidate<'n>]) -> FilteredNodes<'n> {
    let mut passed: Vec<(&str, NodeIndex)> = Vec::with_capacity(candidates.len());
    let mut rejected = Vec::new();
    for (name, index) in candidates.iter().copied() {
        let found = index.ok_or(Rejection::NodeUnknown);
        match found.and_then(|index| decision.filter(index).map(|()| index)) {
            Ok(index) => passed.push((name, index)),
            Err(rejection) => rejected.push(RejectedNode { name, index, reason: rejection.reason() }),
        }
    }
    (passed, rejected)
}
