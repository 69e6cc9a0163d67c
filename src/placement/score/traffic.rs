//! Declared traffic: how much of a PE's traffic stays on its node or in its zone.

use std::sync::Arc;

use super::limit_risk::ratio;
use crate::model::{Node, Pe, PlacementSpec};
use crate::state::{JobState, Member, NodeIndex, Snapshot};

/// The node label that names a zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// The declared traffic of a PE with the other PEs of its job.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DeclaredTraffic {
    /// Bytes a second with bound PEs, by node.
    by_node: Vec<(NodeIndex, u64)>,
    /// Bytes a second with bound PEs, by zone.
    by_zone: Vec<(Box<str>, u64)>,
    /// Bytes a second with all PEs, pending PEs included.
    total: u64,
}

/// The share of a PE's declared traffic that stays local, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrafficLocality {
    /// The share that stays on the node.
    pub node: f64,
    /// The share that stays in the zone of the node, the node included.
    pub zone: f64,
}

impl TrafficLocality {
    /// Both shares as one number, from 0 to 1: traffic between nodes of the zone counts half.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::midpoint(self.node, self.zone)
    }
}

impl DeclaredTraffic {
    /// Looks up the connections of `pe`, in both directions.
    pub(super) fn new(pe: &Pe, spec: &PlacementSpec, job: Option<&JobState>, snapshot: &Snapshot) -> Self {
        let mut traffic = Self::default();
        for member in job.iter().flat_map(|job| &job.members).filter(|member| member.pe.pod.key.uid != pe.pod.key.uid) {
            let rate = sent(spec, &member.pe.name).saturating_add(received(member, &pe.name));
            if rate > 0 {
                traffic.add(member, rate, snapshot);
            }
        }
        traffic
    }

    /// True where the PE declares no traffic.
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The share of the traffic that stays local with the PE on a node.
    pub(super) fn locality(&self, index: NodeIndex, node: &Node) -> TrafficLocality {
        let share = |rate: Option<u64>| rate.map_or(0.0, |rate| ratio(rate, self.total));
        let on_node = self.by_node.iter().find(|(known, _)| *known == index).map(|(_, rate)| *rate);
        let zone = zone(node);
        let in_zone = self.by_zone.iter().find(|(known, _)| zone == Some(known)).map(|(_, rate)| *rate);
        TrafficLocality { node: share(on_node), zone: share(in_zone.or(on_node)) }
    }

    fn add(&mut self, member: &Member, rate: u64, snapshot: &Snapshot) {
        self.total = self.total.saturating_add(rate);
        let Some(index) = member.node() else { return };
        add_to(&mut self.by_node, index, rate);
        let state = snapshot.node(index).and_then(|state| state.node.as_ref());
        if let Some(zone) = state.and_then(|node| zone(node)) {
            add_to(&mut self.by_zone, zone.into(), rate);
        }
    }
}

/// The zone that a node is in.
pub(in crate::placement) fn zone(node: &Node) -> Option<&str> {
    node.labels.get(ZONE)
}

fn sent(spec: &PlacementSpec, to: &Arc<str>) -> u64 {
    spec.connects_to.iter().find(|connection| connection.to == *to).map_or(0, |connection| connection.rate)
}

fn received(from: &Member, by: &Arc<str>) -> u64 {
    from.pe.spec.as_ref().map_or(0, |spec| sent(spec, by))
}

fn add_to<K: PartialEq>(sums: &mut Vec<(K, u64)>, key: K, rate: u64) {
    match sums.iter_mut().find(|(known, _)| *known == key) {
        Some((_, sum)) => *sum = sum.saturating_add(rate),
        None => sums.push((key, rate)),
    }
}
