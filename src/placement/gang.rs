//! `GangIncomplete` and `GangInfeasible`: all PEs of a gang are placed, or none (docs/placement.md, "Gangs").
//! This file determines which gang a job has and whether the gang is complete; `planner` plans gangs.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::model::{Gang, JobId, Pe, PodUid, Rejection};
use crate::state::{JobState, NodeIndex, Snapshot};

/// How long a gang without a count waits for another member after the creation of the last one. Creation timestamps are
/// whole seconds.
pub const QUIET: SignedDuration = SignedDuration::from_secs(3);

/// The state of a PE's gang.
#[derive(Clone, Debug, Default)]
pub enum GangState {
    /// The PE is in no gang, or its gang is placed: further members are placed one by one.
    #[default]
    NotInGang,
    /// The gang has a plan, with this node for the PE.
    Planned {
        /// The node.
        node: NodeIndex,
        /// The plan.
        plan: Arc<GangPlan>,
    },
    /// Members of the gang are missing, or may still be created.
    Incomplete(Rejection),
    /// The gang has no plan with a node for every member.
    Infeasible(Rejection),
    /// The plan of the gang does not hold any more, or is not known.
    Outdated,
}

/// A plan with a node for every pending PE of a job.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct GangPlan {
    /// The PEs and their nodes, in an order in which they can be placed.
    pub(super) placements: Vec<(Arc<Pe>, NodeIndex)>,
}

impl GangState {
    /// The rejection of a node before any filter plugin is called.
    #[inline]
    pub(super) fn rejection_before_filter(&self) -> Option<&Rejection> {
        match self {
            Self::Incomplete(rejection) => Some(rejection),
            Self::NotInGang | Self::Planned { .. } | Self::Infeasible(_) | Self::Outdated => None,
        }
    }

    /// The rejection of a node that passes every filter plugin.
    #[inline]
    pub(super) fn rejection_after_filter(&self) -> Option<Rejection> {
        match self {
            Self::Infeasible(rejection) => Some(rejection.clone()),
            Self::Outdated => Some(Rejection::PlanOutdated),
            Self::NotInGang | Self::Planned { .. } | Self::Incomplete(_) => None,
        }
    }

    /// The rejection that holds for every node.
    pub(super) fn rejection_of_every_node(&self) -> Option<&Rejection> {
        match self {
            Self::Incomplete(rejection) | Self::Infeasible(rejection) => Some(rejection),
            Self::NotInGang | Self::Planned { .. } | Self::Outdated => None,
        }
    }

    /// The state of the gang of a PE that is part of this plan; `None` where the PE is not part of it.
    #[must_use]
    pub(crate) fn planned(pe: &Pe, plan: Arc<GangPlan>) -> Option<Self> {
        let node = plan.node_of(&pe.pod.key.uid)?;
        Some(Self::Planned { node, plan })
    }

    /// The plan of the gang, where there is one.
    #[must_use]
    pub fn plan(&self) -> Option<&Arc<GangPlan>> {
        match self {
            Self::Planned { plan, .. } => Some(plan),
            Self::NotInGang | Self::Incomplete(_) | Self::Infeasible(_) | Self::Outdated => None,
        }
    }
}

impl GangPlan {
    /// A plan with these nodes, in an order in which the PEs can be placed.
    #[must_use]
    pub(crate) fn new(placements: Vec<(Arc<Pe>, NodeIndex)>) -> Self {
        Self { placements }
    }

    /// The other PEs of the plan, with their nodes.
    pub(super) fn others<'a>(&'a self, uid: &'a PodUid) -> impl Iterator<Item = &'a (Arc<Pe>, NodeIndex)> {
        self.placements.iter().filter(move |(pe, _)| pe.pod.key.uid != *uid)
    }

    /// True where the plan has a node for the pod.
    #[must_use]
    pub fn has(&self, uid: &PodUid) -> bool {
        self.node_of(uid).is_some()
    }

    /// The node of a PE.
    pub(super) fn node_of(&self, uid: &PodUid) -> Option<NodeIndex> {
        self.placements.iter().find(|(pe, _)| pe.pod.key.uid == *uid).map(|(_, node)| *node)
    }
}

/// The gang of a job; of different counts the largest. `None` where the gang is already placed.
#[must_use]
pub(crate) fn gang_spec(snapshot: &Snapshot, job: &JobId) -> Option<Gang> {
    let job = snapshot.job(job)?;
    let requested = job.members.iter().filter_map(|member| member.pe.spec.as_ref().ok()?.gang);
    let gang = requested.reduce(|one, other| match (one, other) {
        (Gang::AtLeast(one), Gang::AtLeast(other)) => Gang::AtLeast(one.max(other)),
        (count @ Gang::AtLeast(_), Gang::All) | (Gang::All, count @ Gang::AtLeast(_)) => count,
        (Gang::All, Gang::All) => Gang::All,
    })?;
    let is_placed = match gang {
        Gang::All => job.members.iter().any(|member| member.bound_node().is_some()),
        Gang::AtLeast(count) => reaches(job.most_placed, count.get()),
    };
    (!is_placed).then_some(gang)
}

/// True where a PE, or another PE of its job, asks for a gang.
#[must_use]
pub(crate) fn asks_for_gang(pe: &Pe, snapshot: &Snapshot) -> bool {
    let asks = |pe: &Pe| pe.spec.as_ref().is_ok_and(|spec| spec.gang.is_some());
    asks(pe) || snapshot.job(&pe.job).is_some_and(|job| job.members.iter().any(|member| asks(&member.pe)))
}

/// The rejection of every node while members of a PE's gang are missing or may still be created, in a snapshot that was
/// prepared for the PE: members are counted in the snapshot alone.
pub(super) fn incomplete(pe: &Pe, gang: Gang, snapshot: &Snapshot) -> Option<Rejection> {
    let job = snapshot.job(&pe.job);
    let exist = job.map_or(0, |job| job.participants().count());
    match gang {
        Gang::AtLeast(count) => {
            (!reaches(exist, count.get())).then(|| Rejection::GangIncomplete { exist, count: count.get() })
        }
        Gang::All => {
            let is_seen = !snapshot.is_joined(&pe.pod.key.uid) || !snapshot.follows_clock();
            let is_settled =
                is_seen && snapshot.is_settled(&pe.pod) && !job.is_some_and(|job| is_arriving(snapshot, job));
            (!is_settled).then_some(Rejection::GangArrives)
        }
    }
}

/// True where enough members of a gang exist.
pub(super) fn is_complete(snapshot: &Snapshot, job: &JobId, gang: Gang) -> bool {
    let Some(job) = snapshot.job(job) else { return false };
    match gang {
        Gang::AtLeast(count) => reaches(job.participants().count(), count.get()),
        Gang::All => !is_arriving(snapshot, job),
    }
}

/// True while a pending PE of a job is so young that more members may be created.
pub(super) fn is_arriving(snapshot: &Snapshot, job: &JobState) -> bool {
    let mut pending = job.members.iter().filter(|member| member.is_waiting());
    pending.any(|member| !snapshot.is_settled(&member.pe.pod))
}

fn reaches(members: usize, count: u32) -> bool {
    usize::try_from(count).is_ok_and(|count| members >= count)
}
