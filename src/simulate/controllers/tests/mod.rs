use serde_json::{Value, json};

use super::{Controller, ControllerKind, CreatedPods, created_pods};

fn object(kind: &str, name: &str, spec: Value) -> Value {
    let mut spec = spec;
    spec["template"] = json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}});
    json!({"kind": kind, "metadata": {"name": name, "namespace": "ns", "uid": format!("uid-{name}")}, "spec": spec})
}

fn owned_by(kind: &str, owner: &str, mut object: Value) -> Value {
    object["metadata"]["ownerReferences"] =
        json!([{"kind": kind, "name": owner, "uid": format!("uid-{owner}"), "controller": true}]);
    object
}

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "ns", "labels": {"app": "x"}}, "status": {"phase": "Running"}})
}

fn with_status(mut object: Value, status: Value) -> Value {
    object["status"] = status;
    object
}

fn created(objects: &[Value], pods: &[Value]) -> Vec<CreatedPods> {
    let kind = |object: &Value| ControllerKind::of(None, object["kind"].as_str().unwrap()).unwrap();
    let controllers: Vec<Controller<'_>> =
        objects.iter().map(|object| Controller { kind: kind(object), object }).collect();
    created_pods(&controllers, &pods.iter().collect::<Vec<_>>()).unwrap()
}

/// The names of the pods that each controller creates.
fn names(objects: &[Value], pods: &[Value]) -> Vec<Vec<String>> {
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().to_owned();
    created(objects, pods).iter().map(|created| created.pods.iter().map(name).collect()).collect()
}

fn deployment(replicas: u64) -> Value {
    object("Deployment", "web", json!({"replicas": replicas, "selector": {"matchLabels": {"app": "x"}}}))
}

fn replica_set(name: &str, replicas: u64) -> Value {
    owned_by("Deployment", "web", object("ReplicaSet", name, json!({"replicas": replicas})))
}

#[test]
fn a_controller_alone_creates_all_of_its_pods() {
    let nothing: [&str; 0] = [];
    assert_eq!(names(&[deployment(2)], &[]), [["web-0", "web-1"]]);
    assert_eq!(names(&[object("ReplicaSet", "r", json!({}))], &[]), [["r-0"]]);
    assert_eq!(
        names(&[object("StatefulSet", "s", json!({"replicas": 2, "ordinals": {"start": 3}}))], &[]),
        [["s-3", "s-4"]]
    );
    assert_eq!(names(&[object("Deployment", "z", json!({"replicas": 0}))], &[]), [nothing]);
}

#[test]
fn a_deployment_with_its_replica_sets_and_pods_counts_once() {
    let all = [deployment(2), replica_set("web-new", 2), replica_set("web-old", 0)];
    let own = |name: &str| owned_by("ReplicaSet", "web-new", pod(name));
    assert_eq!(names(&all, &[own("web-new-a"), own("web-new-b")]).concat(), Vec::<String>::new());
    assert_eq!(names(&all, &[own("web-new-a")]).concat(), ["web-new-0"], "the ReplicaSet creates what is missing");
    assert_eq!(names(&all, &[]).concat(), ["web-new-0", "web-new-1"]);
    let scaled = [deployment(5), replica_set("web-new", 2)];
    assert_eq!(names(&scaled, &[own("a"), own("b")]).concat(), ["web-0", "web-1", "web-2"], "it is being scaled");
    let unseen = [deployment(2)];
    assert_eq!(names(&unseen, &[own("a"), own("b")]).concat(), Vec::<String>::new(), "a dump without ReplicaSets");
}

#[test]
fn pods_that_have_ended_or_leave_are_replaced() {
    let set = object("ReplicaSet", "r", json!({"replicas": 2}));
    let failed = with_status(owned_by("ReplicaSet", "r", pod("a")), json!({"phase": "Failed"}));
    let mut leaving = owned_by("ReplicaSet", "r", pod("b"));
    leaving["metadata"]["deletionTimestamp"] = json!("2026-05-04T10:00:00Z");
    assert_eq!(names(&[set], &[failed, leaving]).concat(), ["r-0", "r-1"]);
}

#[test]
fn pods_of_others_do_not_count() {
    let set = object("ReplicaSet", "r", json!({"replicas": 1}));
    let mut other_namespace = owned_by("ReplicaSet", "r", pod("a"));
    other_namespace["metadata"]["namespace"] = json!("other");
    let mut other_uid = owned_by("ReplicaSet", "r", pod("b"));
    other_uid["metadata"]["ownerReferences"][0]["uid"] = json!("another");
    assert_eq!(
        names(&[set], &[other_namespace, other_uid, owned_by("ReplicaSet", "q", pod("c")), pod("d")]).concat(),
        ["r-0"]
    );
}

#[test]
fn a_stateful_set_creates_the_numbers_that_are_missing() {
    let set = |spec: Value| object("StatefulSet", "s", spec);
    let three = set(json!({"replicas": 3}));
    let ended = with_status(pod("s-2"), json!({"phase": "Failed"}));
    let all = created(&[three], &[pod("s-1"), ended]);
    let made = &all[0].pods;
    assert_eq!(
        (made.len(), made[0]["metadata"]["name"].as_str(), made[1]["metadata"]["name"].as_str()),
        (2, Some("s-0"), Some("s-2"))
    );
    assert_eq!(made[1]["metadata"]["labels"]["apps.kubernetes.io/pod-index"], json!("2"));
    assert!(all[0].one_by_one, "OrderedReady is the default");
    assert!(!created(&[set(json!({"podManagementPolicy": "Parallel"}))], &[])[0].one_by_one);
}

#[test]
fn the_claims_of_a_stateful_set_are_volumes_of_its_pods() {
    let set = object("StatefulSet", "s", json!({"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}));
    let volumes = &created(&[set], &[])[0].pods[0]["spec"]["volumes"];
    assert_eq!(*volumes, json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-s-0"}}]));
}

fn job(spec: Value, status: Value) -> Value {
    with_status(object("Job", "j", spec), status)
}

fn ran(name: &str, phase: &str) -> Value {
    with_status(owned_by("Job", "j", pod(name)), json!({"phase": phase}))
}

#[test]
fn a_job_runs_as_many_pods_at_a_time_as_its_parallelism() {
    for (spec, expected) in [
        (json!({}), 1),
        (json!({"completions": 6}), 1),
        (json!({"completions": 2, "parallelism": 3}), 2),
        (json!({"completions": 6, "parallelism": 3}), 3),
        (json!({"parallelism": 3}), 3),
        (json!({"parallelism": 0}), 0),
    ] {
        assert_eq!(names(&[job(spec.clone(), json!({}))], &[]).concat().len(), expected, "{spec}");
    }
}

#[test]
fn a_job_that_is_half_done_creates_what_is_left() {
    let half = |status: Value| job(json!({"completions": 4, "parallelism": 3}), status);
    assert_eq!(names(&[half(json!({"succeeded": 2}))], &[]).concat().len(), 2);
    assert_eq!(names(&[half(json!({"succeeded": 2}))], &[ran("j-a", "Running")]).concat().len(), 1);
    assert_eq!(
        names(&[half(json!({}))], &[ran("j-a", "Succeeded"), ran("j-b", "Succeeded"), ran("j-c", "Succeeded")])
            .concat()
            .len(),
        1
    );
    let queue = job(json!({"parallelism": 3}), json!({"succeeded": 1}));
    assert_eq!(names(&[queue], &[]).concat().len(), 0, "the first success ends the work");
}

#[test]
fn a_job_that_is_suspended_or_has_ended_creates_nothing_and_says_so() {
    let condition = |kind: &str| json!({"conditions": [{"type": kind, "status": "True"}]});
    for (job, note) in [
        (job(json!({"suspend": true}), json!({})), "is suspended, and creates no pod"),
        (job(json!({}), condition("Complete")), "has ended, and creates no pod"),
        (job(json!({}), condition("Failed")), "has ended, and creates no pod"),
    ] {
        let created = created(&[job], &[]);
        assert_eq!((created[0].pods.len(), created[0].note), (0, Some(note)));
    }
    assert_eq!(
        names(&[job(json!({"suspend": false}), condition("Suspended"))], &[]).concat().len(),
        1,
        "it was resumed"
    );
}

#[test]
fn an_indexed_job_creates_the_lowest_indexes_that_are_left() {
    let spec = json!({"completions": 8, "parallelism": 3, "completionMode": "Indexed"});
    let mut running = ran("j-4-x", "Running");
    running["metadata"]["annotations"] = json!({"batch.kubernetes.io/job-completion-index": "4"});
    let created = created(&[job(spec, json!({"completedIndexes": "0,2-3"}))], &[running]);
    let index = |pod: &Value| pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"].clone();
    assert_eq!(created[0].pods.iter().map(index).collect::<Vec<_>>(), [json!("1"), json!("5")]);
    let plain = created_pods_of_a_plain_job();
    assert_eq!(index(&plain), Value::Null, "pods of other Jobs have no index");
}

fn created_pods_of_a_plain_job() -> Value {
    created(&[job(json!({}), json!({}))], &[])[0].pods[0].clone()
}

#[test]
fn kinds_of_other_groups_create_no_pods() {
    assert_eq!(ControllerKind::of(Some("batch.volcano.sh"), "Job"), None);
    assert_eq!(ControllerKind::of(Some("batch"), "Job"), Some(ControllerKind::Job));
    assert_eq!(ControllerKind::of(Some("apps"), "DaemonSet"), None);
}
