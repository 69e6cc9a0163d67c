//! Nodes, their load, and their places in the snapshot.

use std::collections::HashSet;
use std::sync::Arc;

use super::fold::{Apply, Cluster, Kind};
use crate::model::{Load, Node, NodeName};
use crate::state::node_state::{NodeIndex, NodeState};
use crate::state::overload;

impl Apply for Node {
    const KIND: Kind = Kind::Node;

    fn put(self, cluster: &mut Cluster) {
        let index = cluster.index_of(&self.name);
        let node = Arc::new(cluster.shared_values.node(self));
        let old = cluster.current.node(index).and_then(|state| state.node.clone());
        cluster.current.replace_listed(old.as_deref(), Some(&node));
        cluster.current.change_node(index, |state| state.node = Some(node));
        cluster.update_overload(index);
    }

    fn gone(key: &NodeName, cluster: &mut Cluster) {
        let Some(index) = cluster.current.find(key.as_str()) else { return };
        let old = cluster.current.node(index).and_then(|state| state.node.clone());
        cluster.current.replace_listed(old.as_deref(), None);
        cluster.current.change_node(index, |state| {
            state.node = None;
            state.overload = None;
        });
        cluster.release(index);
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: HashSet<&NodeName, ahash::RandomState> = objects.iter().map(|node| &node.name).collect();
        let known = cluster.current.nodes().map(|(_, state, _)| &state.name);
        let gone: Vec<NodeName> = known.filter(|name| !listed.contains(name)).cloned().collect();
        for name in gone {
            Self::gone(&name, cluster);
        }
        for node in objects {
            node.put(cluster);
        }
    }
}

impl Cluster {
    /// The place of a node, by name. A node that has none gets one.
    pub(super) fn index_of(&mut self, name: &NodeName) -> NodeIndex {
        if let Some(index) = self.current.find(name.as_str()) {
            return index;
        }
        let place = self.free.pop().map(NodeIndex::number);
        self.current.node_changes += 1;
        let index = NodeIndex::at(self.current.nodes.put(place, NodeState::empty(name)));
        Arc::make_mut(&mut self.current.by_name).insert(name.clone(), index);
        index
    }

    /// Frees the place of a node that is gone and that no pod names.
    pub(super) fn release(&mut self, index: NodeIndex) {
        let Some(state) = self.current.node(index) else { return };
        if state.node.is_some() || state.pods > 0 {
            return;
        }
        let name = state.name.clone();
        if Arc::make_mut(&mut self.current.by_name).remove(&name).is_some() {
            self.free.push(index);
        }
    }

    /// The measurements of a node: that of the load file, and that of its annotation.
    pub(super) fn measured(&self, state: &NodeState) -> Option<[Option<Load>; 2]> {
        state.node.as_ref().map(|node| [self.loads.get(&state.name).copied(), node.load])
    }

    pub(super) fn update_all_overloads(&mut self) {
        for number in 0..self.current.nodes.len() {
            self.update_overload(NodeIndex::at(number));
        }
    }

    /// Decides anew whether a node is overloaded.
    fn update_overload(&mut self, index: NodeIndex) {
        let Some(state) = self.current.node(index) else { return };
        let Some(measured) = self.measured(state) else { return };
        let overload = overload::next(state.overload, self.policies.load_protection(), measured, self.now);
        if overload != state.overload {
            self.current.change_node(index, |state| state.overload = overload);
            self.current.version += 1;
        }
    }
}

#[cfg(test)]
#[path = "tests/nodes.rs"]
mod tests;
