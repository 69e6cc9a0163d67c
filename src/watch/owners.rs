//! Workloads that pods belong to: that one of them is gone, and nothing else.
//!
//! A pod whose owner is gone is collected, a moment later or much later; until then nothing in it says so. What is
//! gone is told by the deletion itself, and only where nobody has to be waited for: a deletion that waits for dependents
//! either deletes them first or leaves them alone for good (`kubectl delete --cascade=orphan`). A deletion that happens
//! while nobody looks is not told: its pods count until they are deleted themselves, which is on the safe side.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use backon::ExponentialBuilder;
use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use kube::api::{ObjectMeta, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, ExponentialBackoff, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use crate::model::{Owner, OwnerKind};
use crate::state::Event;
use crate::store::Store;

/// Without these watches PEs wait a little longer, so nobody is bothered: a role may not have the right.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Follows the kinds that own the pods of streams directly: those of Kubernetes itself, and with Flink's native mode
/// the deployment of the job.
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
        let events = watcher(api, watcher::Config::default()).backoff(ExponentialBackoff::from(pauses));
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Delete(object)) => store.apply(gone::<K>(&object.metadata)),
                Ok(_) => {}
                Err(error) => {
                    let kind = K::kind(&());
                    tracing::warn!(%kind, %error, "whether owners of pods are gone cannot be told; it is tried again");
                }
            }
        }
    });
}

/// The event that an owner is gone and its pods are going to be, if they are.
pub(super) fn gone<K: Resource<DynamicType = ()>>(metadata: &ObjectMeta) -> Option<Event> {
    let kind = OwnerKind::of(&K::api_version(&()), &K::kind(&()));
    let (name, uid) = (metadata.name.as_deref()?.into(), metadata.uid.as_deref()?.into());
    let waits_for_nobody = metadata.deletion_timestamp.is_none();
    waits_for_nobody.then_some(Event::OwnerGone(Owner { name, uid, kind, is_only: true }))
}

#[cfg(test)]
#[path = "tests/owners.rs"]
mod tests;
