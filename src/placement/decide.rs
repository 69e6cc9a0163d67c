//! The decision about one PE in one snapshot. It combines filter plugins, bucket, look-ahead, gang and score.
//!
//! Filter, prioritize, bind, explain, simulate and the planner use a [`PlacementDecision`], so that they cannot disagree.
//! They differ in its [`Foresight`] alone.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::bucket::{BucketEvaluation, PendingBucketMember};
use super::bucket_members::BucketMembers;
use super::evaluate::earlier_rejection;
use super::filter::plugin::NodeView;
use super::gang::GangState;
use super::lookahead::look_ahead::LookAhead;
use super::plugin_set::PluginSet;
use super::score::rank::{Preference, RankedNode, Ranker, Ranking};
use super::score::terms::{PreScoreState, added_by};
use crate::model::{NodeName, OversubscriptionRisk, Pe, PodUid, Reason, Rejection};
use crate::state::{Member, MemberState, NodeIndex, Snapshot};

/// The PEs that a decision takes into account beside its PE.
#[derive(Clone, Debug)]
pub enum Foresight {
    /// The bucket.
    Bucket,
    /// The bucket, and the pending PEs of the job.
    Pending,
    /// The bucket, the pending PEs of the job, and the gang. Requests of kube-scheduler are decided this way.
    Gang(GangState),
}

/// The decision about one PE in one snapshot.
#[derive(Clone, Debug)]
pub struct PlacementDecision<'a> {
    snapshot: &'a Snapshot,
    cycle: Arc<CycleState>,
}

/// The facts of a decision. They borrow nothing, so that an attempt keeps them from filter to bind.
#[derive(Debug)]
pub struct CycleState {
    pe: Arc<Pe>,
    gang: GangState,
    /// The facts, or the [`Rejection`] that holds for every node.
    facts: Result<Facts, Rejection>,
}

#[derive(Debug)]
struct Facts {
    bucket: BucketEvaluation,
    /// `None` where the PE may take any node.
    look_ahead: Option<LookAhead>,
    /// The look-ahead of pending members of the bucket, each with its place among the members.
    members_look_ahead: Vec<(usize, LookAhead)>,
    pre_score: OnceLock<PreScoreState>,
}

impl<'a> PlacementDecision<'a> {
    /// Looks up the facts about `pe`.
    #[must_use]
    pub fn new(pe: &Arc<Pe>, snapshot: &'a Snapshot, foresight: Foresight) -> Self {
        let (looks_ahead, gang) = match foresight {
            Foresight::Bucket => (false, GangState::NotInGang),
            Foresight::Pending => (true, GangState::NotInGang),
            Foresight::Gang(gang) => (true, gang),
        };
        let facts = BucketEvaluation::new(pe, snapshot).map(|bucket| {
            let ahead_of = |pe: &Arc<Pe>| {
                let spec = pe.spec.as_ref().ok().filter(|_| looks_ahead)?;
                LookAhead::new(pe, spec, snapshot)
            };
            let of_member = |(at, member): (usize, &PendingBucketMember)| Some((at, ahead_of(&member.pe)?));
            let members_look_ahead = bucket.members.iter().enumerate().filter_map(of_member).collect();
            Facts { look_ahead: ahead_of(pe), members_look_ahead, pre_score: OnceLock::new(), bucket }
        });
        Self { snapshot, cycle: Arc::new(CycleState { pe: Arc::clone(pe), gang, facts }) }
    }

    /// Resumes a decision with facts that were looked up in the same snapshot.
    #[must_use]
    pub(crate) fn resume(cycle: Arc<CycleState>, snapshot: &'a Snapshot) -> Self {
        Self { snapshot, cycle }
    }

    /// The facts of the decision.
    #[must_use]
    pub(crate) fn cycle(&self) -> &Arc<CycleState> {
        &self.cycle
    }

    /// The snapshot.
    #[must_use]
    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The PE.
    #[must_use]
    pub(crate) fn pe(&self) -> &Arc<Pe> {
        &self.cycle.pe
    }

    /// Checks whether a node passes for the PE.
    ///
    /// # Errors
    /// The first [`Rejection`] in the order of the reason codes, with its numbers.
    pub fn filter(&self, index: NodeIndex) -> Result<(), Rejection> {
        let (facts, node) = self.look_up(index)?;
        let gang = &self.cycle.gang;
        if let Some(rejection) = gang.rejection_before_filter() {
            return Err(rejection.clone());
        }
        if let Some(rejection) = facts.first_rejection(node) {
            return Err(rejection);
        }
        gang.rejection_after_filter().map_or(Ok(()), Err)
    }

    /// Checks whether a node passes when rejections for these reasons, and those of the gang, do not count.
    ///
    /// # Errors
    /// The first [`Rejection`] for another reason.
    pub(super) fn filter_without(&self, index: NodeIndex, ignored: &[Reason]) -> Result<(), Rejection> {
        if ignored.is_empty() {
            return self.filter(index);
        }
        let (facts, node) = self.look_up(index)?;
        let mut rejections = facts.rejections(node).into_iter();
        rejections.find(|rejection| !ignored.contains(&rejection.reason())).map_or(Ok(()), Err)
    }

    /// Every rejection of a node, in the order of the reason codes.
    #[must_use]
    pub(crate) fn rejections(&self, index: NodeIndex) -> Vec<Rejection> {
        let gang = &self.cycle.gang;
        match self.look_up(index) {
            Err(rejection) => vec![rejection],
            Ok((facts, node)) => {
                let before = gang.rejection_before_filter().cloned().into_iter();
                before.chain(facts.rejections(node)).chain(gang.rejection_after_filter()).collect()
            }
        }
    }

    /// The rejection that holds for every node: an invalid placement spec, or a gang that cannot be placed.
    #[must_use]
    pub(crate) fn rejection_of_every_node(&self) -> Option<&Rejection> {
        self.cycle.facts.as_ref().err().or_else(|| self.cycle.gang.rejection_of_every_node())
    }

    /// True where the node passes the filters of kube-scheduler, which then sends the node to the extender.
    #[must_use]
    pub(crate) fn passes_kube_scheduler(&self, index: NodeIndex) -> bool {
        let own = |facts: &Facts, node| facts.bucket.own.first_rejection_by(PluginSet::CHECKED_BY_KUBE_SCHEDULER, node);
        self.look_up(index).is_ok_and(|(facts, node)| own(facts, node).is_none())
    }

    /// The node that a plan has for the PE, or that is reserved for the PE. Other nodes may pass too; where this node passes,
    /// the PE goes there, so that the nodes of the other members stay theirs.
    #[must_use]
    pub(crate) fn planned_node(&self) -> Option<NodeIndex> {
        match &self.cycle.gang {
            GangState::Planned { node, .. } => Some(*node),
            GangState::NotInGang => self.snapshot.own_node(&self.pe().pod.key.uid),
            GangState::Incomplete(_) | GangState::Infeasible(_) | GangState::Outdated => None,
        }
    }

    /// The nodes that a plan has for the other members of the PE's gang, or the nodes that the pending members of its bucket
    /// get with the PE on `index`. Members whose nodes are reserved already are left out.
    #[must_use]
    pub(crate) fn places_of_group(&self, index: NodeIndex) -> Vec<(Arc<Pe>, NodeIndex)> {
        let bucket = || self.bucket().into_iter().flat_map(|bucket| &bucket.others_pending);
        let planned = self.cycle.gang.plan().map(|plan| plan.others(&self.pe().pod.key.uid));
        match planned {
            Some(planned) => {
                let members = self.snapshot.job(&self.pe().job).map_or(&[][..], |job| &job.members);
                let has_node =
                    |member: &&Member| matches!(member.state, MemberState::Bound(_) | MemberState::Reserved(_));
                let placed: BTreeSet<&PodUid> =
                    members.iter().filter(has_node).map(|member| &member.pe.pod.key.uid).collect();
                planned.filter(|(pe, _)| !placed.contains(&pe.pod.key.uid)).cloned().collect()
            }
            None => bucket().map(|pe| (Arc::clone(pe), index)).collect(),
        }
    }

    /// Orders nodes that pass, best first.
    #[must_use]
    pub fn rank(&self, nodes: &[NodeIndex]) -> Vec<RankedNode> {
        self.rank_best(nodes.len(), nodes, &[]).best
    }

    /// Orders nodes that pass. At least one and at most `limit` of the best nodes are in order. Nodes in `unbound`, to which
    /// kube-scheduler did not bind the pod after an earlier cycle, rank last.
    #[must_use]
    pub fn rank_best(&self, limit: usize, nodes: &[NodeIndex], unbound: &[NodeName]) -> Ranking {
        let Ok(facts) = &self.cycle.facts else { return Ranking::default() };
        let state = &facts.bucket.own.state;
        let pre_score = facts.pre_score.get_or_init(|| PreScoreState::new(&state.pe, &state.spec, self.snapshot));
        let preference = Preference { previous_node: state.previous_index, unbound };
        let ranker = Ranker { spec: &state.spec, pre_score, preference, snapshot: self.snapshot };
        ranker.rank(nodes, limit)
    }

    /// The risk of a node with the PE and its parts; `None` where no demand is known.
    #[must_use]
    pub(crate) fn risk(&self, index: NodeIndex) -> Option<OversubscriptionRisk> {
        self.snapshot.explain_risk_with(&added_by(self.pe(), self.snapshot)?, index)
    }

    /// The bucket of the PE; `None` where its placement spec is invalid.
    #[must_use]
    pub(crate) fn bucket(&self) -> Option<&BucketMembers> {
        self.cycle.facts.as_ref().ok().map(|facts| &facts.bucket.own.state.bucket)
    }

    /// The node that an earlier pod of the PE was bound to last.
    #[must_use]
    pub(super) fn previous_node(&self) -> Option<NodeIndex> {
        self.cycle.facts.as_ref().ok()?.bucket.own.state.previous_index
    }

    /// The only nodes that can pass, where bound PEs of the job determine them.
    #[must_use]
    pub(super) fn only_nodes(&self) -> Option<&[NodeIndex]> {
        self.cycle.facts.as_ref().ok()?.bucket.own.state.only_nodes()
    }

    /// The allocation of the job in its sized pool with the PE on `index`, by name; none for other pools.
    #[must_use]
    pub(crate) fn allocation_with(&self, index: NodeIndex) -> Vec<NodeName> {
        let state = self.cycle.facts.as_ref().ok().map(|facts| &facts.bucket.own.state);
        state.map(|state| state.allocation_with(index, self.snapshot)).unwrap_or_default()
    }

    #[inline]
    fn look_up(&self, index: NodeIndex) -> Result<(&Facts, NodeView<'a>), Rejection> {
        let node = NodeView::new(self.snapshot, index)?;
        let facts = self.cycle.facts.as_ref().map_err(Clone::clone)?;
        Ok((facts, node))
    }
}

impl CycleState {
    /// The PE.
    #[must_use]
    pub(crate) fn pe(&self) -> &Arc<Pe> {
        &self.pe
    }

    /// The state of the PE's gang.
    #[must_use]
    pub(crate) fn gang(&self) -> &GangState {
        &self.gang
    }
}

impl Facts {
    #[inline]
    fn first_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        let own = &self.bucket.own;
        // A rejection is large: it is returned where it is found.
        if let Some(rejection) = own.first_rejection_by(own.before_bucket, node) {
            return Some(rejection);
        }
        if let Some(rejection) = self.bucket_rejection(node) {
            return Some(rejection);
        }
        let rest = own.plugins.without(own.before_bucket);
        earlier_rejection(own.first_rejection_by(rest, node), Reason::ExlocationInfeasible, || {
            self.look_ahead_rejection(node)
        })
    }

    fn rejections(&self, node: NodeView<'_>) -> Vec<Rejection> {
        let own = self.bucket.own.rejections(node);
        let mut rejections: Vec<Rejection> =
            own.chain(self.bucket_rejection(node)).chain(self.look_ahead_rejection(node)).collect();
        rejections.sort_by_key(Rejection::reason);
        rejections
    }

    #[inline]
    fn look_ahead_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        self.look_ahead.as_ref()?.rejection(node.index)
    }

    /// The rejection of a node for the bucket as a whole, or because a member must leave the node to other PEs.
    #[inline]
    fn bucket_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        if !self.bucket.is_unplaced {
            return None;
        }
        self.bucket.bucket_rejection(node).or_else(|| {
            self.members_look_ahead.iter().find_map(|(at, look_ahead)| {
                let rejection = look_ahead.rejection(node.index)?;
                Some(self.bucket.members.get(*at)?.reject(rejection))
            })
        })
    }
}
