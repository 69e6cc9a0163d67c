//! The operating system that a pod is for.

use serde_json::Value;

use super::json;

/// The labels by which nodes name their operating system.
const OS_LABELS: [&str; 2] = ["kubernetes.io/os", "beta.kubernetes.io/os"];

/// True for a pod that no Linux node may run: by `spec.os`, node selector, or each term of the required node affinity.
pub(super) fn is_windows(pod: &Value) -> bool {
    let selects = |label| json::text(pod, &["spec", "nodeSelector", label]);
    json::text(pod, &["spec", "os", "name"]) == Some("windows")
        || OS_LABELS.into_iter().filter_map(selects).any(|os| os != "linux")
        || affinity_excludes_linux(pod)
}

fn affinity_excludes_linux(pod: &Value) -> bool {
    const TERMS: [&str; 5] =
        ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let terms = json::list(pod, &TERMS);
    // Terms are alternatives, and the expressions of a term hold together.
    let excludes_linux = |term: &Value| json::list(term, &["matchExpressions"]).iter().any(expression_excludes_linux);
    !terms.is_empty() && terms.iter().all(excludes_linux)
}

fn expression_excludes_linux(expression: &Value) -> bool {
    let has_linux = json::list(expression, &["values"]).iter().any(|value| value == "linux");
    let is_of_os = json::text(expression, &["key"]).is_some_and(|key| OS_LABELS.contains(&key));
    is_of_os
        && match json::text(expression, &["operator"]) {
            Some("In") => !has_linux,
            Some("NotIn") => has_linux,
            _ => false,
        }
}

#[cfg(test)]
#[path = "tests/operating_system.rs"]
mod tests;
