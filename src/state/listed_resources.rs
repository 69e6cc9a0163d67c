//! The resources that the nodes of the cluster list.

use std::collections::BTreeMap;

use crate::model::{Node, is_extended_resource};

/// The resources besides CPU and memory that nodes list, each with the number of nodes.
///
/// kube-scheduler does not count every extended resource on a node: dynamic resource allocation may provide one (KEP-5004), or
/// another extender may manage one with `ignoredByScheduler`. No node lists such a resource, so a resource that no node lists
/// is not counted here either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedResources(BTreeMap<Box<str>, usize>);

impl ListedResources {
    /// True where a node can be short of the resource.
    #[must_use]
    pub fn is_counted(&self, resource: &str) -> bool {
        !is_extended_resource(resource) || self.0.contains_key(resource)
    }

    /// Counts a node, in the place of an earlier version of it.
    pub(super) fn replace(&mut self, old: Option<&Node>, new: Option<&Node>) {
        for (name, _) in new.into_iter().flat_map(|node| &node.allocatable.other) {
            *self.0.entry(name.clone()).or_default() += 1;
        }
        for (name, _) in old.into_iter().flat_map(|node| &node.allocatable.other) {
            if let Some(nodes) = self.0.get_mut(name) {
                *nodes = nodes.saturating_sub(1);
                if *nodes == 0 {
                    self.0.remove(name);
                }
            }
        }
    }
}

/// True where two versions of a node list the same resources.
pub(super) fn are_alike(old: Option<&Node>, new: Option<&Node>) -> bool {
    let names = |node: Option<&Node>| -> Vec<Box<str>> {
        node.into_iter().flat_map(|node| &node.allocatable.other).map(|(name, _)| name.clone()).collect()
    };
    names(old) == names(new)
}

#[cfg(test)]
#[path = "tests/listed_resources.rs"]
mod tests;
