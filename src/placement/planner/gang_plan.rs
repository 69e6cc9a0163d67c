//! Plans of gangs: one for all pending members, or the reason why there is none.

use std::sync::Arc;

use super::super::decide::{Decision, Foresight};
use super::super::gang::{GangPlan, GangState, asks_for_gang, gang_spec, incomplete};
use super::plan::{Budget, plan};
use crate::model::{Pe, Rejection};
use crate::state::{Member, NodeIndex, Snapshot};

/// Plans the gang of a PE, where it has one.
#[must_use]
pub fn plan_gang(pe: &Arc<Pe>, snapshot: &Snapshot) -> GangState {
    if !asks_for_gang(pe, snapshot) {
        return GangState::NotInGang;
    }
    let members = snapshot.job(&pe.job).map_or(&[][..], |job| &job.members);
    let gang =
        gang_spec(snapshot, &pe.job).or_else(|| members.is_empty().then(|| pe.spec.as_ref().ok()?.gang).flatten());
    if let Some(rejection) = gang.and_then(|gang| incomplete(pe, gang, snapshot)) {
        return GangState::Incomplete(rejection);
    }
    let mut pending = pending(members);
    if !members.iter().any(|member| member.pe.pod.key.uid == pe.pod.key.uid) {
        pending.push(Arc::clone(pe));
    }
    let plan = plan(snapshot, &pending, Budget::default());
    if plan.unplaced.is_empty() {
        let placements = plan.placements.into_iter().map(|placement| (placement.pe, placement.node)).collect();
        let plan = Arc::new(GangPlan { placements });
        // The PE is among those that are planned.
        return plan.node_of(&pe.pod.key.uid).map_or(GangState::NotInGang, |node| GangState::Planned { node, plan });
    }
    if gang.is_none() {
        // A gang that has begun is finished as far as that goes.
        return GangState::NotInGang;
    }
    let conflict = plan.unplaced.iter().find_map(|unplaced| unplaced.conflict.as_deref());
    GangState::Infeasible(Rejection::GangInfeasible(conflict.map(|conflict| conflict.to_string().into())))
}

/// What the gang of a PE says at bind, where `plan` is the plan that filter decided by.
///
/// The question is bounded: no plan is made. A PE may take any node with which the rest of the plan still holds; where
/// the plan does not hold any more, kube-scheduler tries the PE again and filter plans anew.
#[must_use]
pub fn gang_at_bind(pe: &Arc<Pe>, node: NodeIndex, plan: Option<&Arc<GangPlan>>, snapshot: &Snapshot) -> GangState {
    if !asks_for_gang(pe, snapshot) {
        return GangState::NotInGang;
    }
    let gang = gang_spec(snapshot, &pe.job);
    if let Some(rejection) = gang.and_then(|gang| incomplete(pe, gang, snapshot)) {
        return GangState::Incomplete(rejection);
    }
    match (plan, gang) {
        (Some(plan), _) if rest_fits_with(pe, node, plan, snapshot) => {
            GangState::Planned { node, plan: Arc::clone(plan) }
        }
        (None, None) => GangState::NotInGang,
        (Some(_), _) | (None, Some(_)) => GangState::Infeasible(Rejection::GangInfeasible(None)),
    }
}

/// True when all pending PEs of the job but `pe` can go to the nodes of the plan once `pe` is on `node`; one of them may
/// take the node that the plan has for `pe`.
fn rest_fits_with(pe: &Arc<Pe>, node: NodeIndex, plan: &GangPlan, snapshot: &Snapshot) -> bool {
    let mut with = snapshot.clone();
    with.place(pe, node);
    let mut spare = plan.node_of(&pe.pod.key.uid).filter(|planned| *planned != node);
    let members = with.job(&pe.job).map_or(&[][..], |job| &job.members);
    let mut rest: Vec<(Arc<Pe>, Option<NodeIndex>)> =
        pending(members).into_iter().map(|member| (Arc::clone(&member), plan.node_of(&member.pod.key.uid))).collect();
    // Of two PEs of a plan one may have to go first: a node of a sized pool is chosen by whoever comes first.
    loop {
        let before = rest.len();
        rest.retain(|(member, planned)| {
            let decision = Decision::new(member, &with, Foresight::Bucket);
            let fitting = [*planned, spare].into_iter().flatten().find(|node| decision.filter(*node).is_ok());
            if let Some(node) = fitting {
                if Some(node) == spare && *planned != spare {
                    spare = None;
                }
                with.place(member, node);
            }
            fitting.is_none()
        });
        if rest.is_empty() || rest.len() == before {
            return rest.is_empty();
        }
    }
}

fn pending(members: &[Member]) -> Vec<Arc<Pe>> {
    members.iter().filter(|member| member.node.is_none()).map(|member| Arc::clone(&member.pe)).collect()
}
