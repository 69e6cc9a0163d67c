use std::sync::Arc;

use serde_json::json;

use crate::admission::tests::support::{decided, operations, pod, policies, policy, pools, prepared};
use crate::admission::{Context, KnownDemand, SkipReason, decide};
use crate::model::{
    Declarations, Namespace, RequestOutcome, ResourceConstraints, ResourceVersion, StreamJobVersion, StreamJobs,
};
use crate::testing::stream_job;

const FLINK: &str = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: flink}
spec:
  dialect: flink
  selector: {podSelector: {matchLabels: {component: taskmanager}}}
";

fn task_manager() -> serde_json::Value {
    json!({"metadata": {"labels": {"app": "j", "component": "taskmanager"}}, "spec": {"containers": []}})
}

#[test]
fn a_job_that_a_dialect_finds_becomes_a_label() {
    let (after, _) = prepared(&policies(FLINK), &task_manager());
    assert_eq!(after["metadata"]["labels"]["outrigger.dev/job"], "j");
    assert_eq!(after["metadata"]["labels"].get("outrigger.dev/pe"), None, "task managers have no name of their own");
    assert_eq!(after["metadata"]["annotations"], json!({"outrigger.dev/policy": "flink"}));
}

#[test]
fn a_pe_that_a_dialect_names_becomes_a_label() {
    let text = FLINK.replace("dialect: flink", "dialect: kafka-streams");
    let mut before = task_manager();
    before["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!("words-3");
    let (after, _) = prepared(&policies(&text), &before);
    assert_eq!(after["metadata"]["labels"]["outrigger.dev/pe"], "words-3");
}

#[test]
fn a_label_of_the_user_stays() {
    let mut before = task_manager();
    before["metadata"]["labels"]["outrigger.dev/job"] = json!("mine");
    let (after, _) = prepared(&policies(FLINK), &before);
    assert_eq!(after["metadata"]["labels"]["outrigger.dev/job"], "mine");
}

#[test]
fn a_job_that_cannot_stand_as_a_label_is_not_made_one() {
    let text = FLINK.replace("dialect: flink", "dialect: kafka-streams").replace("component: taskmanager", "a: b");
    let owner = json!([{"controller": true, "name": "x".repeat(80)}]);
    let before = json!({"metadata": {"labels": {"a": "b"}, "ownerReferences": owner}, "spec": {}});
    let decision = decided(&policies(&text), &before);
    assert_eq!(decision.outcome(), RequestOutcome::Injected);
    assert_eq!(operations(&decision, "/metadata/labels"), json!([]));
}

#[test]
fn a_label_that_would_hand_the_pod_to_another_policy_is_not_added() {
    let greedy = FLINK.replace("dialect: flink", "priority: 9").replace("name: flink", "name: greedy").replace(
        "matchLabels: {component: taskmanager}",
        "matchExpressions: [{key: outrigger.dev/job, operator: Exists}]",
    );
    let (after, warnings) = prepared(&policies(&format!("{FLINK}---\n{greedy}")), &task_manager());
    assert_eq!(after["metadata"]["labels"], task_manager()["metadata"]["labels"]);
    assert_eq!(after["metadata"]["annotations"]["outrigger.dev/policy"], "flink");
    assert_eq!(warnings, ["no label outrigger.dev/job: with it, another (`greedy`) policy would govern the pod"]);
}

#[test]
fn a_label_that_would_take_the_pod_from_its_policy_is_not_added() {
    let shy = FLINK.replace(
        "matchLabels: {component: taskmanager}",
        "matchExpressions: [{key: component, operator: Exists}, {key: outrigger.dev/job, operator: DoesNotExist}]",
    );
    let (after, warnings) = prepared(&policies(&shy), &task_manager());
    assert_eq!(after["metadata"]["labels"], task_manager()["metadata"]["labels"]);
    assert_eq!(warnings, ["no label outrigger.dev/job: with it, no policy would govern the pod"]);
}

#[test]
fn the_policy_is_noted_whatever_the_user_wrote() {
    let before = pod(&json!({"metadata": {"annotations": {"outrigger.dev/policy": "forged"}}}));
    let (after, _) = prepared(&policy(""), &before);
    assert_eq!(after["metadata"]["annotations"]["outrigger.dev/policy"], "streams");
}

#[test]
fn what_only_we_may_write_is_removed_and_said() {
    let before = pod(&json!({"metadata": {"annotations": {
        "outrigger.dev/placement": "{}", "outrigger.dev/epoch": "9", "outrigger.dev/wake": "", "mine": "stays",
    }}}));
    let (after, warnings) = prepared(&policy(""), &before);
    assert_eq!(after["metadata"]["annotations"], json!({"mine": "stays", "outrigger.dev/policy": "streams"}));
    assert_eq!(
        warnings,
        ["placement", "epoch", "wake"].map(|key| format!("outrigger.dev/{key}: removed; only outrigger writes it"))
    );
}

#[test]
fn a_pod_whose_labels_name_no_job_is_no_pe() {
    let mut before = task_manager();
    before["metadata"]["labels"] = json!({"component": "taskmanager"});
    let decision = decided(&policies(FLINK), &before);
    assert_eq!(decision.skip_reason(), Some(SkipReason::NoJob));
    assert_eq!(decision.policy(), Some("flink"));
    assert!(decision.patch().is_empty());
    assert_eq!(decision.warnings(), ["policy `flink` selects this pod, which is no PE: the pod has no label app"]);
    before["metadata"]["labels"]["app"] = json!("");
    let decision = decided(&policies(FLINK), &before);
    assert_eq!(decision.warnings(), ["policy `flink` selects this pod, which is no PE: the label app is empty"]);
}

#[test]
fn the_version_of_the_stream_job_is_noted_and_a_forged_one_is_not_kept() {
    let noted =
        StreamJobVersion { uid: "u".into(), generation: 3, resource_version: ResourceVersion::parse("7").unwrap() };
    let mut job = stream_job("j", &[]);
    job.id.namespace = Namespace::from("ns");
    job.version = Some(noted.clone());
    let jobs = Arc::new(StreamJobs::from([(job.id.clone(), Arc::new(job))]));
    let declared = Declarations { jobs, ..Declarations::default() };
    let forged =
        pod(&json!({"metadata": {"annotations": {"outrigger.dev/stream-job": "uid=,generation=0,resourceVersion=0"}}}));
    let (policies, pools) = (policy(""), pools());
    for (declared, expected) in [(&declared, Some(noted.to_string())), (&Declarations::default(), None)] {
        let context = Context {
            policies: &policies,
            pools: &pools,
            declared,
            constraints: &ResourceConstraints::default(),
            demand: KnownDemand::default(),
        };
        let decision = decide(&forged, &Namespace::from("ns"), context);
        let mut patched = forged.clone();
        json_patch::patch(&mut patched, decision.patch()).unwrap();
        let value = patched["metadata"]["annotations"]["outrigger.dev/stream-job"].as_str().map(str::to_owned);
        assert_eq!(value, expected);
        assert_eq!(value.and_then(|value| StreamJobVersion::parse(&value)), expected.map(|_| noted.clone()));
    }
}
