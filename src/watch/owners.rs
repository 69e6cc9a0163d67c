//! Deletions of workloads that own pods.
//!
//! Kubernetes collects a pod whose owner is gone, sometimes much later; until then the pod itself does not show it. The
//! deletion event of the owner shows it, unless the deletion has waited for dependents: such a deletion deletes the
//! pods first, or leaves them without an owner (`kubectl delete --cascade=orphan`). The pods of a workload that was
//! deleted while this process did not watch count until they are deleted themselves.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use backon::ExponentialBuilder;
use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use kube::api::{ObjectMeta, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::ExponentialBackoff;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use super::list_watch::{Shown, list_watch};
use crate::model::{Owner, OwnerKind};
use crate::state::Event;
use crate::store::Store;

/// These watches are optional, and the role of the process may not permit them: without them, PEs wait longer.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Watches the kinds that own pods of stream jobs. Flink's native mode makes a `Deployment` for each job.
pub(super) fn start(client: &Client, store: &Arc<Store>) {
    follow::<ReplicaSet>(client, store);
    follow::<StatefulSet>(client, store);
    follow::<Deployment>(client, store);
    follow::<Job>(client, store);
}

#[expect(clippy::disallowed_methods, reason = "the watches run as long as the runtime that they are started on")]
fn follow<K>(client: &Client, store: &Arc<Store>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (api, store) = (Api::<PartialObjectMeta<K>>::all(client.clone()), Arc::clone(store));
    let pauses =
        ExponentialBuilder::new().with_max_delay(LONGEST_PAUSE).with_factor(4.0).with_jitter().without_max_times();
    tokio::spawn(async move {
        let mut shown = std::pin::pin!(list_watch(api).backoff(ExponentialBackoff::from(pauses)));
        while let Some(item) = shown.next().await {
            match item {
                Ok(Shown::Deleted(object)) => store.apply(gone::<K>(&object.metadata)),
                Ok(_) => {}
                Err(error) => {
                    let kind = K::kind(&());
                    tracing::warn!(%kind, %error, "the watch of owners of pods failed; retrying");
                }
            }
        }
    });
}

/// The event that an owner is gone; `None` where its pods stay.
pub(super) fn gone<K: Resource<DynamicType = ()>>(metadata: &ObjectMeta) -> Option<Event> {
    let kind = OwnerKind::from_owner(&K::api_version(&()), &K::kind(&()));
    let (name, uid) = (metadata.name.as_deref()?.into(), metadata.uid.as_deref()?.into());
    let waits_for_nobody = metadata.deletion_timestamp.is_none();
    waits_for_nobody.then_some(Event::OwnerGone(Owner { name, uid, kind, is_only: true }))
}

#[cfg(test)]
#[path = "tests/owners.rs"]
mod tests;
