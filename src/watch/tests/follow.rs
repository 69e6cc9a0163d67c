use std::sync::Arc;

use kube::runtime::watcher::{Error, Event as Watched};

use super::{WatchEvent, follow};
use crate::api::PodObject;
use crate::policy::PolicySet;
use crate::store::Store;
use crate::watch::health::Health;

/// The health of a watch after these events.
async fn after(events: Vec<WatchEvent<PodObject>>) -> Arc<Health> {
    let (store, health) = (Arc::new(Store::new(PolicySet::default())), Arc::new(Health::new("Pod")));
    follow::<PodObject>(futures::stream::iter(events), store, Arc::clone(&health)).await;
    health
}

fn fails() -> WatchEvent<PodObject> {
    Err(Error::NoResourceVersion)
}

#[tokio::test]
async fn a_list_that_is_tried_again_and_again_goes_on_failing() {
    let begins = || Ok(Watched::Init);
    let health = after(vec![begins(), fails(), begins(), fails(), begins()]).await;
    assert!(health.failing_for().is_some() && health.problem().is_some(), "{health:?}");
    assert!(!health.is_listed());
    let health = after(vec![begins(), fails(), begins(), Ok(Watched::InitDone)]).await;
    assert!(health.failing_for().is_none() && health.is_listed(), "{health:?}");
}
