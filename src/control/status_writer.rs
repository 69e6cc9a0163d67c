//! What is told of pools and jobs, written where it differs from what the API server holds.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Lease;
use super::events::Events;
use super::objects::Objects;
use super::requeue::Requeuer;
use crate::api::{HostPool, HostPoolStatus, StreamJob, StreamJobStatus};
use crate::model::{PodUid, Reason};
use crate::policy::keys;
use crate::state::Cluster;
use crate::status::{Overview, Reported, notes, of_job, of_pool};
use crate::telemetry;
use crate::watch::Store;

/// How long changes are gathered before they are written.
const GATHERED: Duration = Duration::from_millis(250);
/// How often everything is looked at without a change: why PEs wait is no part of the snapshot.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the API server may take for one write.
const DEADLINE: Duration = Duration::from_secs(1);
/// Who owns the fields of a status.
const MANAGER: &str = "outrigger";

/// Writes status and events while it holds the lease.
pub struct Controller {
    client: Client,
    store: Arc<Store>,
    lease: Arc<Lease>,
    events: Events,
    pools: Known<HostPoolStatus>,
    jobs: Known<StreamJobStatus>,
}

impl Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller").field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// What was last written of each object, by its UID.
type Known<S> = BTreeMap<String, Written<S>>;

struct Written<S> {
    /// The version of the object that it was written over: as long as the watch shows that one, it is behind.
    over: Option<String>,
    status: S,
}

impl Controller {
    /// A controller that writes what the store knows, while it holds the lease.
    #[must_use]
    pub fn new(client: Client, store: Arc<Store>, lease: Arc<Lease>, instance: String) -> Self {
        let events = Events::new(client.clone(), instance, clock().0);
        Self { client, store, lease, events, pools: Known::new(), jobs: Known::new() }
    }

    /// Gains the lease and keeps everything in step from now on.
    pub async fn follow(self) {
        let lease = Arc::clone(&self.lease);
        let requeuer = Requeuer::new(self.client.clone(), Arc::clone(&self.store), Arc::clone(&lease));
        futures::join!(lease.follow(), requeuer.follow(), self.write_on());
    }

    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    async fn write_on(mut self) -> Infallible {
        let (pools, pool_changes) = Objects::<HostPool>::watch(self.client.clone());
        let (jobs, job_changes) = Objects::<StreamJob>::watch(self.client.clone());
        let changes = futures::stream::select(pool_changes, job_changes);
        let mut changes = std::pin::pin!(changes);
        let mut version = 0;
        loop {
            self.until_changed(&mut changes, version).await;
            let view = Arc::clone(&self.store.view());
            version = view.snapshot.version();
            if view.snapshot.is_complete() && self.lease.is_held() {
                let overview = Overview::new(&view.snapshot);
                self.write_pools(&pools.all(), &overview).await;
                self.write_jobs(&jobs.all(), &overview).await;
            }
        }
    }

    /// Waits until something may have to be written, and gathers what comes with it. The watches are kept in step while
    /// their changes are taken, and only then.
    async fn until_changed(&self, changes: &mut (impl Stream<Item = ()> + Unpin), version: u64) {
        let another = self.store.until(PERIOD, |cluster| (cluster.snapshot().version() != version).then_some(()));
        tokio::select! {
            _version = another => {}
            _object = changes.next() => {}
        }
        let taken = async { while changes.next().await.is_some() {} };
        // It ends by time.
        drop(tokio::time::timeout(GATHERED, taken).await);
    }

    async fn write_pools(&mut self, pools: &[Arc<HostPool>], overview: &Overview<'_>) {
        for object in pools {
            let Ok(status) = of_pool(object, overview) else { continue };
            if latest(&self.pools, &**object, object.status.as_ref()) != Some(&status) {
                write((&self.client, &self.lease), &**object, status, &mut self.pools).await;
            }
        }
        self.pools.retain(|uid, _| pools.iter().any(|object| object.uid().as_ref() == Some(uid)));
    }

    async fn write_jobs(&mut self, jobs: &[Arc<StreamJob>], overview: &Overview<'_>) {
        let store = Arc::clone(&self.store);
        let reported = |uid: &PodUid| {
            let rejected = store.attempts().rejected(uid).cloned();
            store.look(|cluster| reported(cluster, uid, rejected))
        };
        for object in jobs {
            let before = latest(&self.jobs, &**object, object.status.as_ref()).cloned();
            let Ok(status) = of_job(object, before.as_ref(), overview, (&reported, clock().1)) else { continue };
            if before.as_ref() == Some(&status) {
                continue;
            }
            let news = notes(before.as_ref(), &status);
            if write((&self.client, &self.lease), &**object, status, &mut self.jobs).await {
                self.events.publish(object, news, clock()).await;
            }
        }
        self.jobs.retain(|uid, _| jobs.iter().any(|object| object.uid().as_ref() == Some(uid)));
    }
}

/// The last status that is known of an object: what was written, until the watch shows that or something later.
fn latest<'a, K: Resource, S>(known: &'a Known<S>, object: &K, shown: Option<&'a S>) -> Option<&'a S> {
    let written = object.meta().uid.as_ref().and_then(|uid| known.get(uid));
    written.filter(|written| written.over == object.meta().resource_version).map(|written| &written.status).or(shown)
}

/// Writes a status, and notes it; false where it could not be written, and has to be tried again.
async fn write<K, S>((client, lease): (&Client, &Lease), object: &K, status: S, known: &mut Known<S>) -> bool
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    S: Serialize,
{
    if !lease.is_held() {
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
    let api: Api<K> = Api::namespaced(client.clone(), &namespace);
    let parameters = PatchParams::apply(MANAGER).force();
    let written = tokio::time::timeout(DEADLINE, api.patch_status(&name, &parameters, &Patch::Apply(&patch))).await;
    let problem = match written {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_elapsed) => Some(format!("no answer within {} s", DEADLINE.as_secs())),
    };
    telemetry::controller_write(
        if kind == "HostPool" { "HostPool" } else { "StreamJob" },
        if problem.is_none() { "written" } else { "failed" },
    );
    if let Some(problem) = problem {
        tracing::warn!(%kind, namespace, name, problem, "a status cannot be written and is tried again");
        return false;
    }
    if let Some(uid) = object.uid() {
        known.insert(uid, Written { over: object.resource_version(), status });
    }
    true
}

/// What is known of a pod beyond the snapshot.
fn reported(cluster: &Cluster, uid: &PodUid, rejected: Option<BTreeMap<Reason, usize>>) -> Reported {
    let pod = cluster.pod(uid.as_str()).map(|(pod, _)| pod);
    let record = pod.and_then(|pod| pod.annotations.get(keys::PLACEMENT)).map(str::to_owned);
    Reported { is_bound: pod.is_some_and(|pod| pod.node.is_some()), record, rejected }
}

#[expect(clippy::disallowed_methods, reason = "the clock is read where a status is written")]
fn clock() -> (Instant, Timestamp) {
    (Instant::now(), Timestamp::now())
}
