//! Plans a gang: a node for every pending member, or the reason why there is no plan.

use std::sync::Arc;

use super::super::decide::{Foresight, PlacementDecision};
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
        let planned = plan.placements.into_iter().map(|placement| (placement.pe, placement.node));
        // A member that is only reserved here may be bound after this PE.
        let placed = members.iter().filter_map(|member| Some((Arc::clone(&member.pe), member.node()?)));
        let placements = planned.chain(placed).collect();
        let plan = Arc::new(GangPlan { placements });
        // The plan includes the PE.
        return plan.node_of(&pe.pod.key.uid).map_or(GangState::NotInGang, |node| GangState::Planned { node, plan });
    }
    if gang.is_none() {
        // The gang is placed. Further members are placed one by one.
        return GangState::NotInGang;
    }
    let conflict = plan.unplaced.iter().find_map(|unplaced| unplaced.conflict.as_deref());
    GangState::Infeasible(Rejection::GangInfeasible(conflict.map(|conflict| conflict.to_string().into())))
}

/// The state of a PE's gang at bind, where `plan` is the plan that filter used.
///
/// No plan is made, so that bind takes bounded time under the cluster's lock. The PE may take any node with which the rest
/// of the plan is still valid. Otherwise kube-scheduler retries the PE, and filter makes a new plan.
#[must_use]
pub(crate) fn gang_at_bind(
    pe: &Arc<Pe>,
    node: NodeIndex,
    plan: Option<&Arc<GangPlan>>,
    snapshot: &Snapshot,
) -> GangState {
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

/// True where the other pending PEs of the job pass on their planned nodes with `pe` on `node`. One of them may take the
/// planned node of `pe`.
fn rest_fits_with(pe: &Arc<Pe>, node: NodeIndex, plan: &GangPlan, snapshot: &Snapshot) -> bool {
    let mut with = snapshot.clone();
    with.place(pe, node);
    let mut spare = plan.node_of(&pe.pod.key.uid).filter(|planned| *planned != node);
    let members = with.job(&pe.job).map_or(&[][..], |job| &job.members);
    let mut rest: Vec<(Arc<Pe>, Option<NodeIndex>)> =
        pending(members).into_iter().map(|member| (Arc::clone(&member), plan.node_of(&member.pod.key.uid))).collect();
    // A planned PE may have to be placed before another one, which joins the allocation of a sized pool.
    loop {
        let before = rest.len();
        rest.retain(|(member, planned)| {
            let decision = PlacementDecision::new(member, &with, Foresight::Bucket);
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
    members.iter().filter(|member| member.is_waiting()).map(|member| Arc::clone(&member.pe)).collect()
}
