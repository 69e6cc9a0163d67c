//! Plans a gang: a node for every pending member, or the reason why there is no plan.

use std::sync::Arc;

use super::super::bucket_members::BucketMembers;
use super::super::decide::{Foresight, PlacementDecision};
use super::super::gang::{GangPlan, GangState, asks_for_gang, gang_spec, incomplete};
use super::plan::{Budget, plan};
use crate::model::{Pe, Rejection};
use crate::state::{Member, NodeIndex, Snapshot};

/// Plans the gang of a PE, where it has one, in a snapshot that was [prepared](Snapshot::prepare_for) for the PE.
///
/// The members of a gang that is placed are placed one by one, unless they have given up the nodes that were reserved for
/// them: then one plan has to contain all of them.
#[must_use]
pub fn plan_gang(pe: &Arc<Pe>, snapshot: &Snapshot) -> GangState {
    if !asks_for_gang(pe, snapshot) {
        return GangState::NotInGang;
    }
    let gang = gang_spec(snapshot, &pe.job);
    match gang {
        None if !snapshot.is_planned_anew() => return GangState::NotInGang,
        None => {}
        Some(gang) => {
            if let Some(rejection) = incomplete(pe, gang, snapshot) {
                return GangState::Incomplete(rejection);
            }
        }
    }
    let members = snapshot.job(&pe.job).map_or(&[][..], |job| &job.members);
    let pending = pending(members);
    if let Some(kept) = kept_plan(pe, &pending, members, snapshot) {
        return kept;
    }
    let plan = plan(snapshot, &pending, Budget::default());
    if plan.unplaced.is_empty() {
        let planned = plan.placements.into_iter().map(|placement| (placement.pe, placement.node));
        let placements = planned.chain(placed(members)).collect();
        let plan = Arc::new(GangPlan { placements });
        // The plan includes the PE.
        return plan.node_of(&pe.pod.key.uid).map_or(GangState::NotInGang, |node| GangState::Planned { node, plan });
    }
    let conflict = plan.unplaced.iter().find_map(|unplaced| unplaced.conflict.as_deref());
    GangState::Infeasible(Rejection::GangInfeasible(conflict.map(|conflict| conflict.to_string().into())))
}

/// The plan that gave every member its node, the PE included, where the PE still passes there.
fn kept_plan(pe: &Arc<Pe>, pending: &[Arc<Pe>], members: &[Member], snapshot: &Snapshot) -> Option<GangState> {
    let node = snapshot.own_node(&pe.pod.key.uid)?;
    let [_] = pending else { return None };
    PlacementDecision::new(pe, snapshot, Foresight::Bucket).filter(node).ok()?;
    let placements = placed(members).chain([(Arc::clone(pe), node)]).collect();
    Some(GangState::Planned { node, plan: Arc::new(GangPlan { placements }) })
}

/// The members that have a node. A member that is not bound there may be bound after another member.
fn placed(members: &[Member]) -> impl Iterator<Item = (Arc<Pe>, NodeIndex)> {
    members.iter().filter_map(|member| Some((Arc::clone(&member.pe), member.node()?)))
}

/// The other members of a PE's gang or bucket, which give up nodes that are not bound yet when the group is planned anew.
#[must_use]
pub(crate) fn rest_of_group(pe: &Arc<Pe>, snapshot: &Snapshot) -> Vec<Arc<Pe>> {
    let job = snapshot.job(&pe.job);
    if asks_for_gang(pe, snapshot) {
        let members = job.map_or(&[][..], |job| &job.members).iter().filter(|member| member.is_unbound());
        let others = members.filter(|member| member.pe.pod.key.uid != pe.pod.key.uid);
        return others.map(|member| Arc::clone(&member.pe)).collect();
    }
    pe.spec.as_ref().map(|spec| BucketMembers::new(pe, spec, job).others).unwrap_or_default()
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
    match gang_spec(snapshot, &pe.job) {
        None if !snapshot.is_planned_anew() => return GangState::NotInGang,
        None => {}
        Some(gang) => {
            if let Some(rejection) = incomplete(pe, gang, snapshot) {
                return GangState::Incomplete(rejection);
            }
        }
    }
    plan.and_then(|plan| rest_with(pe, node, plan, snapshot)).map_or(GangState::Outdated, |rest| {
        let placements = rest.into_iter().chain([(Arc::clone(pe), node)]).collect();
        GangState::Planned { node, plan: Arc::new(GangPlan { placements }) }
    })
}

/// The nodes of the other unbound PEs of the job with `pe` on `node`: their planned nodes, where they pass. One of them may
/// take the planned node of `pe`. `None` where one of them has no node then.
fn rest_with(pe: &Arc<Pe>, node: NodeIndex, plan: &GangPlan, snapshot: &Snapshot) -> Option<Vec<(Arc<Pe>, NodeIndex)>> {
    let mut with = snapshot.clone();
    with.place(pe, node);
    let mut found: Vec<(Arc<Pe>, NodeIndex)> = Vec::new();
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
                found.push((Arc::clone(member), node));
            }
            fitting.is_none()
        });
        if rest.is_empty() {
            return Some(found);
        }
        if rest.len() == before {
            return None;
        }
    }
}

/// True where the rest of a PE's gang has a plan with the PE on `node`; true for a PE without a gang.
#[must_use]
pub(crate) fn gang_fits_with(pe: &Arc<Pe>, node: NodeIndex, snapshot: &Snapshot) -> bool {
    if !asks_for_gang(pe, snapshot) {
        return true;
    }
    let Some(gang) = gang_spec(snapshot, &pe.job) else { return true };
    if incomplete(pe, gang, snapshot).is_some() {
        return false;
    }
    let mut with = snapshot.clone();
    with.place(pe, node);
    let rest = pending(with.job(&pe.job).map_or(&[][..], |job| &job.members));
    plan(&with, &rest, Budget::default()).unplaced.is_empty()
}

fn pending(members: &[Member]) -> Vec<Arc<Pe>> {
    members.iter().filter(|member| member.is_waiting()).map(|member| Arc::clone(&member.pe)).collect()
}
