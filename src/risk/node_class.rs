//! Classes of nodes: statements about nodes of one class are judged together.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Node;

/// The class of a node: its instance type, or else its size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeClass(Box<str>);

/// The label with the instance type of a node.
const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";

impl NodeClass {
    /// The class of a node. A node without the label of its instance type is of the class of its allocatable cores, rounded
    /// up to a power of two.
    #[must_use]
    pub fn of_node(node: &Node) -> Self {
        match node.labels.get(INSTANCE_TYPE).filter(|name| !name.is_empty()) {
            Some(instance_type) => Self(Box::from(instance_type)),
            None => Self(format!("{} cores", cores(node)).into()),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn cores(node: &Node) -> u64 {
    node.allocatable.cpu.0.div_ceil(1_000).checked_next_power_of_two().unwrap_or(u64::MAX)
}

impl fmt::Display for NodeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
