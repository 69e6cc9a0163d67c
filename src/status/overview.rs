//! The PEs of a snapshot, by pool and by job.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{HostChoice, JobId, NodeName, ObjectId};
use crate::state::{JobState, Snapshot};

/// The PEs of a snapshot by pool and by job: made once, for the status of every object.
#[derive(Debug)]
pub struct Overview<'a> {
    pub(super) snapshot: &'a Snapshot,
    pools: BTreeMap<&'a ObjectId, BTreeMap<&'a JobId, NodesInUse<'a>>>,
    jobs: BTreeMap<ObjectId, BTreeMap<&'a JobId, &'a Arc<JobState>>>,
}

/// The PEs that a job has in a pool, and their nodes.
#[derive(Debug, Default)]
pub(super) struct NodesInUse<'a> {
    pub(super) pes: usize,
    pub(super) nodes: BTreeSet<&'a NodeName>,
}

impl<'a> Overview<'a> {
    /// The overview of a snapshot.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let (mut pools, mut jobs) = (BTreeMap::new(), BTreeMap::new());
        for (id, row) in snapshot.jobs() {
            jobs.entry(id.object()).or_insert_with(BTreeMap::new).insert(id, row);
            for member in &row.members {
                let (Some(index), Ok(spec)) = (member.bound_node(), &member.pe.spec) else { continue };
                let (HostChoice::Pool(pool), Some(node)) = (&spec.hosts, snapshot.node(index)) else { continue };
                let used: &mut NodesInUse<'_> =
                    pools.entry(pool).or_insert_with(BTreeMap::new).entry(id).or_insert_with(NodesInUse::default);
                used.pes += 1;
                used.nodes.insert(&node.name);
            }
        }
        Self { snapshot, pools, jobs }
    }

    /// The allocation of each job in a pool.
    pub(super) fn allocations(&self, pool: &ObjectId) -> impl Iterator<Item = (&JobId, &NodesInUse<'a>)> {
        self.pools.get(pool).into_iter().flatten().map(|(job, used)| (*job, used))
    }

    /// Every submission of a job that has a PE.
    pub(super) fn submissions(&self, job: &ObjectId) -> impl Iterator<Item = (&'a JobId, &'a JobState)> {
        self.jobs.get(job).into_iter().flatten().map(|(id, row)| (*id, &***row))
    }
}

/// A count as the API writes it.
pub(super) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
