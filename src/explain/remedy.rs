//! Remedies: the change that would end a rejection.

use super::explanation::RejectionWithRemedy;
use crate::model::{NodeName, Rejection, Shortage};

impl RejectionWithRemedy {
    /// A rejection with its remedy.
    pub(super) fn new(rejection: &Rejection) -> Self {
        Self { reason: rejection.reason().to_string(), problem: rejection.to_string(), remedy: remedy(rejection) }
    }
}

fn remedy(rejection: &Rejection) -> String {
    match rejection {
        Rejection::NodeUnknown => "wait until Outrigger has seen it".to_owned(),
        Rejection::Unseen(object) => {
            format!("wait until {object} is seen; where that takes long, let Outrigger list and watch that kind")
        }
        Rejection::InvalidPlacement(_) => "change what the PE asks for".to_owned(),
        Rejection::PoolNotFound(pool) => format!("create HostPool `{pool}`, or name one that exists"),
        Rejection::GangIncomplete { exist, count } => {
            let missing = usize::try_from(*count).unwrap_or(usize::MAX).saturating_sub(*exist);
            format!("create the {missing} members of the gang that are missing, or ask for fewer")
        }
        Rejection::GangArrives => {
            "nothing: a gang of all waits for a moment after its last member was created; one with a \
                                 count does not"
                .to_owned()
        }
        Rejection::GangInfeasible(None) => "nothing: the plan for its gang has another node for it".to_owned(),
        Rejection::GangInfeasible(Some(_)) => "let the gang ask for less together, or add nodes".to_owned(),
        Rejection::NodeUnschedulable => "uncordon it, or wait until it is ready".to_owned(),
        Rejection::UntoleratedTaint(taint) => format!("tolerate {taint}, or take the taint off"),
        Rejection::NodeAffinityMismatch(lacking) => {
            format!("give the node what is asked for ({lacking}), or ask for less")
        }
        Rejection::RestrictedTag(tag) => {
            format!("ask for tag `{tag}` by a pool or outrigger.dev/host-tags, or open the node")
        }
        Rejection::PoolTagMissing(tag) => format!("label it tag.outrigger.dev/{tag}"),
        Rejection::NotInPool => "add it to the hosts of the pool".to_owned(),
        Rejection::PoolTooSmall { qualifying, size } => {
            let missing = size.saturating_sub(*qualifying);
            format!("let {missing} more nodes qualify for the pool, or lower its size to {qualifying}")
        }
        Rejection::PoolExclusiveToOtherJob(job) | Rejection::PoolNodeInUse(job) => {
            format!("wait until job {job} has left it")
        }
        Rejection::PoolIndexElsewhere => "make room on the nodes that the job has chosen of the pool".to_owned(),
        Rejection::HostMismatch => "add it to outrigger.dev/hosts".to_owned(),
        Rejection::PinnedElsewhere(node) => format!("make room on {node}, or drop outrigger.dev/relocatable: false"),
        Rejection::InsufficientResources(shortage) => make_room(shortage, "the PE asks"),
        Rejection::BucketDoesNotFit(shortage) => make_room(shortage, "the waiting PEs of the bucket ask together"),
        Rejection::NodeHoldsIsolatedPe(pe)
        | Rejection::IsolatedPeNeedsEmptyNode(pe)
        | Rejection::ExlocationConflict(pe) => {
            format!("wait until PE {pe} has left it")
        }
        Rejection::ColocationMismatch(nodes) => unite_bucket(nodes),
        Rejection::BucketMemberRejected { pe, rejection } => {
            format!("for PE {pe} of its bucket: {}", remedy(rejection))
        }
        Rejection::NodeOverloaded(overload) => format!(
            "wait until {} is below {}, or let the StreamJob override load protection",
            overload.metric,
            overload.thresholds.lower()
        ),
        Rejection::ExlocationInfeasible(token) => {
            format!("add a node that the PEs with token `{token}` may go to, or wait until they are placed")
        }
    }
}

fn make_room(shortage: &Shortage, who: &str) -> String {
    let Shortage { resource, requested, free } = shortage;
    if shortage.is_port() {
        return format!("free {resource}, or take another port");
    }
    let missing = requested.saturating_sub(*free);
    let [requested, missing, free] = [*requested, missing, *free].map(|amount| shortage.with_unit(amount));
    format!("free {missing} of {resource}: {who} for {requested}, {free} is free")
}

fn unite_bucket(nodes: &[NodeName]) -> String {
    match nodes {
        [node] => format!("make room on {node}, where its bucket is"),
        _ => "delete PEs of its bucket until the rest is on one node".to_owned(),
    }
}
