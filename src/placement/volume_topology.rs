//! Matches nodes against volumes, with the semantics of kube-scheduler's `VolumeBinding` and `VolumeZone`.

use super::node_requirements::mismatch_of_labels;
use crate::model::{Node, TOPOLOGY_LABELS, VolumeTopology};

/// What a volume asks of a node that the node does not have, as text; `None` where the volume can be used on the node.
pub(crate) fn mismatch(topology: &VolumeTopology, node: &Node) -> Option<String> {
    let by_affinity = topology.terms.as_ref().and_then(|terms| mismatch_of_labels(terms, node));
    by_affinity.or_else(|| zone_mismatch(topology, node))
}

/// The first zone or region of a volume that the node is not in. A node without any such label is in every zone.
fn zone_mismatch(topology: &VolumeTopology, node: &Node) -> Option<String> {
    if topology.zones.is_empty() || TOPOLOGY_LABELS.iter().all(|label| node.labels.get(label.key).is_none()) {
        return None;
    }
    let own = |key: &str| {
        let stable = TOPOLOGY_LABELS.iter().find(|label| label.key == key).map(|label| label.stable);
        node.labels.get(key).or_else(|| node.labels.get(stable?))
    };
    let lacking = topology.zones.iter().find(|zone| {
        let own = own(zone.key);
        !own.is_some_and(|own| zone.values.iter().any(|value| **value == *own))
    })?;
    Some(match lacking.values.as_slice() {
        [value] => format!("{}={value}", lacking.key),
        values => format!("{} in ({})", lacking.key, values.join(", ")),
    })
}

#[cfg(test)]
#[path = "tests/volume_topology.rs"]
mod tests;
