use serde_json::json;

use super::*;

fn affinity(terms: &Value) -> Value {
    let required = json!({"nodeSelectorTerms": terms});
    json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}})
}

fn os(operator: &str, values: &[&str]) -> Value {
    json!({"matchExpressions": [
        {"key": "disk", "operator": "In", "values": ["ssd"]},
        {"key": "kubernetes.io/os", "operator": operator, "values": values},
    ]})
}

#[test]
fn a_pod_is_for_windows_by_os_by_selector_and_by_required_affinity() {
    for (spec, is) in [
        (json!({}), false),
        (json!({"os": {"name": "windows"}}), true),
        (json!({"os": {"name": "linux"}}), false),
        (json!({"os": null, "nodeSelector": null, "affinity": null}), false),
        (json!({"nodeSelector": {"kubernetes.io/os": "windows"}}), true),
        (json!({"nodeSelector": {"beta.kubernetes.io/os": "windows"}}), true),
        (json!({"nodeSelector": {"kubernetes.io/os": "linux", "disk": "windows"}}), false),
        (affinity(&json!([os("In", &["windows"])])), true),
        (affinity(&json!([os("NotIn", &["linux"])])), true),
        (affinity(&json!([os("NotIn", &["windows"])])), false),
        (affinity(&json!([os("In", &["windows", "linux"])])), false),
        (affinity(&json!([os("In", &["windows"]), os("In", &["windows"])])), true),
        (affinity(&json!([os("In", &["windows"]), {"matchExpressions": []}])), false),
        (affinity(&json!([])), false),
    ] {
        assert_eq!(is_windows(&json!({"spec": spec})), is, "{spec}");
    }
}
