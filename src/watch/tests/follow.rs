use std::sync::Arc;

use kube::core::DeserializeGuard;
use serde_json::json;

use super::{Item, Reader, Shown, WatchError, follow};
use crate::api::PodObject;
use crate::api::open_streams::ProcessingElement;
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

#[test]
fn field_problems_of_objects_that_are_gone_are_forgotten() {
    let health = Health::new("ProcessingElement");
    let mut reader = Reader::<ProcessingElement>::new(&health);
    let object = |name: String| -> DeserializeGuard<ProcessingElement> {
        let metadata = json!({"name": name, "namespace": "streams", "uid": name});
        serde_json::from_value(json!({"metadata": metadata, "spec": {"placement": {"host": 7}}})).unwrap()
    };
    for generation in 0..100 {
        reader.read(Shown::Applied(object(format!("pe-{generation}"))));
        assert_eq!(reader.reported.len(), 1, "its field is reported");
        reader.read(Shown::Deleted(object(format!("pe-{generation}"))));
        assert!(reader.reported.is_empty());
    }
    for generation in 0..100 {
        let objects = vec![object(format!("pe-{generation}")), object("stays".to_owned())];
        reader.read(Shown::Page { objects, is_first: true });
        reader.read(Shown::Listed("1".to_owned()));
        assert_eq!((reader.reported.len(), reader.reported_before.len()), (2, 0));
    }
}
