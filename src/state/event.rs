//! What can happen to the cluster.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, Load, Node, NodeName, ObjectId, Owner, Pod, PodUid, Pool,
    PoolId, StreamJob, StreamJobId,
};
use crate::policy::PolicySet;

/// One change, as the watches and the policy files report it.
#[derive(Clone, Debug)]
pub enum Event {
    /// A node was added or changed.
    Node(Node),
    /// A node is gone.
    NodeGone(NodeName),
    /// All nodes there are: the outcome of a consistent list.
    NodesListed(Vec<Node>),
    /// A pod was added or changed.
    Pod(Box<Pod>),
    /// A pod is gone.
    PodGone(PodUid),
    /// All pods there are.
    PodsListed(Vec<Pod>),
    /// A workload is gone, and what belongs to it alone is going to be collected.
    OwnerGone(Owner),
    /// A pool was added or changed.
    Pool(Pool),
    /// A pool is gone, or can no longer be read.
    PoolGone(PoolId),
    /// All pools there are.
    PoolsListed(Vec<Pool>),
    /// A `StreamJob` was added or changed.
    StreamJob(Box<StreamJob>),
    /// A `StreamJob` is gone, or can no longer be read.
    StreamJobGone(StreamJobId),
    /// All `StreamJob` objects there are.
    StreamJobsListed(Vec<StreamJob>),
    /// A `ProcessingElement` of group `streams.ibm.com`.
    DeclaredPe(Change<DeclaredPe>),
    /// A `HostPool` of that group.
    DeclaredPool(Change<DeclaredPool>),
    /// A `Job` of that group.
    DeclaredJob(Change<DeclaredJob>),
    /// A `ParallelRegion` of that group.
    DeclaredRegion(Change<DeclaredRegion>),
    /// The policies in force from now on.
    Policies(PolicySet),
    /// What was measured of nodes, in the place of all that was reported in this way before.
    Loads(BTreeMap<NodeName, Load>),
    /// What time it is from now on: measurements grow old.
    Time(Timestamp),
    /// All pods that were created until then have been seen, as far as can be told; before the first such event, all.
    Settled(Timestamp),
}

/// What can happen to objects of a kind that a cluster may do without.
#[derive(Clone, Debug)]
pub enum Change<T> {
    /// All objects of the kind are going to be listed: nothing can be decided before.
    Expected,
    /// All objects of the kind that there are.
    Listed(Vec<T>),
    /// An object was added or changed.
    Put(Box<T>),
    /// An object is gone, or can no longer be read.
    Gone(ObjectId),
}
