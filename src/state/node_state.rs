//! What a snapshot holds of a node.

use std::sync::Arc;

use crate::model::{HostPort, Node, NodeName, Overload, Pe, Pod, PodRequests, PodUid, Resources};
use crate::risk::{DemandSums, PodDemand};

/// The place of a node in a snapshot. It has a meaning only in the snapshot that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(u32);

impl NodeIndex {
    /// The place as a number, from 0.
    #[must_use]
    pub fn number(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The place of this number. No cluster has as many nodes as a `u32` can count.
    pub(super) fn at(number: usize) -> Self {
        Self(u32::try_from(number).unwrap_or(u32::MAX))
    }
}

/// A node and what runs there.
#[derive(Clone, Debug)]
pub struct NodeState {
    /// The name of the node.
    pub name: NodeName,
    /// The node; `None` where pods name the node and no watch has shown it.
    pub node: Option<Arc<Node>>,
    /// Requests of all pods on the node that are not finished.
    pub requested: Resources,
    /// Limits of the same pods; a missing limit counts as the request.
    pub limits: Resources,
    /// The number of these pods.
    pub pods: u64,
    /// How many of these pods have no node yet: the node is reserved for them (`docs/design.md`, D21).
    pub reserved_pods: u64,
    /// The host ports of these pods, sorted.
    pub host_ports: Vec<HostPort>,
    /// The PEs on the node that are not leaving: they count in rules between PEs.
    pub pes: Vec<Arc<Pe>>,
    /// Those of the PEs that may close the node to others: isolated PEs, and PEs of a named pool.
    pub claimants: Vec<Arc<Pe>>,
    /// Why the node is overloaded; `None` where it is not.
    pub overload: Option<Overload>,
    /// The sums of the demand of the pods on the node; `None` where no demand is known, or no pod is there.
    pub demand: Option<Box<DemandSums>>,
}

impl NodeState {
    /// A node of which only the name is known.
    pub(super) fn empty(name: &NodeName) -> Self {
        Self {
            name: name.clone(),
            node: None,
            requested: Resources::default(),
            limits: Resources::default(),
            pods: 0,
            reserved_pods: 0,
            host_ports: Vec::new(),
            pes: Vec::new(),
            claimants: Vec::new(),
            overload: None,
            demand: None,
        }
    }

    /// Counts a pod. `pe` is the PE that the pod is, where it counts in rules between PEs. `demand` is what the pod is expected
    /// to use; `None` where no demand is known.
    pub(super) fn add_pod(&mut self, pod: &Pod, pe: Option<&Arc<Pe>>, demand: Option<&PodDemand>) {
        self.requested.add(&pod.resources.requests);
        self.limits.add(&pod.resources.limits);
        self.pods += 1;
        for port in pod.host_ports() {
            let at = self.host_ports.partition_point(|known| known < port);
            self.host_ports.insert(at, port.clone());
        }
        if let Some(demand) = demand {
            self.demand.get_or_insert_default().add(demand);
        }
        if let Some(pe) = pe {
            self.pes.push(Arc::clone(pe));
            if pe.may_claim_node() {
                self.claimants.push(Arc::clone(pe));
            }
        }
    }

    /// Takes back that a pod was [counted](Self::add_pod).
    pub(super) fn remove_pod(&mut self, pod: &Pod, demand: Option<&PodDemand>) {
        self.requested.subtract(&pod.resources.requests);
        self.limits.subtract(&pod.resources.limits);
        self.pods = self.pods.saturating_sub(1);
        for port in pod.host_ports() {
            if let Ok(at) = self.host_ports.binary_search(port) {
                self.host_ports.remove(at);
            }
        }
        if let (Some(sums), Some(demand)) = (&mut self.demand, demand) {
            sums.remove(demand);
        }
        let stays = |uid: &PodUid| *uid != pod.key.uid;
        self.pes.retain(|pe| stays(&pe.pod.key.uid));
        self.claimants.retain(|pe| stays(&pe.pod.key.uid));
    }

    /// Replaces the sums of requests and limits by those of these pods.
    pub(super) fn set_requests(&mut self, pods: &[Arc<PodRequests>]) {
        (self.requested, self.limits) = (Resources::default(), Resources::default());
        for pod in pods {
            self.requested.add(&pod.requests);
            self.limits.add(&pod.limits);
        }
    }
}
