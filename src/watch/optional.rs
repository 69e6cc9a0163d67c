//! Kinds that a cluster may not serve, or that this process may not read: those of group `streams.ibm.com`, volumes, limit
//! ranges and quotas.
//!
//! Where the API server does not serve a kind, there is no object of it. The API server is asked again and again,
//! because the definition may be installed later.
//!
//! Where this process may not read a kind, other PEs do not wait for it. A PE that belongs to an object of group
//! `streams.ibm.com` waits until the object has been seen.

use std::sync::Arc;
use std::time::Duration;

use kube::{Client, Resource};

use super::follow::watch;
use super::forbidden::go_without;
use super::health::Health;
use super::watched::Watched;
use crate::state::Event;
use crate::store::Store;

/// How long to wait before asking again for a kind that is not served.
const NOT_SERVED_PAUSE: Duration = Duration::from_secs(10);
/// How long to wait before asking again without an answer.
const NO_ANSWER_PAUSE: Duration = Duration::from_secs(2);
/// How long the API server may take to say whether it serves a kind.
const DEADLINE: Duration = Duration::from_secs(10);

/// Follows a kind while it is served. The snapshot is not complete before all objects of the kind are listed.
pub(super) fn start<K: Watched>(client: &Client, store: &Arc<Store>) -> Arc<Health> {
    // Applied at once: until the API server has answered whether it serves the kind, no list may complete the snapshot.
    store.apply([Event::expected::<K::Projected>()]);
    start_for_reports::<K>(client, store)
}

/// Follows a kind while it is served. The snapshot may be complete without it: no decision depends on the kind.
#[expect(clippy::disallowed_methods, reason = "the watches run as long as the runtime that they are started on")]
pub(super) fn start_for_reports<K: Watched>(client: &Client, store: &Arc<Store>) -> Arc<Health> {
    let health = Arc::new(Health::new(K::KIND));
    tokio::spawn(follow::<K>(client.clone(), Arc::clone(store), Arc::clone(&health)));
    health
}

#[expect(clippy::infinite_loop, reason = "it runs as long as the runtime")]
async fn follow<K: Watched>(client: Client, store: Arc<Store>, health: Arc<Health>) {
    loop {
        until_served::<K>(&client, &store, &health).await;
        tracing::info!(kind = K::KIND, "the kind is served");
        watch::<K>(client.clone(), Arc::clone(&store), Arc::clone(&health)).await;
        tracing::info!(kind = K::KIND, "the kind is no longer served");
    }
}

/// Waits until the API server serves a kind. While it does not, there is no object of the kind.
async fn until_served<K: Watched>(client: &Client, store: &Store, health: &Health) {
    let mut is_reported = false;
    loop {
        match availability::<K>(client).await {
            Availability::Served => return,
            Availability::NotServed => {
                health.answered();
                if !is_reported {
                    store.apply([Event::listed(Vec::<K::Projected>::new())]);
                    health.list_is_complete();
                    is_reported = true;
                }
                tokio::time::sleep(NOT_SERVED_PAUSE).await;
            }
            Availability::Forbidden(problem) => {
                go_without::<K>(store, health, &problem);
                tokio::time::sleep(NOT_SERVED_PAUSE).await;
            }
            Availability::Unknown(problem) => {
                health.failed(&problem);
                tracing::warn!(
                    kind = K::KIND,
                    problem,
                    "the API server was asked whether it serves the kind and did not answer; retrying"
                );
                tokio::time::sleep(NO_ANSWER_PAUSE).await;
            }
        }
    }
}

/// Whether the API server serves a kind to this process.
enum Availability {
    Served,
    NotServed,
    /// This process may not ask.
    Forbidden(String),
    /// The API server did not say.
    Unknown(String),
}

async fn availability<K: Resource<DynamicType = ()>>(client: &Client) -> Availability {
    let version = K::api_version(&());
    let list = async {
        // The core group has a path of its own.
        if K::group(&()).is_empty() {
            client.list_core_api_resources(&version).await
        } else {
            client.list_api_group_resources(&version).await
        }
    };
    match tokio::time::timeout(DEADLINE, list).await {
        Ok(Ok(list)) if list.resources.iter().any(|resource| *resource.name == *K::plural(&())) => Availability::Served,
        Ok(Ok(_)) => Availability::NotServed,
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => Availability::NotServed,
        Ok(Err(kube::Error::Api(status))) if status.code == 403 => Availability::Forbidden(status.message),
        Ok(Err(error)) => Availability::Unknown(error.to_string()),
        Err(_elapsed) => Availability::Unknown(format!("no answer within {} s", DEADLINE.as_secs())),
    }
}
