//! The control plane itself: it comes up, it schedules, and KWOK runs what is bound.
#![expect(clippy::print_stderr, reason = "times, for whoever runs the tests")]

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::Api;
use tokio::time::Instant;

use crate::cluster::binaries::Binaries;
use crate::cluster::wait::until;
use crate::cluster::{Cluster, FakeNode, SchedulerSettings};

/// How long a pod may take until it runs.
const RUNNING: Duration = Duration::from_secs(30);

const POD: &str = r"
apiVersion: v1
kind: Pod
metadata: {name: plain}
spec:
  initContainers:
  - {name: prepare, image: none}
  - {name: sidecar, image: none, restartPolicy: Always}
  containers:
  - {name: work, image: none, resources: {requests: {cpu: 100m}}}
";

#[tokio::test]
async fn a_pod_with_a_native_sidecar_is_scheduled_and_runs() {
    let started = Instant::now();
    let cluster = Cluster::start().await.unwrap();
    eprintln!("a cluster is up after {:.1?}", started.elapsed());
    let nodes = [FakeNode::new("n1").taint("reserved", "yes", "NoSchedule"), FakeNode::new("n2")];
    cluster.create_nodes(&nodes).await.unwrap();
    eprintln!("nodes are ready after {:.1?}", started.elapsed());

    cluster.kubectl().apply(POD).await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(cluster.client().await.unwrap());
    let waiting = pods.get("plain").await.unwrap();
    assert_eq!(waiting.spec.unwrap().node_name, None, "there is no scheduler yet");

    let scheduler = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await.unwrap();
    let pod = running(&pods, "plain").await.unwrap();
    eprintln!("a pod runs after {:.1?}", started.elapsed());
    assert_eq!(pod.spec.unwrap().node_name.as_deref(), Some("n2"), "n1 is tainted");
    let status = pod.status.unwrap();
    assert!(status.container_statuses.unwrap().iter().all(|container| container.ready), "its container is ready");
    let [prepare, sidecar] = status.init_container_statuses.unwrap().try_into().unwrap();
    assert!(state(prepare).0, "the ordinary init container has ended");
    assert!(state(sidecar).1, "the native sidecar runs");
    assert!(scheduler.metrics().await.unwrap().contains("scheduler_schedule_attempts_total"));
}

#[tokio::test]
async fn two_clusters_side_by_side_know_nothing_of_each_other() {
    let (one, two) = tokio::try_join!(Cluster::start(), Cluster::start()).unwrap();
    one.create_nodes(&[FakeNode::new("only-in-one")]).await.unwrap();
    two.create_nodes(&[FakeNode::new("only-in-two")]).await.unwrap();
    assert_eq!(one.kubectl().run(&["get", "nodes", "-o", "name"]).await.unwrap(), "node/only-in-one\n");
    assert_eq!(two.kubectl().run(&["get", "nodes", "-o", "name"]).await.unwrap(), "node/only-in-two\n");
}

#[tokio::test]
async fn a_service_account_has_its_own_rights_and_no_others() {
    let cluster = Cluster::start().await.unwrap();
    cluster.create_namespace("team").await.unwrap();
    cluster.kubectl().run(&["create", "serviceaccount", "reader", "-n", "team"]).await.unwrap();
    let grant = ["create", "rolebinding", "reader", "-n", "team", "--clusterrole=view", "--serviceaccount=team:reader"];
    cluster.kubectl().run(&grant).await.unwrap();

    let kubeconfig = cluster.service_account_kubeconfig("team", "reader").await.unwrap();
    let kubectl = cluster.kubectl_as(&kubeconfig);
    until("the grant is known", RUNNING, async || kubectl.json(&["get", "pods", "-n", "team"]).await).await.unwrap();
    let rejection = kubectl.run(&["get", "pods", "-n", "default"]).await.unwrap_err().to_string();
    assert!(rejection.contains("system:serviceaccount:team:reader"), "{rejection}");
}

#[test]
fn missing_programs_are_an_error_that_says_what_to_run() {
    let empty = tempfile::tempdir().unwrap();
    let error = Binaries::in_folder(empty.path()).unwrap_err().to_string();
    assert!(error.contains("kube-scheduler") && error.contains("make kube"), "{error}");
}

async fn running(pods: &Api<Pod>, name: &str) -> Result<Pod> {
    until(&format!("pod {name} runs"), RUNNING, async || {
        let pod = pods.get(name).await?;
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        ensure!(phase == Some("Running"), "its phase is {phase:?}");
        Ok(pod)
    })
    .await
}

/// Whether a container has ended, and whether it runs.
fn state(container: ContainerStatus) -> (bool, bool) {
    let state = container.state.unwrap_or_default();
    (state.terminated.is_some(), state.running.is_some())
}
