//! How long a PE stays bound to a node that is not ready or unreachable.

use serde_json::{Value, json};

use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};

const TOLERATIONS: [&str; 2] = ["spec", "tolerations"];
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/// The seconds that the API server sets if the user sets none. The same value set by a user looks the same.
const DEFAULT_SECONDS: i64 = 300;

/// Replaces the default seconds with the policy's. Other tolerations of these taints are kept.
pub(super) fn shorten(patch: &mut PatchBuilder<'_>, seconds: Option<i64>) -> Result<(), Unpatchable> {
    let Some(seconds) = seconds else { return Ok(()) };
    for taint in TAINTS {
        let tolerations = raw::list(patch.pod(), &TOLERATIONS);
        let is_covered = tolerations.iter().any(|toleration| covers(toleration, taint));
        let defaulted: Vec<usize> =
            (0..).zip(tolerations).filter(|(_, toleration)| is_default(toleration, taint)).map(|(at, _)| at).collect();
        for index in defaulted {
            let [spec, tolerations] = TOLERATIONS;
            patch.set(&[spec, tolerations, &index.to_string(), "tolerationSeconds"], Value::from(seconds))?;
        }
        if !is_covered {
            patch.append(
                &TOLERATIONS,
                json!({
                    "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds,
                }),
            )?;
        }
    }
    Ok(())
}

/// True if the API server's plugin `DefaultTolerationSeconds` adds no toleration of the taint; then none is added here.
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
