//! Required node affinity: what concerns the node alone, in a form that every scheduler and autoscaler reads (D2).

use serde_json::{Value, json};

use super::candidate::Candidate;
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};
use super::text::one_line;
use crate::model::{HostChoice, PoolMembers, Pools, Tag, is_label_value, keys, tag_label};

const REQUIRED: [&str; 4] = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
const TERMS: [&str; 5] =
    ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];

/// The two lists of a node selector term.
#[derive(Clone, Copy, Debug)]
pub(super) enum Match {
    /// On the labels of the node.
    Expressions,
    /// On the name of the node.
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

/// Requires the tags of the PE's pool. Hosts and restricting tags are the extender's: affinity cannot say them.
pub(super) fn require_tags(
    draft: &mut PatchBuilder<'_>,
    candidate: &Candidate<'_>,
    pools: &Pools,
) -> Result<(), Unpatchable> {
    let mut requirements = Vec::new();
    for tag in tags(candidate, pools) {
        if is_label_value(tag.as_str()) {
            requirements.push(json!({"key": tag_label(tag.as_str()), "operator": "Exists"}));
        } else {
            // As affinity it would make the API server refuse the pod; placement refuses it, since no node has it.
            let tag = one_line(tag.as_str(), 40);
            draft.warn(&format!("{}: tag `{tag}` of the pool is no label name; no node has it", keys::HOST_POOL));
        }
    }
    require(draft, Match::Expressions, &requirements)
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

/// Adds requirements to every term, since a node needs to match one of them only. A term without any requirement
/// matches no node and stays so.
pub(super) fn require(draft: &mut PatchBuilder<'_>, list: Match, requirements: &[Value]) -> Result<(), Unpatchable> {
    if requirements.is_empty() {
        return Ok(());
    }
    if raw::get(draft.pod(), &REQUIRED).is_none() {
        return draft.set(&TERMS, json!([{list.member(): requirements}]));
    }
    let missing = missing(raw::list(draft.pod(), &TERMS), list, requirements);
    for (index, requirement) in missing {
        let [spec, affinity, node_affinity, required, terms] = TERMS;
        draft.append(&[spec, affinity, node_affinity, required, terms, &index, list.member()], requirement)?;
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
