use serde_json::{Value, json};

use crate::admission::tests::support::{decided, operations, pod, policy, prepared};

const FAST: &str = "tag.outrigger.dev/fast";
const SSD: &str = "tag.outrigger.dev/ssd";

fn exists(key: &str) -> Value {
    json!({"key": key, "operator": "Exists"})
}

fn terms_of(pod: &Value) -> &Value {
    &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
}

fn with_pool(pool: &str, affinity: &Value) -> Value {
    pod(&json!({
        "metadata": {"annotations": {"outrigger.dev/host-pool": pool}},
        "spec": {"affinity": affinity},
    }))
}

fn with_terms(terms: &Value) -> Value {
    let required = json!({"nodeSelectorTerms": terms});
    with_pool("tagged", &json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}))
}

#[test]
fn tags_of_a_pool_become_one_term_where_there_is_none() {
    for affinity in [
        json!(null),
        json!({}),
        json!({"podAffinity": {}}),
        json!({"nodeAffinity": null}),
        json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}),
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": null}}),
    ] {
        let (after, _) = prepared(&policy(""), &with_pool("tagged", &affinity));
        assert_eq!(*terms_of(&after), json!([{"matchExpressions": [exists(FAST), exists(SSD)]}]), "{affinity}");
        if let Some(kept) = affinity.get("podAffinity") {
            assert_eq!(after["spec"]["affinity"]["podAffinity"], *kept);
        }
    }
}

#[test]
fn tags_on_the_pod_itself_become_affinity_too() {
    let before = pod(&json!({"metadata": {"annotations": {"outrigger.dev/host-tags": "ssd"}}}));
    let (after, _) = prepared(&policy(""), &before);
    assert_eq!(*terms_of(&after), json!([{"matchExpressions": [exists(SSD)]}]));
}

#[test]
fn every_term_is_narrowed_since_one_is_enough_to_match() {
    let zone = json!({"key": "zone", "operator": "In", "values": ["a"]});
    let node = json!({"key": "metadata.name", "operator": "In", "values": ["n1"]});
    let before = json!([
        {"matchExpressions": [zone]},
        {"matchFields": [node]},
        {"matchExpressions": null, "matchFields": [node], "unknown": 1},
    ]);
    let (after, _) = prepared(&policy(""), &with_terms(&before));
    assert_eq!(
        *terms_of(&after),
        json!([
            {"matchExpressions": [zone, exists(FAST), exists(SSD)]},
            {"matchFields": [node], "matchExpressions": [exists(FAST), exists(SSD)]},
            {"matchFields": [node], "matchExpressions": [exists(FAST), exists(SSD)], "unknown": 1},
        ])
    );
}

#[test]
fn a_term_that_matches_nothing_goes_on_matching_nothing() {
    for terms in [json!([{}]), json!([{"matchExpressions": []}, {"matchFields": null}]), json!([]), json!(null)] {
        let decision = decided(&policy(""), &with_terms(&terms));
        assert_eq!(operations(&decision, "/spec/affinity"), json!([]), "{terms}");
    }
}

#[test]
fn an_expression_that_is_there_is_not_added_again() {
    let ssd_with_values = json!({"key": SSD, "operator": "Exists", "values": []});
    let (after, _) = prepared(&policy(""), &with_terms(&json!([{"matchExpressions": [ssd_with_values]}])));
    assert_eq!(*terms_of(&after), json!([{"matchExpressions": [ssd_with_values, exists(FAST)]}]));
}

#[test]
fn pools_of_hosts_or_of_every_node_need_no_affinity() {
    for pool in ["listed", "everywhere"] {
        let decision = decided(&policy(""), &with_pool(pool, &json!(null)));
        assert_eq!(operations(&decision, "/spec/affinity"), json!([]), "{pool}");
        assert_eq!(decision.warnings(), Vec::<String>::new());
    }
}

#[test]
fn a_pool_that_does_not_exist_is_said() {
    let decision = decided(&policy(""), &with_pool("typo", &json!(null)));
    assert_eq!(operations(&decision, "/spec/affinity"), json!([]));
    assert_eq!(
        decision.warnings(),
        ["outrigger.dev/host-pool: there is no HostPool `ns/typo` yet; the pod waits for it"]
    );
}

#[test]
fn a_tag_that_cannot_be_a_label_does_not_make_the_pod_fail() {
    let (after, warnings) = prepared(&policy(""), &with_pool("odd", &json!(null)));
    assert_eq!(*terms_of(&after), json!([{"matchExpressions": [exists(SSD)]}]));
    assert_eq!(warnings, ["outrigger.dev/host-pool: tag `no label` of the pool is no label name; no node has it"]);
}
