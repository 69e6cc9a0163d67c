//! What would make a node fit, in words with the numbers.

use super::account::Lack;
use crate::model::{Bytes, Millicores, NodeName, Refusal};

impl Lack {
    /// A refusal, and what would help.
    pub(super) fn of(refusal: &Refusal) -> Self {
        Self { reason: refusal.reason().to_string(), problem: refusal.to_string(), remedy: remedy(refusal) }
    }
}

fn remedy(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NodeUnknown => "wait until Outrigger has seen it".to_owned(),
        Refusal::Unseen(object) => {
            format!("wait until {object} is seen; where that takes long, let Outrigger list and watch that kind")
        }
        Refusal::InvalidPlacement(_) => "change what the PE asks for".to_owned(),
        Refusal::PoolNotFound(pool) => format!("create HostPool `{pool}`, or name one that exists"),
        Refusal::GangIncomplete(exist, count) => {
            let missing = usize::try_from(*count).unwrap_or(usize::MAX).saturating_sub(*exist);
            format!("create the {missing} members of the gang that are missing, or ask for fewer")
        }
        Refusal::GangArrives => {
            "nothing: a gang of all waits for a moment after its last member was created; one with a \
                                 count does not"
                .to_owned()
        }
        Refusal::GangInfeasible(None) => "nothing: the plan for its gang has another node for it".to_owned(),
        Refusal::GangInfeasible(Some(_)) => "let the gang ask for less together, or add nodes".to_owned(),
        Refusal::NodeUnschedulable => "uncordon it, or wait until it is ready".to_owned(),
        Refusal::UntoleratedTaint(taint) => format!("tolerate {taint}, or take the taint off"),
        Refusal::NodeAffinityMismatch(lacking) => {
            format!("give the node what is asked for ({lacking}), or ask for less")
        }
        Refusal::RestrictedTag(tag) => {
            format!("ask for tag `{tag}` by a pool or outrigger.dev/host-tags, or open the node")
        }
        Refusal::PoolTagMissing(tag) => format!("label it tag.outrigger.dev/{tag}"),
        Refusal::NotInPool => "add it to the hosts of the pool".to_owned(),
        Refusal::PoolTooSmall(qualify, size) => {
            let missing = size.saturating_sub(*qualify);
            format!("let {missing} more nodes qualify for the pool, or lower its size to {qualify}")
        }
        Refusal::PoolExclusiveToOtherJob(job) | Refusal::PoolNodeInUse(job) => {
            format!("wait until job {job} has left it")
        }
        Refusal::PoolIndexElsewhere => "make room on the nodes that the job has chosen of the pool".to_owned(),
        Refusal::HostMismatch => "add it to outrigger.dev/hosts".to_owned(),
        Refusal::PinnedElsewhere(node) => format!("make room on {node}, or drop outrigger.dev/relocatable: false"),
        Refusal::InsufficientResources(resource, wanted, free) => amounts(resource, (*wanted, *free), "the PE asks"),
        Refusal::BucketDoesNotFit(resource, wanted, free) => {
            amounts(resource, (*wanted, *free), "the waiting PEs of the bucket ask together")
        }
        Refusal::NodeHoldsIsolatedPe(pe) | Refusal::IsolatedPeNeedsEmptyNode(pe) | Refusal::ExlocationConflict(pe) => {
            format!("wait until PE {pe} has left it")
        }
        Refusal::ColocationMismatch(nodes) => together(nodes),
        Refusal::BucketMemberRefused(pe, refusal) => format!("for PE {pe} of its bucket: {}", remedy(refusal)),
        Refusal::NodeOverloaded(overload) => format!(
            "wait until {} is below {}, or let the StreamJob override load protection",
            overload.metric,
            overload.thresholds.lower()
        ),
        Refusal::ExlocationInfeasible(token) => {
            format!("add a node that the PEs with token `{token}` may go to, or wait until they are placed")
        }
    }
}

fn amounts(resource: &str, (wanted, free): (u64, u64), who: &str) -> String {
    if resource.starts_with("hostPort ") {
        return format!("free {resource}, or take another port");
    }
    let [wanted, missing, free] = [wanted, wanted.saturating_sub(free), free].map(|amount| spoken(resource, amount));
    format!("free {missing} of {resource}: {who} for {wanted}, {free} is free")
}

fn together(nodes: &[NodeName]) -> String {
    match nodes {
        [node] => format!("make room on {node}, where its bucket is"),
        _ => "delete PEs of its bucket until the rest is on one node".to_owned(),
    }
}

fn spoken(resource: &str, amount: u64) -> String {
    match resource {
        "cpu" => Millicores(amount).to_string(),
        "memory" | "ephemeral-storage" => Bytes(amount).to_string(),
        _ => amount.to_string(),
    }
}
