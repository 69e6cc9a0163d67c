//! bind: verify again, commit, and only then write.
//!
//! Filter and prioritize were advice. Here every hard constraint is checked against what is true and what we have
//! committed to, under the lock of the cluster, and the commitment counts before the API server hears of it (law 1).

use jiff::Timestamp;

use super::attempt::Attempt;
use super::decode::BindingArguments;
use super::encode;
use super::fence::pods_to_fence;
use super::record::Record;
use crate::model::{NodeName, PodKey, Rejection};
use crate::placement::Case;
use crate::state::Cluster;

/// A commitment: counted from now on, and to be written as a Binding.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingBinding {
    /// The pod.
    pub pod: PodKey,
    /// The version of the pod that was judged: a precondition of the Binding, like its UID (D17).
    pub resource_version: Box<str>,
    /// The node.
    pub node: NodeName,
    /// The account of the placement; `None` for a pod of no policy.
    pub record: Option<Record>,
}

/// Why a pod is not bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No such pod, or another one of its name.
    #[error("pod {0} with this UID is not known, or is gone")]
    UnknownPod(String),
    /// It runs already, on another node.
    #[error("pod runs on {0} already")]
    Elsewhere(NodeName),
    /// The cluster has not been listed in full.
    #[error("StaleState: nodes, pods, pools and jobs have not been listed yet; the pod is tried again")]
    NotListed,
    /// A hard constraint does not hold any more.
    #[error("{0}")]
    Rejected(Rejection),
}

/// What verification found.
#[derive(Clone, Debug, PartialEq)]
pub enum Verified {
    /// Committed: write the Binding.
    Assumed(Box<PendingBinding>),
    /// Nothing is committed: a Binding that could break a rule together with this one may be on its way. These pods
    /// have to be marked first.
    Unsettled(Vec<PodKey>),
    /// The pod is on that node already: an earlier request succeeded after its caller gave up.
    Already,
}

/// Checks every hard constraint against the cluster as it is, and commits.
///
/// # Errors
/// [`BindError`]; nothing is committed then.
pub fn verify_and_assume(
    cluster: &mut Cluster,
    arguments: &BindingArguments,
    attempt: Option<&Attempt>,
    now: Timestamp,
) -> Result<Verified, BindError> {
    let unknown = || BindError::UnknownPod(format!("{}/{}", arguments.namespace, arguments.name));
    let (pod, pe) = cluster.pod(arguments.uid.as_str()).ok_or_else(unknown)?;
    match &pod.node {
        Some(node) if *node == arguments.node => return Ok(Verified::Already),
        Some(node) => return Err(BindError::Elsewhere(node.clone())),
        None => {}
    }
    let snapshot = cluster.snapshot();
    if !snapshot.is_complete() {
        // Right after a start: what we do not know of yet would be taken for not there.
        return Err(BindError::NotListed);
    }
    // Our own earlier commitment for the same pod counts among these: its Binding may still land.
    let unsettled = pods_to_fence(cluster, arguments.uid.as_str());
    if !unsettled.is_empty() {
        return Ok(Verified::Unsettled(unsettled));
    }
    let record = match pe {
        None => None,
        Some(pe) => {
            let index = snapshot.find(arguments.node.as_str()).ok_or(BindError::Rejected(Rejection::NodeUnknown))?;
            let case = Case::new(pe, snapshot);
            case.verdict_at_bind(index).map_err(BindError::Rejected)?;
            Record::new(&case, pe, snapshot, index, (attempt, now))
        }
    };
    let binding = PendingBinding {
        pod: pod.key.clone(),
        resource_version: pod.resource_version.clone(),
        node: arguments.node.clone(),
        record,
    };
    cluster.assume(&arguments.uid, &arguments.node).map_err(|_unknown| unknown())?;
    Ok(Verified::Assumed(Box::new(binding)))
}

/// The answer of bind.
#[must_use]
pub fn answer(problem: Option<&str>) -> Vec<u8> {
    encode::binding_result(problem)
}
