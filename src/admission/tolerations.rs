//! How long a PE stays bound to a node that is gone.

use serde_json::{Value, json};

use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};

const TOLERATIONS: [&str; 2] = ["spec", "tolerations"];
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/// What the API server gives to pods that say nothing. A user who wrote the same cannot be told apart.
const DEFAULT_SECONDS: i64 = 300;

/// Puts the policy's seconds in place of the defaulted ones. Any other word of the user on these taints stays.
pub(super) fn shorten(draft: &mut PatchBuilder<'_>, seconds: Option<i64>) -> Result<(), Unpatchable> {
    let Some(seconds) = seconds else { return Ok(()) };
    for taint in TAINTS {
        let tolerations = raw::list(draft.pod(), &TOLERATIONS);
        let is_covered = tolerations.iter().any(|toleration| covers(toleration, taint));
        let defaulted: Vec<usize> =
            (0..).zip(tolerations).filter(|(_, toleration)| is_default(toleration, taint)).map(|(at, _)| at).collect();
        for index in defaulted {
            let [spec, tolerations] = TOLERATIONS;
            draft.set(&[spec, tolerations, &index.to_string(), "tolerationSeconds"], Value::from(seconds))?;
        }
        if !is_covered {
            draft.append(
                &TOLERATIONS,
                json!({
                    "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds,
                }),
            )?;
        }
    }
    Ok(())
}

/// As the API server's own plugin asks: then it adds none, and neither do we.
fn covers(toleration: &Value, taint: &str) -> bool {
    let is = |member: &str, wanted: &str| raw::text(toleration, &[member]).is_none_or(|text| text == wanted);
    is("key", taint) && is("effect", "NoExecute")
}

fn is_default(toleration: &Value, taint: &str) -> bool {
    let is = |member: &str, wanted: &str| raw::text(toleration, &[member]) == Some(wanted);
    is("key", taint)
        && is("operator", "Exists")
        && is("effect", "NoExecute")
        && raw::get(toleration, &["tolerationSeconds"]).and_then(Value::as_i64) == Some(DEFAULT_SECONDS)
}

#[cfg(test)]
#[path = "tests/tolerations.rs"]
mod tests;
