//! The work budget of one request: how much a decision about one PE may cost.
//!
//! A decision compares the PE with the pending PEs of its job. Users bound neither how many there are nor how different
//! they are. So the cost is estimated before the decision is made, and a request whose PE is too dear is answered with an
//! error that names the PE (`docs/design.md`, D24).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bucket_members::BucketMembers;
use crate::model::{Pe, PodKey, Token, VolumeTopology};
use crate::state::{JobState, Snapshot};

/// The most steps of one decision. A step filters one node for one PE, or compares two PEs: 10 to 50 ns.
const MOST_STEPS: usize = 1 << 26;

/// A PE whose decision would cost more than one request may cost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "work budget: PE {pod} needs {steps} steps to leave nodes to the pending PEs that share its exlocation tokens, and one \
     request may take {MOST_STEPS}; give it fewer exlocation tokens, or equal placement specs to the PEs that share them"
)]
pub struct TooDear {
    /// The pod of the PE.
    pub pod: PodKey,
    /// The estimated number of steps.
    pub steps: usize,
}

/// Checks that the decision about a PE is within the work budget. The check itself takes time in proportion to the job.
///
/// # Errors
/// [`TooDear`]
pub fn check_work_budget(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<(), TooDear> {
    let Some(job) = snapshot.job(&pe.job) else { return Ok(()) };
    let volumes = |pe: &Pe| snapshot.volume_topologies(&pe.pod);
    let steps = estimate(pe, job, volumes, || snapshot.indexes().count());
    if steps > MOST_STEPS { Err(TooDear { pod: pe.pod.key.clone(), steps }) } else { Ok(()) }
}

/// The steps of the look-ahead of a PE and of the other members of its bucket.
fn estimate(
    pe: &Arc<Pe>,
    job: &JobState,
    volumes: impl Fn(&Pe) -> Vec<Arc<VolumeTopology>>,
    nodes: impl FnOnce() -> usize,
) -> usize {
    let Ok(spec) = &pe.spec else { return 0 };
    let bucket = BucketMembers::new(pe, spec, Some(job));
    let looking = bucket.others_pending.iter().chain([pe]).filter_map(|member| member.spec.as_deref().ok());
    let mut looks: BTreeMap<&Token, usize> = BTreeMap::new();
    for token in looking.flat_map(|spec| &spec.exlocation) {
        *looks.entry(token).or_default() += 1;
    }
    if looks.is_empty() {
        return 0;
    }
    // For PEs that share these, the same nodes pass.
    let mut classes: BTreeMap<&Token, BTreeSet<Vec<usize>>> = BTreeMap::new();
    for member in job.members.iter().filter(|member| member.is_waiting()).map(|member| &member.pe) {
        let Ok(spec) = &member.spec else { continue };
        let is_alone = !spec.colocation.is_empty() || !spec.relocatable;
        let pod = &member.pod;
        let class = if is_alone {
            vec![Arc::as_ptr(member).addr()]
        } else {
            let requirements = pod.node_requirements.as_ref().map_or(0, |shared| Arc::as_ptr(shared).addr());
            let shared = [Arc::as_ptr(spec).addr(), Arc::as_ptr(&pod.resources).addr(), requirements];
            shared.into_iter().chain(volumes(member).iter().map(|topology| Arc::as_ptr(topology).addr())).collect()
        };
        for token in spec.exlocation.iter().filter(|token| looks.contains_key(token)) {
            classes.entry(token).or_default().insert(class.clone());
        }
    }
    let of_one_class = nodes().saturating_add(job.members.len());
    let of_token = |(token, times): (&&Token, &usize)| {
        let classes = classes.get(token).map_or(0, BTreeSet::len);
        classes.saturating_mul(*times).saturating_mul(of_one_class)
    };
    looks.iter().map(of_token).fold(0, usize::saturating_add)
}

#[cfg(test)]
#[path = "tests/work_budget.rs"]
mod tests;
