//! A snapshot by pools and by jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{HostChoice, JobId, NodeName, ObjectId};
use crate::state::{JobState, Snapshot};

/// A snapshot by pools and by jobs, gathered once for all of them.
#[derive(Debug)]
pub struct Overview<'a> {
    pub(super) snapshot: &'a Snapshot,
    pools: BTreeMap<&'a ObjectId, BTreeMap<&'a JobId, Used<'a>>>,
    jobs: BTreeMap<ObjectId, BTreeMap<&'a JobId, &'a Arc<JobState>>>,
}

/// What a job has of a pool.
#[derive(Debug, Default)]
pub(super) struct Used<'a> {
    pub(super) pes: usize,
    pub(super) nodes: BTreeSet<&'a NodeName>,
}

impl<'a> Overview<'a> {
    /// Gathers what is placed.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let (mut pools, mut jobs) = (BTreeMap::new(), BTreeMap::new());
        for (id, row) in snapshot.jobs() {
            jobs.entry(id.object()).or_insert_with(BTreeMap::new).insert(id, row);
            for member in &row.members {
                let (Some(index), Ok(spec)) = (member.node, &member.pe.spec) else { continue };
                let (HostChoice::Pool(pool), Some(node)) = (&spec.hosts, snapshot.node(index)) else { continue };
                let used: &mut Used<'_> =
                    pools.entry(pool).or_insert_with(BTreeMap::new).entry(id).or_insert_with(Used::default);
                used.pes += 1;
                used.nodes.insert(&node.name);
            }
        }
        Self { snapshot, pools, jobs }
    }

    /// What each job has of a pool.
    pub(super) fn of_pool(&self, pool: &ObjectId) -> impl Iterator<Item = (&JobId, &Used<'a>)> {
        self.pools.get(pool).into_iter().flatten().map(|(job, used)| (*job, used))
    }

    /// Every submission of a job that has a PE.
    pub(super) fn submissions(&self, job: &ObjectId) -> impl Iterator<Item = (&'a JobId, &'a JobState)> {
        self.jobs.get(job).into_iter().flatten().map(|(id, row)| (*id, &***row))
    }
}
