//! A pod with `spec.nodeName` bypasses every scheduler and capacity check. The pod keeps its node, by node affinity.

use serde_json::json;

use super::affinity::{Match, require};
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};

const NODE_NAME: [&str; 2] = ["spec", "nodeName"];

/// Replaces `spec.nodeName` with required node affinity, which kube-scheduler checks and the extender's bind verifies.
pub(super) fn rewrite(patch: &mut PatchBuilder<'_>) -> Result<(), Unpatchable> {
    let Some(node) = raw::text(patch.pod(), &NODE_NAME).map(str::to_owned) else { return Ok(()) };
    let on_the_node = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    patch.remove(&NODE_NAME)?;
    require(patch, Match::Fields, &[on_the_node])?;
    patch.warn(&format!("spec.nodeName became node affinity, so that capacity is checked: {node}"));
    Ok(())
}

#[cfg(test)]
#[path = "tests/node_name.rs"]
mod tests;
