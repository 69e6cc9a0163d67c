//! A pod that names its node: the wish stays, the detour around every capacity check does not (D3).

use serde_json::json;

use super::affinity::{Match, require};
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};

const NODE_NAME: [&str; 2] = ["spec", "nodeName"];

/// Turns `spec.nodeName` into required node affinity, which a scheduler reads and our bind verifies.
pub(super) fn rewrite(draft: &mut PatchBuilder<'_>) -> Result<(), Unpatchable> {
    let Some(node) = raw::text(draft.pod(), &NODE_NAME).map(str::to_owned) else { return Ok(()) };
    let on_the_node = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    draft.remove(&NODE_NAME)?;
    require(draft, Match::Fields, &[on_the_node])?;
    draft.warn(&format!("spec.nodeName became node affinity, so that capacity is checked: {node}"));
    Ok(())
}

#[cfg(test)]
#[path = "tests/node_name.rs"]
mod tests;
