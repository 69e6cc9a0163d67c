//! What the open-streams operator writes into a pod to approximate placement, and what stands in our way: terms of its
//! own that say less, or more, than the object that the pod belongs to (D2).
//!
//! One selector term for each tag accepts nodes with any of them; affinity to tokens neither closes over them nor ends
//! at the job; anti-affinity counts pods that are leaving. The object says it better, and the extender places no such pod
//! before it has seen the object.

use serde_json::Value;

use super::candidate::Candidate;
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
/// The label by which the operator knows nodes of a pool: it can hold one tag.
const POOL: &str = "streams.ibm.com/hostpool";
/// How keys of the operator's labels begin: a digest follows.
const TOKENS: [&str; 3] =
    ["streams.ibm.com/hostcolocation.", "streams.ibm.com/hostexlocation.", "streams.ibm.com/hostisolation."];

/// Takes the operator's own terms away, for a pod that belongs to a `ProcessingElement`.
pub(super) fn strip(draft: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    if !candidate.belongs_to_pe {
        return Ok(());
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let path = ["spec", "affinity", kind, REQUIRED];
        let terms = raw::list(draft.pod(), &path);
        let own: Vec<usize> = (0..).zip(terms).filter(|(_, term)| is_of_tokens(term)).map(|(at, _)| at).collect();
        if own.len() == terms.len() && !own.is_empty() {
            draft.remove(&path)?;
            continue;
        }
        // From the end, so that the places of the others stay.
        for at in own.iter().rev() {
            let [spec, affinity, kind, required] = path;
            draft.remove(&[spec, affinity, kind, required, &at.to_string()])?;
        }
    }
    let terms = raw::list(draft.pod(), &["spec", "affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"]);
    if !terms.is_empty() && terms.iter().all(is_of_pool) {
        draft.remove(&["spec", "affinity", "nodeAffinity", REQUIRED])?;
    }
    mend_labels(draft)
}

/// Mends values that the operator has made of names of operators such as `Op[3]`: the API server would refuse the pod.
fn mend_labels(draft: &mut PatchBuilder<'_>) -> Result<(), Unpatchable> {
    let labels = raw::get(draft.pod(), &["metadata", "labels"]).and_then(Value::as_object);
    let own = labels.into_iter().flatten().filter(|(key, _)| is_of_a_token(key));
    let ends = |c: char| c.is_ascii_alphanumeric();
    let mend = |(key, value): (&String, &Value)| {
        let value = value.as_str()?;
        let legal = value.trim_matches(|c: char| !ends(c));
        (legal != value).then(|| (key.clone(), legal.to_owned()))
    };
    let mended: Vec<(String, String)> = own.filter_map(mend).collect();
    for (key, value) in mended {
        draft.set(&["metadata", "labels", &key], Value::from(value))?;
    }
    Ok(())
}

fn is_of_a_token(key: &str) -> bool {
    TOKENS.iter().any(|prefix| key.starts_with(prefix))
}

/// True for a term of pod affinity that selects by a token of the operator and by nothing else.
fn is_of_tokens(term: &Value) -> bool {
    let members = ["labelSelector", "topologyKey"];
    let only = term.as_object().is_some_and(|term| term.keys().all(|key| members.contains(&key.as_str())));
    only && raw::text(term, &["topologyKey"]) == Some("kubernetes.io/hostname")
        && raw::get(term, &["labelSelector", "matchLabels"]).is_none()
        && selects(raw::list(term, &["labelSelector", "matchExpressions"]), is_of_a_token)
}

/// True for a term of node affinity that selects by the operator's label of a pool and by nothing else.
fn is_of_pool(term: &Value) -> bool {
    raw::list(term, &["matchFields"]).is_empty() && selects(raw::list(term, &["matchExpressions"]), |key| key == POOL)
}

fn selects(expressions: &[Value], is_meant: impl Fn(&str) -> bool) -> bool {
    !expressions.is_empty() && expressions.iter().all(|one| raw::text(one, &["key"]).is_some_and(&is_meant))
}

#[cfg(test)]
#[path = "tests/native.rs"]
mod tests;
