//! Outrigger installed from `deploy/`: a labelled pod is injected, placed, bound and runs.
//!
//! How other tests begin:
//!
//! ```text
//! let installation = installed(|all| all.without(Part::Scheduler)).await;
//! installation.cluster.create_nodes(&[FakeNode::new("n1")]).await.unwrap();
//! installation.cluster.kubectl().apply(pods).await.unwrap();
//! let extender = installation.extender.as_ref().unwrap();
//! let _scheduler = installation.start_scheduler("late", extender).await.unwrap();
//! ```
#![expect(clippy::print_stderr, reason = "times, for whoever runs the tests")]

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::cluster::wait::until;
use crate::cluster::{FakeNode, Installation, InstallationSettings};

/// How long a pod may take from its creation until it runs.
pub(crate) const RUNNING: Duration = Duration::from_secs(30);

/// An installation of the program under test, or of the program that the environment variable `OUTRIGGER_PROGRAM` names.
/// `adjust` takes parts away or adds policies.
#[expect(clippy::unwrap_used, reason = "the end of a test that has nothing to test")]
pub(crate) async fn installed(adjust: impl FnOnce(InstallationSettings) -> InstallationSettings) -> Installation {
    let program = std::env::var_os("OUTRIGGER_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_outrigger").into());
    let settings = adjust(InstallationSettings::new(program));
    Installation::start(settings).await.unwrap()
}

/// One installation for all tests that need nothing but a namespace of their own, with the nodes `shared-1` to
/// `shared-3`; it ends when none of them runs. What it serves is answered on one runtime, since clients belong to theirs.
#[expect(clippy::unwrap_used, reason = "the end of a test that has nothing to test")]
pub(crate) fn shared(test: impl AsyncFnOnce(&Installation)) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    static CURRENT: Mutex<Weak<Installation>> = Mutex::const_new(Weak::new());
    RUNTIME.block_on(async {
        let mut current = CURRENT.lock().await;
        let installation = if let Some(running) = current.upgrade() {
            running
        } else {
            let started = Arc::new(
                installed(|all| all.policy("metrics.yaml", METRICS_POLICY).policy("counts.yaml", COUNTS_POLICY)).await,
            );
            started.cluster.create_nodes(&["shared-1", "shared-2", "shared-3"].map(FakeNode::new)).await.unwrap();
            *current = Arc::downgrade(&started);
            started
        };
        drop(current);
        let _keep = KeepOnPanic(&installation);
        test(&installation).await;
    });
}

/// A policy for one namespace, so that what is counted under its name is what happens there.
const METRICS_POLICY: &str = r"
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: metrics}
spec:
  selector:
    namespaces: [metrics]
    podSelector: {matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}
";

/// The same for pods that are created as dry runs and reviewed again.
const COUNTS_POLICY: &str = r"
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: counts}
spec:
  selector:
    namespaces: [counts]
    podSelector: {matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}
";

/// Keeps the logs of a cluster that outlives the test that failed.
struct KeepOnPanic<'a>(&'a Installation);

impl Drop for KeepOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cluster.keep_logs();
        }
    }
}

/// Waits until a pod runs, and returns it.
///
/// # Errors
///
/// Fails after [`RUNNING`], with the pod's conditions.
pub(crate) async fn running(pods: &Api<Pod>, name: &str) -> Result<Pod> {
    until(&format!("pod {name} runs"), RUNNING, async || {
        let pod = pods.get(name).await?;
        let status = pod.status.clone().unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let messages: Vec<String> = conditions.into_iter().filter_map(|condition| condition.message).collect();
        ensure!(status.phase.as_deref() == Some("Running"), "its phase is {:?}: {messages:?}", status.phase);
        Ok(pod)
    })
    .await
}

/// An annotation of a pod.
///
/// # Errors
///
/// Fails when the pod has none of that name.
pub(crate) fn annotation<'a>(pod: &'a Pod, key: &str) -> Result<&'a str> {
    let annotations = pod.metadata.annotations.as_ref();
    let value = annotations.and_then(|annotations| annotations.get(key));
    value.map(String::as_str).with_context(|| format!("no annotation {key} among {annotations:?}"))
}

const POD: &str = r"
apiVersion: v1
kind: Pod
metadata: {name: first, labels: {outrigger.dev/job: smoke}}
spec:
  containers:
  - {name: work, image: none}
";

#[tokio::test]
async fn a_labelled_pod_is_injected_placed_bound_and_runs() {
    let started = Instant::now();
    let installation = installed(|all| all).await;
    eprintln!("a cluster with Outrigger is up after {:.1?}", started.elapsed());
    let cluster = &installation.cluster;
    cluster.create_nodes(&[FakeNode::new("n1"), FakeNode::new("n2")]).await.unwrap();

    cluster.kubectl().apply(POD).await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(cluster.client().await.unwrap());
    let pod = running(&pods, "first").await.unwrap();
    eprintln!("a PE runs after {:.1?}", started.elapsed());

    assert_eq!(annotation(&pod, "outrigger.dev/policy").unwrap(), "annotations");
    let record = annotation(&pod, "outrigger.dev/placement").unwrap().to_owned();
    let spec = pod.spec.unwrap();
    assert_eq!(spec.scheduler_name.as_deref(), Some("outrigger"));
    let sidecars = spec.init_containers.unwrap();
    assert!(sidecars.iter().all(|sidecar| sidecar.restart_policy.as_deref() == Some("Always")), "{sidecars:?}");
    assert!(record.contains(&spec.node_name.unwrap()), "the record names the node: {record}");

    // what `make cluster` offers to try: five PEs that keep apart, four nodes that they may use
    let tagged = ["t1", "t2", "t3", "t4"].map(|name| FakeNode::new(name).label("tag.outrigger.dev/ssd", ""));
    cluster.create_nodes(&tagged).await.unwrap();
    cluster.kubectl().apply(include_str!("../cluster/job.yaml")).await.unwrap();
    let selector = ListParams::default().labels("outrigger.dev/job=clicks");
    let (mut nodes, mut why) = (BTreeSet::new(), Vec::new());
    until("four run and one is refused", RUNNING, async || {
        let pods = pods.list(&selector).await?.items;
        let specs = pods.iter().filter_map(|pod| pod.spec.as_ref());
        nodes = specs.filter_map(|spec| spec.node_name.clone()).collect();
        let statuses = pods.iter().filter_map(|pod| pod.status.as_ref());
        let conditions = statuses.flat_map(|status| status.conditions.iter().flatten());
        why = conditions.filter_map(|condition| condition.message.clone()).collect();
        // the fifth may have been turned away at bind first, when the nodes were being taken
        ensure!(nodes.len() == 4 && why.concat().contains("4 ExlocationConflict"), "{nodes:?}, {why:?}");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(nodes, ["t1", "t2", "t3", "t4"].map(str::to_owned).into(), "each on a node of its own");
}
