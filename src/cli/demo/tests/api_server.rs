use futures::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ApiServer, project};
use crate::commit::{PodApi as _, WriteError};
use crate::extender::bind::PendingBinding;
use crate::model::{NodeName, PodUid};
use crate::state::{Change, Event};

fn pod() -> Value {
    json!({"metadata": {"name": "p", "namespace": "ns"}, "spec": {"containers": []}})
}

fn with_one() -> (ApiServer, PendingBinding) {
    let api = ApiServer::new(&[], Timestamp::UNIX_EPOCH);
    let created = project(&api.create(pod()).unwrap()).unwrap();
    let binding = PendingBinding {
        pod: created.key,
        resource_version: created.resource_version,
        node: NodeName::from("n1"),
        record: None,
    };
    (api, binding)
}

fn bind(api: &ApiServer, binding: &PendingBinding) -> Result<(), WriteError> {
    api.bind(binding).now_or_never().expect("nothing is waited for")
}

fn conflict(outcome: Result<(), WriteError>) -> String {
    match outcome {
        Err(WriteError::Conflict(problem)) => problem,
        other => panic!("a conflict is expected, not {other:?}"),
    }
}

#[test]
fn a_binding_needs_the_uid_and_the_version_and_a_pod_without_node() {
    let (api, binding) = with_one();
    let other = PendingBinding { resource_version: "1".into(), ..binding.clone() };
    assert!(conflict(bind(&api, &other)).contains("has been modified"));
    let mut other = binding.clone();
    other.pod.uid = PodUid::from("another");
    assert!(conflict(bind(&api, &other)).contains("UID"));
    other.pod.name = "nobody".into();
    assert!(matches!(bind(&api, &other), Err(WriteError::NotFound(_))));
    assert_eq!(bind(&api, &binding), Ok(()));
    let bound = project(&api.pod("ns", "p").unwrap()).unwrap();
    assert_eq!(bound.node, Some(NodeName::from("n1")));
    let again = PendingBinding { resource_version: bound.resource_version, ..binding };
    assert!(conflict(bind(&api, &again)).contains("already assigned"));
}

#[test]
fn a_fence_makes_a_binding_on_its_way_fail() {
    let (api, binding) = with_one();
    let fenced = api.write_fencing_token(&binding.pod, "e").now_or_never().expect("nothing is waited for").unwrap();
    assert_ne!(fenced.resource_version, binding.resource_version);
    assert!(conflict(bind(&api, &binding)).contains("has been modified"));
}

#[test]
fn the_watch_hands_out_each_change_once_and_in_order() {
    let (api, binding) = with_one();
    api.unschedulable(&api.pod("ns", "p").unwrap(), "no node").unwrap();
    assert!(conflict(bind(&api, &binding)).contains("has been modified"), "a status that changes is a change");
    let version = |event: Event| {
        let Event::Pod(Change::Put(pod)) = event else { panic!("only pods change: {event:?}") };
        pod.resource_version.parse::<u64>().unwrap()
    };
    let versions: Vec<u64> = api.changes().into_iter().map(version).collect();
    assert!(versions.is_sorted() && versions.len() == 2, "{versions:?}");
    assert!(api.changes().is_empty());
}

#[test]
fn a_name_is_taken_once() {
    let (api, _) = with_one();
    assert!(matches!(api.create(pod()), Err(WriteError::Conflict(_))));
}
