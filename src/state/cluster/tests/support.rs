use super::Cluster;
use crate::model::Pod;
use crate::state::Event;

/// What counts on a node: pods, millicores of requests, and PEs.
pub(super) fn counted(cluster: &Cluster, node: &str) -> (u64, u64, Vec<String>) {
    let snapshot = cluster.snapshot();
    let state = snapshot.node(snapshot.find(node).unwrap()).unwrap();
    (state.pods, state.requested.cpu.0, state.pes.iter().map(|pe| pe.name.to_string()).collect())
}

pub(super) fn show(cluster: &mut Cluster, pod: Pod) {
    cluster.apply(Event::put(pod));
}
