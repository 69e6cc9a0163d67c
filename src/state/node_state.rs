//! What a snapshot holds of a node.

use std::sync::Arc;

use crate::model::{HostPort, Node, NodeName, Overload, Pe, PodUid, Resources};

/// The place of a node in a snapshot. Only meaningful together with the snapshot that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(u32);

impl NodeIndex {
    /// The place as a number, from 0, below the number of places.
    #[must_use]
    pub fn number(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// A place by its number. There are far fewer nodes in a cluster than it can count.
    pub(super) fn at(number: usize) -> Self {
        Self(u32::try_from(number).unwrap_or(u32::MAX))
    }
}

/// A node and what runs there.
#[derive(Clone, Debug)]
pub struct NodeState {
    /// Its name.
    pub name: NodeName,
    /// The node itself; `None` while pods name it that we have not seen.
    pub node: Option<Arc<Node>>,
    /// Requests of every pod on it that is not finished.
    pub requested: Resources,
    /// Limits of the same pods; a missing limit counts as the request.
    pub limits: Resources,
    /// How many pods that is.
    pub pods: u64,
    /// The ports of the node that they take, sorted.
    pub host_ports: Vec<HostPort>,
    /// The PEs on it that count in rules between PEs: those that are not leaving.
    pub pes: Vec<Arc<Pe>>,
    /// Of these, those that may close the node to others: isolated ones, and those of a named pool.
    pub claimants: Vec<Arc<Pe>>,
    /// By what the node is overloaded, where it is.
    pub overload: Option<Overload>,
}

impl NodeState {
    /// A node of which nothing is known but its name.
    pub(super) fn empty(name: &NodeName) -> Self {
        Self {
            name: name.clone(),
            node: None,
            requested: Resources::default(),
            limits: Resources::default(),
            pods: 0,
            host_ports: Vec::new(),
            pes: Vec::new(),
            claimants: Vec::new(),
            overload: None,
        }
    }

    /// Counts a PE in rules between PEs.
    pub(super) fn put(&mut self, pe: &Arc<Pe>) {
        self.pes.push(Arc::clone(pe));
        if pe.may_claim_node() {
            self.claimants.push(Arc::clone(pe));
        }
    }

    /// Counts a PE no more.
    pub(super) fn remove(&mut self, uid: &PodUid) {
        self.pes.retain(|pe| pe.pod.key.uid != *uid);
        self.claimants.retain(|pe| pe.pod.key.uid != *uid);
    }

    /// Counts ports of a pod.
    pub(super) fn take_ports(&mut self, ports: &[HostPort]) {
        for port in ports {
            let at = self.host_ports.partition_point(|known| known < port);
            self.host_ports.insert(at, port.clone());
        }
    }

    /// Counts ports of a pod no more.
    pub(super) fn free_ports(&mut self, ports: &[HostPort]) {
        for port in ports {
            if let Ok(at) = self.host_ports.binary_search(port) {
                self.host_ports.remove(at);
            }
        }
    }
}
