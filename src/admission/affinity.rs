//! Placement constraints on the node alone, written as required node affinity, which every scheduler and autoscaler
//! reads.

use serde_json::{Value, json};

use super::candidate::Candidate;
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};
use super::text::one_line;
use crate::model::{HostChoice, PoolMembers, Pools, Tag, is_label_value, keys, tag_label};

const REQUIRED: [&str; 4] = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
const TERMS: [&str; 5] =
    ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];

/// One of the two lists of a node selector term.
#[derive(Clone, Copy, Debug)]
pub(super) enum Match {
    /// Requirements on the labels of the node.
    Expressions,
    /// Requirements on the name of the node.
    Fields,
}

impl Match {
    fn member(self) -> &'static str {
        match self {
            Self::Expressions => "matchExpressions",
            Self::Fields => "matchFields",
        }
    }
}

/// Requires the tags of the PE's pool. Node affinity cannot express hosts and restricting tags: the extender checks them.
pub(super) fn require_tags(
    patch: &mut PatchBuilder<'_>,
    candidate: &Candidate<'_>,
    pools: &Pools,
) -> Result<(), Unpatchable> {
    let mut requirements = Vec::new();
    for tag in tags(candidate, pools) {
        if is_label_value(tag.as_str()) {
            requirements.push(json!({"key": tag_label(tag.as_str()), "operator": "Exists"}));
        } else {
            // The API server rejects a pod with an illegal label key. No node has the tag, so the extender rejects the
            // pod on every node.
            let tag = one_line(tag.as_str(), 40);
            patch.warn(&format!("{}: tag `{tag}` of the pool is no label name; no node has it", keys::HOST_POOL));
        }
    }
    require(patch, Match::Expressions, &requirements)
}

fn tags<'a>(candidate: &'a Candidate<'_>, pools: &'a Pools) -> &'a [Tag] {
    match candidate.spec.as_ref().map(|spec| &spec.hosts) {
        Ok(HostChoice::Tags(tags)) => tags,
        Ok(HostChoice::Pool(id)) => match pools.get(id).map(|pool| &pool.members) {
            Some(PoolMembers::Tagged(tags)) => tags,
            Some(PoolMembers::Hosts(_)) | None => &[],
        },
        Ok(HostChoice::Any) | Err(_) => &[],
    }
}

/// Adds requirements to every term, because a node has to match only one of the terms. A term without requirements
/// matches no node and is left unchanged.
pub(super) fn require(patch: &mut PatchBuilder<'_>, list: Match, requirements: &[Value]) -> Result<(), Unpatchable> {
    if requirements.is_empty() {
        return Ok(());
    }
    if raw::get(patch.pod(), &REQUIRED).is_none() {
        return patch.set(&TERMS, json!([{list.member(): requirements}]));
    }
    let missing = missing(raw::list(patch.pod(), &TERMS), list, requirements);
    for (index, requirement) in missing {
        let [spec, affinity, node_affinity, required, terms] = TERMS;
        patch.append(&[spec, affinity, node_affinity, required, terms, &index, list.member()], requirement)?;
    }
    Ok(())
}

fn missing(terms: &[Value], list: Match, requirements: &[Value]) -> Vec<(String, Value)> {
    let mut missing = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let is_empty =
            [Match::Expressions, Match::Fields].iter().all(|list| raw::list(term, &[list.member()]).is_empty());
        let known = raw::list(term, &[list.member()]);
        let absent = |wanted: &&Value| !known.iter().any(|known| is_same(known, wanted));
        if !is_empty {
            missing.extend(requirements.iter().filter(absent).map(|wanted| (index.to_string(), wanted.clone())));
        }
    }
    missing
}

fn is_same(left: &Value, right: &Value) -> bool {
    ["key", "operator"].iter().all(|member| left.get(member) == right.get(member))
        && raw::list(left, &["values"]) == raw::list(right, &["values"])
}

#[cfg(test)]
#[path = "tests/affinity.rs"]
mod tests;
