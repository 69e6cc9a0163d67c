//! Wakes PEs that wait for nodes which were too busy, by wishes that they no longer have, or for members of their gang of
//! which no more came: kube-scheduler sees nothing of a load that falls, of an object of ours, or of time that passes,
//! and leaves what an extender refused alone until something changes that it does see. Whoever takes the lease over
//! wakes all that could be placed: what changed while nobody held it has woken nobody.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use super::Lease;
use crate::api::PodObject;
use crate::model::{Pe, PodUid, keys};
use crate::placement::{GangComplete, OverloadCleared, SpecChanged, placeable};
use crate::store::Store;
use crate::telemetry;

/// How long changes are gathered: nodes that are relieved together wake a PE once.
const GATHERED: Duration = Duration::from_millis(250);
/// How soon what could not be written is tried again.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the API server may take for one write.
const DEADLINE: Duration = Duration::from_secs(1);
/// How many writes are under way at once.
const AT_ONCE: usize = 8;

/// Wakes PEs while it holds the lease.
pub(super) struct Requeuer {
    client: Client,
    store: Arc<Store>,
    lease: Arc<Lease>,
    overload_cleared: OverloadCleared,
    spec_changes: SpecChanged,
    gang_complete: GangComplete,
    /// True once all that could be placed when the lease was taken over are owed it.
    has_taken_over: bool,
    /// Who has to be woken, in the order in which that is done.
    owed: Vec<Arc<Pe>>,
}

impl Requeuer {
    pub(super) fn new(client: Client, store: Arc<Store>, lease: Arc<Lease>) -> Self {
        let (overload_cleared, spec_changes, gang_complete) =
            (OverloadCleared::default(), SpecChanged::default(), GangComplete::default());
        Self {
            client,
            store,
            lease,
            overload_cleared,
            spec_changes,
            gang_complete,
            has_taken_over: false,
            owed: Vec::new(),
        }
    }

    /// Wakes whom it concerns from now on.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub(super) async fn follow(mut self) -> Infallible {
        let mut version = 0;
        loop {
            self.store.until(PERIOD, |cluster| (cluster.snapshot().version() != version).then_some(())).await;
            tokio::time::sleep(GATHERED).await;
            let view = Arc::clone(&self.store.view());
            version = view.snapshot.version();
            let decided_in = |uid: &PodUid| self.store.attempts().decided_in(uid);
            let spec_changes = self.spec_changes.observe(&view.snapshot, decided_in);
            let complete = self.gang_complete.observe(&view.snapshot);
            let concerned =
                self.overload_cleared.observe(&view.snapshot).into_iter().chain(spec_changes).chain(complete);
            let concerned: Vec<Arc<Pe>> = concerned.map(Arc::clone).collect();
            if !self.lease.is_held() {
                // Whoever holds it has seen the same, and whoever takes it over looks at all.
                self.has_taken_over = false;
                self.owed.clear();
                continue;
            }
            self.owe(concerned);
            if !self.has_taken_over && view.snapshot.is_complete() {
                let seen = Arc::clone(&view);
                let look = move || placeable(&seen.snapshot).into_iter().map(Arc::clone).collect();
                // It is as good as done where the runtime ends meanwhile.
                let placeable: Vec<Arc<Pe>> = tokio::task::spawn_blocking(look).await.unwrap_or_default();
                self.owe(placeable);
                self.has_taken_over = true;
            }
            self.requeue().await;
        }
    }

    /// Owes it to PEs, each once.
    fn owe(&mut self, pes: Vec<Arc<Pe>>) {
        let mut known: BTreeSet<PodUid> = self.owed.iter().map(|pe| pe.pod.key.uid.clone()).collect();
        self.owed.extend(pes.into_iter().filter(|pe| known.insert(pe.pod.key.uid.clone())));
    }

    /// Wakes all that are owed it and still wait; what fails stays owed.
    async fn requeue(&mut self) {
        let store = Arc::clone(&self.store);
        let waits = |pe: &Arc<Pe>| {
            store.read(|cluster| cluster.pod(pe.pod.key.uid.as_str()).is_some_and(|(pod, _)| pod.node.is_none()))
        };
        let waiting: Vec<Arc<Pe>> = std::mem::take(&mut self.owed).into_iter().filter(waits).collect();
        if waiting.is_empty() {
            return;
        }
        tracing::info!(pes = waiting.len(), "what they wait for has changed: PEs are woken");
        let value = now().to_string();
        let writes = futures::stream::iter(waiting).map(|pe| async {
            let is_done = write(&self.client, &pe, &value).await;
            (!is_done).then_some(pe)
        });
        self.owed = writes.buffered(AT_ONCE).filter_map(std::future::ready).collect().await;
    }
}

/// Writes the annotation that wakes a PE; false where that has to be tried again.
async fn write(client: &Client, pe: &Pe, value: &str) -> bool {
    let pods: Api<PodObject> = Api::namespaced(client.clone(), pe.pod.key.namespace.as_str());
    // The UID is a precondition: another pod of that name has its own reasons to wait.
    let change = Patch::Merge(json!({"metadata": {"uid": pe.pod.key.uid, "annotations": {keys::WAKE: value}}}));
    let parameters = PatchParams::default();
    let write = pods.patch(pe.pod.key.name.as_str(), &parameters, &change);
    let (problem, is_final) = match tokio::time::timeout(DEADLINE, write).await {
        Ok(Ok(_)) => (None, true),
        // It is gone, or another one.
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => return true,
        // What is refused is refused again, unless there were too many requests.
        Ok(Err(kube::Error::Api(status))) => (Some(status.message.clone()), status.code < 500 && status.code != 429),
        Ok(Err(error)) => (Some(error.to_string()), false),
        Err(_elapsed) => (Some(format!("no answer within {} s", DEADLINE.as_secs())), false),
    };
    telemetry::controller_write("Wake", if problem.is_none() { "written" } else { "failed" });
    if let Some(problem) = problem {
        tracing::warn!(pod = %pe.pod, problem, is_tried_again = !is_final, "a PE cannot be woken");
    }
    is_final
}

#[expect(clippy::disallowed_methods, reason = "any new value would do; a time says something to people")]
fn now() -> Timestamp {
    Timestamp::now()
}
