//! Writes the status of pools and jobs where it differs from what the API server holds.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use kube::api::{Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Lease;
use super::clock::{monotonic, wall_clock};
use super::events::EventPublisher;
use super::objects::Objects;
use super::written_statuses::WrittenStatuses;
use crate::api::{HostPool, HostPoolStatus, StreamJob, StreamJobStatus};
use crate::model::{PodUid, Reason, keys};
use crate::state::Cluster;
use crate::status::{Overview, PodReport, StatusInputs, job_events, job_status, pool_status};
use crate::store::Store;
use crate::telemetry::{self, WriteOutcome};

/// How long changes are gathered before they are written.
const GATHERED: Duration = Duration::from_millis(250);
/// How often every status is computed without a change of the snapshot: the snapshot does not hold why PEs wait.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the API server may take for one write.
const DEADLINE: Duration = Duration::from_secs(1);
/// The field manager of a status.
const MANAGER: &str = "outrigger";

/// Writes status and events while this process holds the lease.
pub struct StatusWriter {
    api: StatusApi,
    store: Arc<Store>,
    events: EventPublisher,
    pools: WrittenStatuses<HostPoolStatus>,
    jobs: WrittenStatuses<StreamJobStatus>,
}

impl Debug for StatusWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusWriter").field("lease", &self.api.lease).finish_non_exhaustive()
    }
}

impl StatusWriter {
    /// A writer of what the store knows; `instance` is the name of this process in events.
    #[must_use]
    pub fn new(client: Client, store: Arc<Store>, lease: Arc<Lease>, instance: String) -> Self {
        let events = EventPublisher::new(client.clone(), instance, monotonic());
        Self {
            api: StatusApi { client, lease },
            store,
            events,
            pools: WrittenStatuses::default(),
            jobs: WrittenStatuses::default(),
        }
    }

    /// Keeps every status in step from now on.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn follow(mut self) -> Infallible {
        let (pools, pool_changes) = Objects::<HostPool>::watch(self.api.client.clone());
        let (jobs, job_changes) = Objects::<StreamJob>::watch(self.api.client.clone());
        let changes = futures::stream::select(pool_changes, job_changes);
        let mut changes = std::pin::pin!(changes);
        let mut version = 0;
        loop {
            self.until_changed(&mut changes, version).await;
            let view = Arc::clone(&self.store.view());
            version = view.snapshot.version();
            if view.snapshot.is_complete() && self.api.lease.is_held() {
                let overview = Overview::new(&view.snapshot);
                self.write_pools(&pools.all(), &overview).await;
                self.write_jobs(&jobs.all(), &overview).await;
            }
            self.report_expired_reservations().await;
        }
    }

    /// Waits for a change that may need a write, and gathers the changes that follow it. The watches make progress only
    /// while this function takes their changes.
    async fn until_changed(&self, changes: &mut (impl Stream<Item = ()> + Unpin), version: u64) {
        let another = self.store.wait_for(PERIOD, |cluster| (cluster.snapshot().version() != version).then_some(()));
        tokio::select! {
            _version = another => {}
            _object = changes.next() => {}
        }
        let taken = async { while changes.next().await.is_some() {} };
        // The streams never end: the timeout does.
        drop(tokio::time::timeout(GATHERED, taken).await);
    }

    /// Reports reservations that were given up. They are those of this process: another holder of the lease has its own.
    async fn report_expired_reservations(&mut self) {
        let expired = self.store.change(Cluster::take_expired_reservations);
        if self.api.lease.is_held() {
            self.events.publish_expired(&expired, monotonic()).await;
        }
    }

    async fn write_pools(&mut self, pools: &[Arc<HostPool>], overview: &Overview<'_>) {
        for object in pools {
            let Ok(status) = pool_status(object, overview) else { continue };
            if self.pools.latest(&**object, object.status.as_ref()) != Some(&status) {
                self.api.write(&**object, status, &mut self.pools).await;
            }
        }
        self.pools.retain::<HostPool>(pools);
    }

    async fn write_jobs(&mut self, jobs: &[Arc<StreamJob>], overview: &Overview<'_>) {
        let store = Arc::clone(&self.store);
        let report = |uid: &PodUid| {
            let rejected = store.attempts().rejected(uid).cloned();
            store.read(|cluster| pod_report(cluster, uid, rejected))
        };
        for object in jobs {
            let before = self.jobs.latest(&**object, object.status.as_ref()).cloned();
            let inputs = StatusInputs { overview, last: before.as_ref(), report: &report, now: wall_clock() };
            let Ok(status) = job_status(object, inputs) else { continue };
            if before.as_ref() == Some(&status) {
                continue;
            }
            let events = job_events(before.as_ref(), &status);
            if self.api.write(&**object, status, &mut self.jobs).await {
                self.events.publish(object, events, monotonic()).await;
            }
        }
        self.jobs.retain::<StreamJob>(jobs);
    }
}

/// The API server, for writes under the lease.
struct StatusApi {
    client: Client,
    lease: Arc<Lease>,
}

impl StatusApi {
    /// Writes a status and notes what was written; false where the write failed and has to be tried again.
    async fn write<K, S>(&self, object: &K, status: S, written: &mut WrittenStatuses<S>) -> bool
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
        S: Serialize,
    {
        if !self.lease.is_held() {
            return false;
        }
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let kind = K::kind(&());
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": kind,
            // The UID is a precondition: the status of an object that is gone is not that of its successor.
            "metadata": {"name": name, "namespace": namespace, "uid": object.meta().uid},
            "status": status,
        });
        let api: Api<K> = Api::namespaced(self.client.clone(), &namespace);
        let parameters = PatchParams::apply(MANAGER).force();
        let answer = tokio::time::timeout(DEADLINE, api.patch_status(&name, &parameters, &Patch::Apply(&patch))).await;
        let problem = match answer {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_elapsed) => Some(format!("no answer within {} s", DEADLINE.as_secs())),
        };
        let outcome = if problem.is_none() { WriteOutcome::Written } else { WriteOutcome::Failed };
        telemetry::controller_write(kind.clone(), outcome);
        if let Some(problem) = problem {
            tracing::warn!(%kind, namespace, name, problem, "cannot write a status; the write is tried again");
            return false;
        }
        written.insert(object, status);
        true
    }
}

/// What the status reports of a pod beyond the snapshot.
fn pod_report(cluster: &Cluster, uid: &PodUid, rejected: Option<BTreeMap<Reason, usize>>) -> PodReport {
    let pod = cluster.pod(uid.as_str()).map(|(pod, _)| pod);
    let record = pod.and_then(|pod| pod.annotations.get(keys::PLACEMENT)).map(str::to_owned);
    PodReport { is_bound: pod.is_some_and(|pod| pod.node.is_some()), record, rejected }
}
