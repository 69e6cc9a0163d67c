//! Kinds that a cluster may have or not: those of group `streams.ibm.com`.
//!
//! Where the API server does not serve a kind there is none of it: nothing waits for it. It is looked for again, so that
//! a definition which is installed later is found.

use std::sync::Arc;
use std::time::Duration;

use kube::{Client, Resource};

use super::follow::watch;
use super::health::Health;
use super::owners;
use super::watched::Watched;
use crate::api::open_streams::{HostPool, Job, ParallelRegion, ProcessingElement};
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, Namespace, ObjectId, OpenStreamsObject as _,
};
use crate::state::{Change, Event};
use crate::store::Store;

/// How often a kind is looked for that is not served.
const LOOK: Duration = Duration::from_secs(10);
/// How soon after an attempt without an answer.
const AGAIN: Duration = Duration::from_secs(2);

/// A kind that a cluster may do without.
pub(super) trait Optional: Watched {
    /// The event that nothing is complete before all objects of the kind are listed.
    fn expected() -> Event;
}

/// Follows a kind wherever it is served; nothing is decided before all objects of it have been seen.
pub(super) fn start<K: Optional>(client: &Client, store: &Arc<Store>) -> Arc<Health> {
    // Before any list can complete the view: whether there is such a kind has not been answered yet.
    store.apply([K::expected()]);
    start_to_tell::<K>(client, store)
}

/// Follows a kind wherever it is served, for what is told of it: no decision waits for it.
#[expect(clippy::disallowed_methods, reason = "the watches run as long as the runtime that they are started on")]
pub(super) fn start_to_tell<K: Optional>(client: &Client, store: &Arc<Store>) -> Arc<Health> {
    let health = Arc::new(Health::new(K::KIND));
    tokio::spawn(follow::<K>(client.clone(), Arc::clone(store), Arc::clone(&health)));
    health
}

#[expect(clippy::infinite_loop, reason = "it runs as long as the runtime")]
async fn follow<K: Optional>(client: Client, store: Arc<Store>, health: Arc<Health>) {
    loop {
        until_served::<K>(&client, &store, &health).await;
        tracing::info!(kind = K::KIND, "the kind is served and followed");
        watch::<K>(client.clone(), Arc::clone(&store), Arc::clone(&health)).await;
        tracing::info!(kind = K::KIND, "the kind is no longer served");
    }
}

/// Waits until the API server serves a kind; as long as it does not, there is no object of it.
async fn until_served<K: Optional>(client: &Client, store: &Store, health: &Health) {
    let mut is_reported = false;
    loop {
        match is_served::<K>(client).await {
            Ok(true) => return,
            Ok(false) => {
                health.answered();
                if !is_reported {
                    store.apply([K::listed(Vec::new())]);
                    health.list_is_complete();
                    is_reported = true;
                }
                tokio::time::sleep(LOOK).await;
            }
            Err(error) => {
                health.failed(&error);
                tracing::warn!(kind = K::KIND, %error, "whether the kind is served cannot be told; it is tried again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

async fn is_served<K: Resource<DynamicType = ()>>(client: &Client) -> kube::Result<bool> {
    match client.list_api_group_resources(&K::api_version(&())).await {
        Ok(list) => Ok(list.resources.iter().any(|resource| *resource.name == *K::plural(&()))),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

macro_rules! declared {
    ($($object:ident as $declared:ident in $event:ident;)*) => {$(
        impl Watched for $object {
            const KIND: &'static str = $declared::KIND_AND_GROUP;
            const IS_OPTIONAL: bool = true;
            type Projected = $declared;

            fn project(&self) -> Result<$declared, Box<dyn std::error::Error>> {
                Ok($declared::try_from(self)?)
            }
            fn put(projected: $declared) -> Event {
                Event::$event(Change::Put(Box::new(projected)))
            }
            fn listed(all: Vec<$declared>) -> Event {
                Event::$event(Change::Listed(all))
            }
            fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
                let namespace = Namespace::from(metadata.namespace.as_deref()?);
                Some(Event::$event(Change::Gone(ObjectId::new(&namespace, metadata.name.as_deref()?))))
            }
            fn orphans(metadata: &kube::api::ObjectMeta) -> Option<Event> {
                owners::gone::<Self>(metadata)
            }
            fn field_problems(projected: &$declared) -> Option<(String, String)> {
                let field_problems: Vec<String> = projected.field_problems().iter().map(ToString::to_string).collect();
                Some((projected.id().to_string(), field_problems.join("; ")))
            }
        }

        impl Optional for $object {
            fn expected() -> Event {
                Event::$event(Change::Expected)
            }
        }
    )*};
}

declared! {
    ProcessingElement as DeclaredPe in DeclaredPe;
    HostPool as DeclaredPool in DeclaredPool;
    Job as DeclaredJob in DeclaredJob;
    ParallelRegion as DeclaredRegion in DeclaredRegion;
}
