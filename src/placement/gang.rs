//! What the gang of a PE says about nodes: placed together or not at all (`PLACEMENT.md` 4).

use std::sync::Arc;

use super::plan::{Budget, gang_of, is_arriving, plan};
use crate::model::{Gang, Pe, Rejection};
use crate::state::{Member, NodeIndex, Snapshot};

/// What the gang of a PE says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Together {
    /// Nothing: there is no gang, or it is placed and members come one by one.
    Any,
    /// The plan for all that wait has this node for the PE.
    Planned(NodeIndex),
    /// Not all members exist, or more may come.
    Incomplete(Rejection),
    /// There is no plan for all of them.
    Infeasible(Rejection),
}

impl Together {
    /// Plans the gang of a PE, if it has one.
    pub(super) fn of(pe: &Pe, snapshot: &Snapshot) -> Self {
        let asks_for_gang = |pe: &Pe| pe.spec.as_ref().is_ok_and(|spec| spec.gang.is_some());
        let members = snapshot.job(&pe.job).map_or(&[][..], |job| &job.members);
        if !asks_for_gang(pe) && !members.iter().any(|member| asks_for_gang(&member.pe)) {
            return Self::Any;
        }
        let gang =
            gang_of(snapshot, &pe.job).or_else(|| members.is_empty().then_some(pe.spec.as_ref().ok()?.gang).flatten());
        // The watch may be behind kube-scheduler.
        let is_known = members.iter().any(|member| member.pe.pod.key.uid == pe.pod.key.uid);
        let exist = members.len() + usize::from(!is_known);
        if let Some(Gang::AtLeast(count)) = gang
            && !usize::try_from(count.get()).is_ok_and(|count| exist >= count)
        {
            return Self::Incomplete(Rejection::GangIncomplete(exist, count.get()));
        }
        let is_arriving = || {
            !snapshot.is_settled(pe.pod.created) || snapshot.job(&pe.job).is_some_and(|job| is_arriving(snapshot, job))
        };
        if gang == Some(Gang::All) && is_arriving() {
            return Self::Incomplete(Rejection::GangArrives);
        }
        let mut waiting = waiting(members);
        if !is_known {
            waiting.push(Arc::new(pe.clone()));
        }
        let plan = plan(snapshot, &waiting, Budget::default());
        let own = plan.placements.iter().find(|placement| placement.pe.pod.key.uid == pe.pod.key.uid);
        match (own, gang) {
            // A gang that has begun is finished by its plan as far as that goes.
            (Some(own), _) if plan.unplaced.is_empty() => Self::Planned(own.node),
            (_, None) => Self::Any,
            (_, Some(_)) => {
                let conflict = plan.unplaced.iter().find_map(|unplaced| unplaced.conflict.as_deref());
                Self::Infeasible(Rejection::GangInfeasible(conflict.map(|conflict| conflict.to_string().into())))
            }
        }
    }

    /// True when all others that wait can be placed once the PE is on a node, or the gang does not ask for that.
    pub(super) fn holds_with(pe: &Pe, index: NodeIndex, snapshot: &Snapshot) -> bool {
        let mut with = snapshot.clone();
        with.place(&Arc::new(pe.clone()), index);
        let members = with.job(&pe.job).map_or(&[][..], |job| &job.members);
        let others = waiting(members);
        others.is_empty() || plan(&with, &others, Budget::default()).unplaced.is_empty()
    }

    /// Why the PE may not go to a node, whatever the node is like.
    pub(super) fn before(&self) -> Option<&Rejection> {
        match self {
            Self::Incomplete(rejection) => Some(rejection),
            Self::Any | Self::Planned(_) | Self::Infeasible(_) => None,
        }
    }

    /// Why the PE may go nowhere.
    pub(super) fn problem(&self) -> Option<&Rejection> {
        match self {
            Self::Incomplete(rejection) | Self::Infeasible(rejection) => Some(rejection),
            Self::Any | Self::Planned(_) => None,
        }
    }

    /// Why the PE may not go to a node that passes by itself.
    pub(super) fn after(&self, index: NodeIndex) -> Option<Rejection> {
        match self {
            Self::Planned(node) if *node != index => Some(Rejection::GangInfeasible(None)),
            Self::Infeasible(rejection) => Some(rejection.clone()),
            Self::Any | Self::Planned(_) | Self::Incomplete(_) => None,
        }
    }
}

fn waiting(members: &[Member]) -> Vec<Arc<Pe>> {
    members.iter().filter(|member| member.node.is_none()).map(|member| Arc::clone(&member.pe)).collect()
}
