use std::sync::Arc;

use kube::core::DeserializeGuard;
use serde_json::json;

use super::{Item, Reader, Shown, WatchError, follow};
use crate::api::open_streams::ProcessingElement;
use crate::api::{PersistentVolumeObject, PodObject, StreamJob};
use crate::model::{self, Node, PersistentVolume, Pod, Pool};
use crate::policy::PolicySet;
use crate::state::Event;
use crate::store::Store;
use crate::testing::{pe, policies};
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

fn listed() -> Shown<DeserializeGuard<PodObject>> {
    Shown::Listed("1".to_owned())
}

#[tokio::test]
async fn a_list_that_is_tried_again_and_again_goes_on_failing() {
    let health = after(vec![fails(), fails()]).await;
    assert!(health.failing_for().is_some() && health.problem().is_some(), "{health:?}");
    assert!(!health.is_listed());
    let health = after(vec![fails(), fails(), Ok(listed())]).await;
    assert!(health.failing_for().is_none() && health.is_listed(), "{health:?}");
}

#[tokio::test]
async fn a_silent_watch_fails_until_the_api_server_shows_something() {
    let health = after(vec![Ok(listed()), Err(WatchError::Silent)]).await;
    assert!(health.failing_for().is_some(), "{health:?}");
    assert!(health.problem().unwrap().contains("shown nothing for 40 s"), "{health:?}");
    let health = after(vec![Ok(listed()), Err(WatchError::Silent), Ok(Shown::Bookmark("2".to_owned()))]).await;
    assert!(health.failing_for().is_none(), "{health:?}");
}

#[tokio::test]
async fn without_the_right_to_read_volumes_the_view_is_complete() {
    let store = Arc::new(Store::new(PolicySet::default()));
    store.apply([
        Event::expected::<PersistentVolume>(),
        Event::listed::<Node>(vec![]),
        Event::listed::<Pod>(vec![]),
        Event::listed::<Pool>(vec![]),
        Event::listed::<model::StreamJob>(vec![]),
    ]);
    assert!(!store.view().snapshot.is_complete(), "volumes have not been listed");
    let forbidden = kube::core::Status::failure("may not list persistentvolumes", "Forbidden").with_code(403);
    let forbidden = WatchError::List(kube::Error::Api(forbidden.boxed()));
    let health = Arc::new(Health::new("PersistentVolume"));
    let items = futures::stream::iter([Err(forbidden)]);
    follow::<PersistentVolumeObject>(items, Arc::clone(&store), Arc::clone(&health)).await;
    assert!(store.view().snapshot.is_complete() && health.is_listed() && health.failing_for().is_none(), "{health:?}");
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

#[test]
fn a_stream_job_whose_update_cannot_be_read_is_told_until_it_can_be_read_or_is_gone() {
    let health = Health::new("StreamJob");
    let mut reader = Reader::<StreamJob>::new(&health);
    let object = |spec: serde_json::Value| -> DeserializeGuard<StreamJob> {
        let metadata = json!({"name": "clicks", "namespace": "streams", "uid": "u"});
        let object =
            json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamJob", "metadata": metadata, "spec": spec});
        serde_json::from_value(object).unwrap()
    };
    let good = || object(json!({"pes": [{"name": "a", "exlocation": ["apart"]}]}));
    let bad = || object(json!({"pes": [{"name": "a"}, {"name": "a"}]}));
    let store = Store::new(policies(""));
    let told = |events: Vec<Event>| {
        store.apply(events);
        let view = store.view();
        let problems = view.policies.field_problems(&pe("clicks", "a", &[]), view.snapshot.declared());
        (problems, view.snapshot.stream_jobs().len())
    };
    assert_eq!(told(reader.read(Shown::Applied(good()))), (vec![], 1));
    let (problems, known) = told(reader.read(Shown::Applied(bad())));
    assert!(problems[0].starts_with("StreamJob streams/clicks: its latest version cannot be read"), "{problems:?}");
    assert!(problems[0].contains("PE `a` is listed twice") && known == 1, "the version before it counts: {problems:?}");
    assert_eq!(told(reader.read(Shown::Applied(good()))), (vec![], 1));
    told(reader.read(Shown::Applied(bad())));
    assert_eq!(told(reader.read(Shown::Deleted(bad()))), (vec![], 0));
    told(reader.read(Shown::Applied(bad())));
    reader.read(Shown::Page { objects: vec![], is_first: true });
    assert_eq!(told(reader.read(Shown::Listed("1".to_owned()))), (vec![], 0));
}
