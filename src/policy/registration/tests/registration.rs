use serde_json::{Value, json};

use crate::api::parse_documents;
use crate::policy::{PolicySet, Source};

/// The registration that is shipped.
fn shipped() -> Value {
    parse_documents::<Value>("mutating.yaml", include_str!("../../../../deploy/webhook/mutating.yaml"))
        .unwrap()
        .remove(0)
}

fn unreached(policies: &PolicySet, registration: &Value) -> Vec<String> {
    policies.unreached(registration).into_iter().map(|one| format!("{}: {}", one.policy, one.problem)).collect()
}

fn policy(selector: &str, dialect: &str) -> PolicySet {
    let text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: p}}\nspec:\n  dialect: {dialect}\n  \
         selector: {{{selector}}}\n"
    );
    PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text }]).unwrap()
}

#[test]
fn the_shipped_registration_sends_the_pods_of_the_shipped_policies() {
    for text in [
        include_str!("../../../../policies/annotations.yaml"),
        include_str!("../../../../policies/flink.yaml"),
        include_str!("../../../../policies/kafka-streams.yaml"),
        include_str!("../../../../policies/open-streams.yaml"),
    ] {
        let set = PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text: text.to_owned() }]).unwrap();
        assert_eq!(unreached(&set, &shipped()), Vec::<String>::new());
    }
}

#[test]
fn pods_that_the_registration_does_not_send_are_found() {
    for (selector, dialect, words) in [
        (
            "podSelector: {matchLabels: {engine: mine, app: x}}",
            "flink",
            "a pod with the labels app=x,engine=mine alone is not sent: ",
        ),
        (
            "podSelector: {matchLabels: {component: taskmanager, app: a}, matchExpressions: [{key: type, operator: In, \
             values: [flink-native-kubernetes, mine]}]}",
            "flink",
            "a pod with the labels app=a,component=taskmanager,type=mine alone is not sent, others are",
        ),
        ("podSelector: {matchLabels: {app.kubernetes.io/name: k}}", "kafka-streams", "alone is not sent"),
        (
            "namespaces: [a, kube-system], podSelector: {matchLabels: {outrigger.dev/job: j}}",
            "annotations",
            "pods of namespace `kube-system` are not sent",
        ),
    ] {
        let found = unreached(&policy(selector, dialect), &shipped());
        assert!(found.len() == 1 && found[0].contains(words), "{selector}: {found:?}");
    }
    let sent = policy("namespaces: [a], podSelector: {matchLabels: {app: mine}}", "annotations");
    assert_eq!(unreached(&sent, &shipped()), Vec::<String>::new(), "a PE of this dialect has the label of the job");
}

#[test]
fn what_is_not_known_counts_as_sent() {
    let set = policy("podSelector: {matchLabels: {outrigger.dev/job: j}}", "annotations");
    for webhook in [
        json!({}),
        json!({"matchConditions": [{"name": "a", "expression": "request.userInfo.username != 'a'"}]}),
        json!({"objectSelector": {"matchLabels": {"more": "x"}}}),
        json!({"namespaceSelector": {"matchLabels": {"team": "x"}}}),
    ] {
        assert_eq!(unreached(&set, &json!({"webhooks": [webhook]})), Vec::<String>::new(), "{webhook}");
    }
    let never = json!({"webhooks": [{"objectSelector": {"matchLabels": {"outrigger.dev/job": "x"}}}]});
    assert_eq!(unreached(&set, &never).len(), 1);
    assert_eq!(unreached(&set, &json!({"webhooks": []})).len(), 1, "nothing is registered");
}
