//! Pods and policies for the tests of every rule.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::admission::{Context, Decision, KnownDemand, decide};
use crate::model::{Declarations, Namespace, ObjectId, Pool, PoolMembers, PoolMode, Pools, ResourceConstraints};
use crate::policy::{PolicySet, Source};

/// A policy named `streams` that selects every pod with a job label, with `spec` beside the selector.
pub(crate) fn policy(spec: &str) -> PolicySet {
    let head = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: streams}
spec:
  selector: {podSelector: {matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}}
";
    policies(&format!("{head}{spec}"))
}

/// A policy for the pods of the open-streams operator.
pub(crate) fn open_streams_policy() -> PolicySet {
    policies(
        "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: open-streams}
spec:
  selector: {podSelector: {matchExpressions: [{key: streams.ibm.com/job, operator: Exists}]}}
  dialect: open-streams
",
    )
}

pub(crate) fn policies(text: &str) -> PolicySet {
    PolicySet::parse(&[Source { file: "test.yaml".to_owned(), text: text.to_owned() }]).unwrap()
}

pub(crate) const SIDECAR: &str = "  injection: {sidecars: [{name: relay, image: relay:1}]}\n";

/// Pools `tagged` (two tags), `listed` and `everywhere` of namespace `ns`.
pub(crate) fn pools() -> Pools {
    let tagged = |tags: &[&str]| PoolMembers::Tagged(tags.iter().map(|tag| (*tag).into()).collect());
    [
        ("tagged", tagged(&["fast", "ssd"])),
        ("listed", PoolMembers::Hosts(vec!["n1".into()])),
        ("everywhere", tagged(&[])),
        ("odd", tagged(&["no label", "ssd"])),
    ]
    .into_iter()
    .map(|(name, members)| {
        let id = ObjectId { namespace: Namespace::from("ns"), name: Arc::from(name) };
        (id.clone(), Arc::new(Pool { id, members, mode: PoolMode::Shared }))
    })
    .collect()
}

/// A PE of job `j` with one container `pe`; `more` is merged over it as RFC 7386 has it.
pub(crate) fn pod(more: &Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": "pe-0", "labels": {"outrigger.dev/job": "j"}},
        "spec": {"containers": [{"name": "pe", "image": "pe:1", "resources": {}}]},
    });
    json_patch::merge(&mut pod, more);
    pod
}

/// A PE whose only container has these `resources`, and the annotation of the `LimitRanger`.
pub(crate) fn sized(resources: &Value, limit_ranger: &str) -> Value {
    pod(&json!({
        "metadata": {"annotations": {"kubernetes.io/limit-ranger": limit_ranger}},
        "spec": {"containers": [{"name": "pe", "resources": resources}]},
    }))
}

/// The body of a review of the creation of this pod in namespace `ns`.
pub(crate) fn review(object: &Value) -> Vec<u8> {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u-1",
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "ns",
            "operation": "CREATE",
            "object": object,
        },
    });
    serde_json::to_vec(&review).unwrap()
}

/// The decision about a pod of namespace `ns`.
pub(crate) fn decided(policies: &PolicySet, pod: &Value) -> Decision {
    decided_in(&ResourceConstraints::default(), policies, pod)
}

/// The decision about a pod of namespace `ns`, where limit ranges and quotas demand this.
pub(crate) fn decided_in(constraints: &ResourceConstraints, policies: &PolicySet, pod: &Value) -> Decision {
    decided_by(KnownDemand::default(), constraints, policies, pod)
}

/// The same where this is known of the use of PEs.
pub(crate) fn decided_by(
    demand: KnownDemand<'_>,
    constraints: &ResourceConstraints,
    policies: &PolicySet,
    pod: &Value,
) -> Decision {
    let (pools, declared) = (pools(), Declarations::default());
    decide(pod, &Namespace::from("ns"), Context { policies, pools: &pools, declared: &declared, constraints, demand })
}

/// The pod with its patch, and the warnings.
pub(crate) fn prepared(policies: &PolicySet, pod: &Value) -> (Value, Vec<String>) {
    let decision = decided(policies, pod);
    let mut patched = pod.clone();
    json_patch::patch(&mut patched, decision.patch()).unwrap();
    (patched, decision.warnings().to_vec())
}

/// The operations on paths that begin with `prefix`, as JSON.
pub(crate) fn operations(decision: &Decision, prefix: &str) -> Value {
    let chosen = decision.patch().iter().filter(|operation| operation.path().as_str().starts_with(prefix));
    chosen.map(|operation| serde_json::to_value(operation).unwrap()).collect()
}
