//! Remedies: the change that would end a rejection.

use super::explanation::RejectionWithRemedy;
use crate::model::{NodeName, OversubscriptionRisk, Rejection, Shortage};

impl RejectionWithRemedy {
    /// A rejection with its remedy.
    pub(super) fn new(rejection: &Rejection) -> Self {
        Self { reason: rejection.reason().to_string(), problem: rejection.to_string(), remedy: remedy(rejection) }
    }
}

fn remedy(rejection: &Rejection) -> String {
    match rejection {
        Rejection::NodeUnknown => "wait until Outrigger has watched the node".to_owned(),
        Rejection::Unseen(object) => {
            format!("wait until Outrigger has watched {object}; check that Outrigger may list and watch this kind")
        }
        Rejection::InvalidPlacement(_) => "change the placement spec of the PE".to_owned(),
        Rejection::PoolNotFound(pool) => format!("create HostPool `{pool}`, or name one that exists"),
        Rejection::GangIncomplete { exist, count } => {
            let missing = usize::try_from(*count).unwrap_or(usize::MAX).saturating_sub(*exist);
            match missing {
                1 => "create the member of the gang that is missing, or ask for fewer".to_owned(),
                missing => format!("create the {missing} members of the gang that are missing, or ask for fewer"),
            }
        }
        Rejection::GangArrives => {
            "no action needed: waiting 3 s for more members of the gang; a gang with a count does not wait".to_owned()
        }
        Rejection::PlanOutdated => "no action needed: the gang is planned anew at the next attempt".to_owned(),
        Rejection::NotOffered => "check volumes, devices, pod affinity and topology spread of the pod".to_owned(),
        Rejection::GangInfeasible(_) => "lower the requests of the gang, or add nodes".to_owned(),
        Rejection::NodeUnschedulable => "uncordon the node, or wait until the node is ready".to_owned(),
        Rejection::UntoleratedTaint(taint) => format!("tolerate {taint}, or remove the taint"),
        Rejection::NodeAffinityMismatch(lacking) => match_affinity(lacking),
        Rejection::VolumeNodeAffinityConflict { claim, lacking } => reach_volume(claim, lacking),
        Rejection::RestrictedTag(tag) => {
            format!("ask for tag `{tag}` by a pool or outrigger.dev/host-tags, or open the node")
        }
        Rejection::PoolTagMissing(tag) => format!("label the node tag.outrigger.dev/{tag}"),
        Rejection::NotInPool => "add the node to the hosts of the pool".to_owned(),
        Rejection::PoolTooSmall { qualifying, size } => {
            let missing = size.saturating_sub(*qualifying);
            format!("let {missing} more nodes qualify for the pool, or lower its size to {qualifying}")
        }
        Rejection::PoolExclusiveToOtherJob(job) | Rejection::PoolNodeInUse(job) => {
            format!("wait until job {job} has left the node")
        }
        Rejection::PoolIndexElsewhere => "make room on the nodes of the pool that belong to the job".to_owned(),
        Rejection::HostMismatch => "add it to outrigger.dev/hosts".to_owned(),
        Rejection::PinnedElsewhere(node) => format!("make room on {node}, or drop outrigger.dev/relocatable: false"),
        Rejection::InsufficientResources(shortage) => make_room(shortage, "the PE requests"),
        Rejection::BucketDoesNotFit(shortage) => make_room(shortage, "the pending PEs of the bucket request"),
        Rejection::NodeHoldsIsolatedPe(pe)
        | Rejection::IsolatedPeNeedsEmptyNode(pe)
        | Rejection::ExlocationConflict(pe) => {
            format!("wait until PE {pe} has left the node")
        }
        Rejection::ColocationMismatch(nodes) => unite_bucket(nodes),
        Rejection::BucketMemberRejected { pe, rejection } => {
            format!("for PE {pe} of the bucket: {}", remedy(rejection))
        }
        Rejection::NodeOverloaded(overload) => format!(
            "wait until {} is below {}, or let the StreamJob override load protection",
            overload.metric,
            overload.thresholds.lower()
        ),
        Rejection::OversubscriptionRisk { risk, .. } => lower_risk(risk),
        Rejection::ExlocationInfeasible(token) => {
            format!("add a node that passes for the PEs with token `{token}`, or wait until these PEs are placed")
        }
    }
}

fn lower_risk(risk: &OversubscriptionRisk) -> String {
    let resource = risk.resource.as_str();
    format!("add nodes, wait for a lower forecast of {resource}, or raise spec.placement.riskCeiling of the policy")
}

fn match_affinity(lacking: &str) -> String {
    format!("label the node to match ({lacking}), or change the node selector or affinity of the pod")
}

fn reach_volume(claim: &str, lacking: &str) -> String {
    format!("make room on nodes with {lacking}, or bind claim {claim} to another volume")
}

fn make_room(shortage: &Shortage, who: &str) -> String {
    let Shortage { resource, requested, free } = shortage;
    if shortage.is_port() {
        return format!("free {resource}, or use another port");
    }
    let missing = requested.saturating_sub(*free);
    let [requested, missing, free] = shortage.with_units([*requested, missing, *free]);
    format!("free {missing} of {resource}: {who} {requested}, {free} is free")
}

fn unite_bucket(nodes: &[NodeName]) -> String {
    match nodes {
        [node] => format!("make room on {node}, where the bucket of the PE is"),
        _ => "delete PEs of the bucket until the rest is on one node".to_owned(),
    }
}
