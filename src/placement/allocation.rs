//! Allocations: the nodes of a sized pool that belong to a job.

use crate::model::{HostChoice, Pe, Pool};
use crate::state::{JobState, NodeIndex};

/// The nodes of a sized pool that belong to a job: the nodes that bound PEs of the job and the pool run on.
#[derive(Clone, Debug, Default)]
pub(super) struct Allocation {
    /// Each node once, sorted.
    pub(super) nodes: Vec<NodeIndex>,
    /// The nodes of PEs with a `pool-index`, with that index.
    pub(super) indexed: Vec<(u32, NodeIndex)>,
}

impl Allocation {
    /// Looks up the allocation of the job of `pe` in `pool`. The node of `pe` itself does not count.
    pub(super) fn new(pe: &Pe, pool: &Pool, job: Option<&JobState>) -> Self {
        let mut allocation = Self::default();
        for member in job.iter().flat_map(|job| &job.members).filter(|member| member.pe.pod.key.uid != pe.pod.key.uid) {
            let (Some(node), Ok(theirs)) = (member.node(), &member.pe.spec) else { continue };
            if !matches!(&theirs.hosts, HostChoice::Pool(id) if *id == pool.id) {
                continue;
            }
            allocation.nodes.push(node);
            allocation.indexed.extend(theirs.pool_index.map(|index| (index, node)));
        }
        allocation.nodes.sort_unstable();
        allocation.nodes.dedup();
        allocation
    }
}
