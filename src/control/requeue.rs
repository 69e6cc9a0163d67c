//! Requeues rejected PEs after an overload ends, a placement spec changes, a gang completes or nodes are released.
//! kube-scheduler sees none of these: it does not try a pod again that an extender rejected, until a change that kube-scheduler itself watches. A new
//! value of an annotation on the pod is such a change.
//!
//! A process that takes the lease over requeues every PE that could be placed: nobody requeued for what changed while no
//! process held the lease.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use super::Lease;
use super::clock::wall_clock;
use super::requeue_queue::RequeueQueue;
use crate::api::PodObject;
use crate::model::{Pe, PodUid, keys};
use crate::placement::{GangComplete, NodesReleased, OverloadCleared, SpecChanged, newly_placeable, placeable};
use crate::store::Store;
use crate::telemetry::{self, WriteOutcome};

/// How long changes are gathered: nodes whose overload ends together requeue a PE once.
const GATHERED: Duration = Duration::from_millis(250);
/// How soon a failed write is tried again.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the API server may take for one write.
const DEADLINE: Duration = Duration::from_secs(1);
/// How many writes are in flight at once.
const AT_ONCE: usize = 8;

/// Requeues PEs while this process holds the lease.
pub struct Requeuer {
    client: Client,
    store: Arc<Store>,
    lease: Arc<Lease>,
    overload_cleared: OverloadCleared,
    spec_changes: SpecChanged,
    gang_complete: GangComplete,
    nodes_released: NodesReleased,
    /// True once every PE that could be placed at the takeover of the lease is queued.
    has_taken_over: bool,
    queue: RequeueQueue,
}

impl fmt::Debug for Requeuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requeuer").field("lease", &self.lease).field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl Requeuer {
    /// A requeuer of the PEs in the store.
    #[must_use]
    pub fn new(client: Client, store: Arc<Store>, lease: Arc<Lease>) -> Self {
        let (overload_cleared, spec_changes, gang_complete) =
            (OverloadCleared::default(), SpecChanged::default(), GangComplete::default());
        Self {
            client,
            store,
            lease,
            overload_cleared,
            spec_changes,
            gang_complete,
            nodes_released: NodesReleased::default(),
            has_taken_over: false,
            queue: RequeueQueue::default(),
        }
    }

    /// Finds PEs to requeue, and requeues them, from now on.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn follow(mut self) -> Infallible {
        let mut version = 0;
        loop {
            self.store.wait_for(PERIOD, |cluster| (cluster.snapshot().version() != version).then_some(())).await;
            tokio::time::sleep(GATHERED).await;
            let view = Arc::clone(&self.store.view());
            version = view.snapshot.version();
            let decided_in = |uid: &PodUid| self.store.attempts().decided_in(uid);
            let spec_changes = self.spec_changes.observe(&view.snapshot, decided_in);
            let complete = self.gang_complete.observe(&view.snapshot);
            let concerned =
                self.overload_cleared.observe(&view.snapshot).into_iter().chain(spec_changes).chain(complete);
            let mut concerned: Vec<Arc<Pe>> = concerned.map(Arc::clone).collect();
            if self.nodes_released.observe(&view.snapshot) && self.lease.is_held() {
                let (seen, store) = (Arc::clone(&view), Arc::clone(&self.store));
                let look = move || {
                    let decided_in = |uid: &PodUid| store.attempts().decided_in(uid);
                    newly_placeable(&seen.snapshot, decided_in).into_iter().map(Arc::clone).collect()
                };
                // An error means that the runtime ends: then nobody requeues any more.
                let released: Vec<Arc<Pe>> = tokio::task::spawn_blocking(look).await.unwrap_or_default();
                concerned.extend(released);
            }
            if !self.lease.is_held() {
                // The holder has seen the same changes, and the next holder looks at every PE.
                self.has_taken_over = false;
                self.queue.clear();
                continue;
            }
            self.queue.push(concerned);
            if !self.has_taken_over && view.snapshot.is_complete() {
                let seen = Arc::clone(&view);
                let look = move || placeable(&seen.snapshot).into_iter().map(Arc::clone).collect();
                // An error means that the runtime ends: then nobody requeues any more.
                let placeable: Vec<Arc<Pe>> = tokio::task::spawn_blocking(look).await.unwrap_or_default();
                self.queue.push(placeable);
                self.has_taken_over = true;
            }
            self.requeue().await;
        }
    }

    /// Requeues every PE of the queue that still waits; a PE whose write failed stays in the queue.
    async fn requeue(&mut self) {
        let store = Arc::clone(&self.store);
        let waits = |pe: &Pe| {
            store.read(|cluster| cluster.pod(pe.pod.key.uid.as_str()).is_some_and(|(pod, _)| pod.node.is_none()))
        };
        let waiting = self.queue.take_waiting(waits);
        if waiting.is_empty() {
            return;
        }
        tracing::info!(pes = waiting.len(), "requeue PEs whose conditions changed");
        // Any new value requeues the pod; a time also tells people something.
        let value = wall_clock().to_string();
        let writes = futures::stream::iter(waiting).map(|pe| async {
            let is_done = write(&self.client, &pe, &value).await;
            (!is_done).then_some(pe)
        });
        let failed: Vec<Arc<Pe>> = writes.buffered(AT_ONCE).filter_map(std::future::ready).collect().await;
        self.queue.push(failed);
    }
}

/// Writes the annotation that requeues a PE; false where the write has to be tried again.
async fn write(client: &Client, pe: &Pe, value: &str) -> bool {
    let pods: Api<PodObject> = Api::namespaced(client.clone(), pe.pod.key.namespace.as_str());
    // The UID is a precondition: another pod of this name has its own reasons to wait.
    let change = Patch::Merge(json!({"metadata": {"uid": pe.pod.key.uid, "annotations": {keys::WAKE: value}}}));
    let parameters = PatchParams::default();
    let write = pods.patch(pe.pod.key.name.as_str(), &parameters, &change);
    let answer = match tokio::time::timeout(DEADLINE, write).await {
        Ok(Ok(_)) => Answer::Written,
        Ok(Err(error)) => Answer::from_error(&error),
        Err(_elapsed) => Answer::Failed { problem: format!("no answer within {} s", DEADLINE.as_secs()), retry: true },
    };
    match answer {
        Answer::Written => telemetry::controller_write("Wake", WriteOutcome::Written),
        Answer::Gone => {}
        Answer::Failed { problem, retry } => {
            telemetry::controller_write("Wake", WriteOutcome::Failed);
            tracing::warn!(pod = %pe.pod, problem, retry, "cannot requeue a PE");
            return !retry;
        }
    }
    true
}

/// What the API server made of a write.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Written,
    /// The pod is gone, or another pod has its name.
    Gone,
    Failed {
        problem: String,
        retry: bool,
    },
}

impl Answer {
    fn from_error(error: &kube::Error) -> Self {
        let kube::Error::Api(status) = error else {
            return Self::Failed { problem: error.to_string(), retry: true };
        };
        match status.code {
            404 | 409 => Self::Gone,
            // The API server refuses the same request again, unless there were too many requests.
            code => Self::Failed { problem: status.message.clone(), retry: code >= 500 || code == 429 },
        }
    }
}

#[cfg(test)]
#[path = "tests/requeue.rs"]
mod tests;
