//! `PreFilter`: looks up the facts about one PE in one snapshot that the filter plugins read.

use std::sync::Arc;

use super::allocation::Allocation;
use super::bucket_members::BucketMembers;
use super::exlocated::ExlocatedSiblings;
use super::invalid_spec;
use super::pool::count_qualifying;
use super::risk_limit::RiskLimit;
use crate::model::{HostChoice, NodeName, Pe, PlacementSpec, Pool, Pools, Rejection};
use crate::state::{ClaimTopology, ListedResources, NodeIndex, NodeSet, Snapshot};

/// The facts about one PE in one snapshot. They borrow nothing, so that an attempt keeps them from filter to bind.
#[derive(Clone, Debug)]
pub(super) struct PreFilterState {
    pub(super) pe: Arc<Pe>,
    pub(super) spec: Arc<PlacementSpec>,
    /// Every pool, because a PE of another job may hold a node by its own pool.
    pub(super) pools: Arc<Pools>,
    /// The pool that the PE names.
    pub(super) pool: Option<Arc<Pool>>,
    /// The allocation of the job; empty where the pool has no size.
    pub(super) allocation: Allocation,
    /// How many nodes qualify for the pool; `None` where the pool has no size, or the job has nodes already.
    pub(super) qualifying: Option<usize>,
    /// The resources that a node can be short of.
    pub(super) listed_resources: Arc<ListedResources>,
    pub(super) bucket: BucketMembers,
    /// The nodes that members of the bucket are bound to, by name, sorted.
    pub(super) bucket_nodes: Arc<[NodeName]>,
    pub(super) exlocated: ExlocatedSiblings,
    /// The node that an earlier pod of the PE was bound to last.
    pub(super) previous_node: Option<NodeName>,
    /// Nodes that kube-scheduler does not ask about for the PE.
    pub(super) unoffered: Option<Arc<NodeSet>>,
    /// The claims of the pod whose volumes cannot be used on every node.
    pub(super) claims: Vec<ClaimTopology>,
    /// The limit on the risk of the node; `None` where the policy has none, or no demand is known.
    pub(super) risk_limit: Option<RiskLimit>,
    /// The index of the previous node, where the snapshot has that node.
    pub(super) previous_index: Option<NodeIndex>,
}

impl PreFilterState {
    /// Looks up the facts about `pe`.
    ///
    /// # Errors
    /// The [`Rejection`] that holds for every node: the placement spec is not known yet or is invalid, or the pool does
    /// not exist.
    pub(super) fn new(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<Self, Rejection> {
        let bucket = |spec: &PlacementSpec| BucketMembers::new(pe, spec, snapshot.job(&pe.job));
        Self::with_bucket(pe, snapshot, bucket)
    }

    /// Looks up the facts about `pe` as if it were alone in its bucket.
    ///
    /// # Errors
    /// The same as of [`PreFilterState::new`].
    pub(super) fn outside_bucket(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<Self, Rejection> {
        Self::with_bucket(pe, snapshot, |_| BucketMembers::default())
    }

    fn with_bucket(
        pe: &Arc<Pe>,
        snapshot: &Snapshot,
        bucket: impl FnOnce(&PlacementSpec) -> BucketMembers,
    ) -> Result<Self, Rejection> {
        if let Some(unseen) = &pe.awaited {
            return Err(Rejection::Unseen(unseen.to_string()));
        }
        let spec = pe.spec.as_ref().map_err(|problem| Rejection::InvalidPlacement(problem.to_string().into()))?;
        let job = snapshot.job(&pe.job);
        let bucket = bucket(spec);
        let pool = match &spec.hosts {
            HostChoice::Pool(id) => snapshot.pools().get(id),
            HostChoice::Any | HostChoice::Tags(_) => None,
        };
        invalid_spec::validate(spec, pool.map(|pool| &**pool), &bucket)?;
        if let (HostChoice::Pool(id), None) = (&spec.hosts, pool) {
            return Err(Rejection::PoolNotFound(id.to_string().into()));
        }
        let sized = pool.filter(|pool| pool.mode.size().is_some());
        let allocation = sized.map_or_else(Allocation::default, |pool| Allocation::new(pe, pool, job));
        let previous_node = job.and_then(|job| job.previous_node(pe)).cloned();
        Ok(Self {
            pe: Arc::clone(pe),
            spec: Arc::clone(spec),
            pools: Arc::clone(snapshot.pools()),
            pool: pool.cloned(),
            qualifying: sized.filter(|_| allocation.nodes.is_empty()).map(|pool| count_qualifying(pool, snapshot)),
            allocation,
            listed_resources: Arc::clone(snapshot.listed_resources()),
            bucket_nodes: bucket.node_names(snapshot),
            exlocated: ExlocatedSiblings::new(pe, spec, job),
            previous_index: previous_node.as_ref().and_then(|node| snapshot.find(node.as_str())),
            previous_node,
            claims: snapshot.claim_topologies(&pe.pod),
            unoffered: snapshot.unoffered(&pe.pod.key.uid).cloned(),
            risk_limit: RiskLimit::new(pe, spec, &bucket, snapshot),
            bucket,
        })
    }

    /// The size of the pool that the PE names, where it has one.
    pub(super) fn pool_size(&self) -> Option<usize> {
        self.pool.as_ref()?.mode.size()
    }

    /// The only nodes that can pass, where bound PEs of the job determine them.
    pub(super) fn only_nodes(&self) -> Option<&[NodeIndex]> {
        let allocated = &self.allocation.nodes;
        let is_chosen = self.pool_size().is_some_and(|size| allocated.len() >= size);
        let anchors = Some(&self.bucket.anchors).filter(|anchors| !anchors.is_empty());
        anchors.or_else(|| is_chosen.then_some(allocated)).map(Vec::as_slice)
    }

    /// The allocation of the job in its sized pool with the PE on `index`, by name; none for other pools.
    pub(super) fn allocation_with(&self, index: NodeIndex, snapshot: &Snapshot) -> Vec<NodeName> {
        if self.pool_size().is_none() {
            return Vec::new();
        }
        let name_of = |index: &NodeIndex| snapshot.node(*index).map(|state| state.name.clone());
        let mut names: Vec<NodeName> = self.allocation.nodes.iter().chain([&index]).filter_map(name_of).collect();
        // Indexes have the order in which nodes were first watched, so the names are sorted for the reader.
        names.sort_unstable();
        names.dedup();
        names
    }
}
