//! Affinity terms of the open-streams operator, which are removed: the terms only approximate the placement spec of the
//! `ProcessingElement`, and kube-scheduler would enforce the approximation.
//!
//! The operator writes one selector term for each tag, so a node with any of the tags matches. Its pod affinity is
//! neither transitive nor limited to the job, and its anti-affinity counts pods that are terminating. The extender reads
//! the placement spec from the object and places no such pod before the watch has delivered the object.

use serde_json::Value;

use super::candidate::Candidate;
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
/// The node label by which the operator selects nodes of a pool. The label holds one tag.
const POOL: &str = "streams.ibm.com/hostpool";
/// The prefixes of the operator's label keys for tokens. A digest follows the prefix.
const TOKENS: [&str; 3] =
    ["streams.ibm.com/hostcolocation.", "streams.ibm.com/hostexlocation.", "streams.ibm.com/hostisolation."];

/// Removes the operator's terms from a pod of a `ProcessingElement`.
pub(super) fn remove_terms(patch: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    if !candidate.belongs_to_pe {
        return Ok(());
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let list = ["spec", "affinity", kind, REQUIRED];
        let terms = raw::list(patch.pod(), &list);
        let own: Vec<usize> = (0..).zip(terms).filter(|(_, term)| is_of_tokens(term)).map(|(at, _)| at).collect();
        if own.len() == terms.len() && !own.is_empty() {
            patch.remove(&list)?;
            continue;
        }
        // The last term is removed first, so that the indices of the others stay valid.
        for at in own.iter().rev() {
            let [spec, affinity, kind, required] = list;
            patch.remove(&[spec, affinity, kind, required, &at.to_string()])?;
        }
    }
    let terms = raw::list(patch.pod(), &["spec", "affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"]);
    if !terms.is_empty() && terms.iter().all(is_of_pool) {
        patch.remove(&["spec", "affinity", "nodeAffinity", REQUIRED])?;
    }
    correct_labels(patch)
}

/// Corrects label values that the operator derives from operator names such as `Op[3]`: the API server rejects a pod
/// with an illegal label.
fn correct_labels(patch: &mut PatchBuilder<'_>) -> Result<(), Unpatchable> {
    let labels = raw::get(patch.pod(), &["metadata", "labels"]).and_then(Value::as_object);
    let own = labels.into_iter().flatten().filter(|(key, _)| is_of_a_token(key));
    let ends = |c: char| c.is_ascii_alphanumeric();
    let correct = |(key, value): (&String, &Value)| {
        let value = value.as_str()?;
        let legal = value.trim_matches(|c: char| !ends(c));
        (legal != value).then(|| (key.clone(), legal.to_owned()))
    };
    let corrected: Vec<(String, String)> = own.filter_map(correct).collect();
    for (key, value) in corrected {
        patch.set(&["metadata", "labels", &key], Value::from(value))?;
    }
    Ok(())
}

fn is_of_a_token(key: &str) -> bool {
    TOKENS.iter().any(|prefix| key.starts_with(prefix))
}

/// True for a term of pod affinity that selects only by token labels of the operator.
fn is_of_tokens(term: &Value) -> bool {
    let members = ["labelSelector", "topologyKey"];
    let only = term.as_object().is_some_and(|term| term.keys().all(|key| members.contains(&key.as_str())));
    only && raw::text(term, &["topologyKey"]) == Some("kubernetes.io/hostname")
        && raw::get(term, &["labelSelector", "matchLabels"]).is_none()
        && selects(raw::list(term, &["labelSelector", "matchExpressions"]), is_of_a_token)
}

/// True for a term of node affinity that selects only by the operator's pool label.
fn is_of_pool(term: &Value) -> bool {
    raw::list(term, &["matchFields"]).is_empty() && selects(raw::list(term, &["matchExpressions"]), |key| key == POOL)
}

fn selects(expressions: &[Value], is_meant: impl Fn(&str) -> bool) -> bool {
    !expressions.is_empty() && expressions.iter().all(|one| raw::text(one, &["key"]).is_some_and(&is_meant))
}

#[cfg(test)]
#[path = "tests/open_streams.rs"]
mod tests;
