use std::sync::Arc;

use super::{Item, Shown, WatchError, follow};
use crate::api::PodObject;
use crate::policy::PolicySet;
use crate::store::Store;
use crate::watch::health::Health;

/// The health of a watch after these events.
async fn after(items: Vec<Item<PodObject>>) -> Arc<Health> {
    let (store, health) = (Arc::new(Store::new(PolicySet::default())), Arc::new(Health::new("Pod")));
    follow::<PodObject>(futures::stream::iter(items), store, Arc::clone(&health)).await;
    health
}

fn fails() -> Item<PodObject> {
    Err(WatchError::NoAnswer)
}

fn listed() -> Item<PodObject> {
    Ok(Shown::Listed("1".to_owned()))
}

#[tokio::test]
async fn a_list_that_is_tried_again_and_again_goes_on_failing() {
    let health = after(vec![fails(), fails()]).await;
    assert!(health.failing_for().is_some() && health.problem().is_some(), "{health:?}");
    assert!(!health.is_listed());
    let health = after(vec![fails(), fails(), listed()]).await;
    assert!(health.failing_for().is_none() && health.is_listed(), "{health:?}");
}

#[tokio::test]
async fn a_silent_watch_fails_until_the_api_server_shows_something() {
    let health = after(vec![listed(), Err(WatchError::Silent)]).await;
    assert!(health.failing_for().is_some(), "{health:?}");
    assert!(health.problem().unwrap().contains("shown nothing for 40 s"), "{health:?}");
    let health = after(vec![listed(), Err(WatchError::Silent), Ok(Shown::Bookmark("2".to_owned()))]).await;
    assert!(health.failing_for().is_none(), "{health:?}");
}
