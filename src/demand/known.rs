//! What is known of PEs and nodes at the moment at which measurements are read.

use std::sync::Arc;

use crate::model::{NodeName, Pe};
use crate::state::{Cluster, Snapshot};

/// The PEs and nodes of a moment. It is taken under the lock of the cluster, and so copies references only.
#[derive(Clone, Debug)]
pub(super) struct KnownCluster {
    pub(super) snapshot: Snapshot,
    /// Every PE whose pod has not ended, also one that is leaving.
    pub(super) pes: Vec<KnownPe>,
}

/// A PE whose pod has not ended.
#[derive(Clone, Debug)]
pub(super) struct KnownPe {
    pub(super) pe: Arc<Pe>,
    /// The node of the pod; `None` where the pod waits for a node.
    pub(super) node: Option<NodeName>,
}

impl KnownCluster {
    pub(super) fn of(cluster: &Cluster) -> Self {
        let snapshot = cluster.snapshot().clone();
        let name = |index| snapshot.node(index).map(|node| node.name.clone());
        let known = cluster.pes().map(|(pe, node)| KnownPe { pe: Arc::clone(pe), node: node.and_then(name) });
        let pes = known.collect();
        Self { snapshot, pes }
    }
}
