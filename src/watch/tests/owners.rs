use jiff::Timestamp;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::ObjectMeta;

use super::gone;
use crate::api::open_streams::ProcessingElement;
use crate::model::{Owner, OwnerKind};
use crate::state::Event;

fn metadata() -> ObjectMeta {
    ObjectMeta { name: Some("app".to_owned()), uid: Some("u1".to_owned()), ..ObjectMeta::default() }
}

fn owner(event: Option<Event>) -> Owner {
    match event {
        Some(Event::OwnerGone(owner)) => owner,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pods_are_going_to_be_collected_once_their_owner_was_deleted_without_waiting_for_anybody() {
    let of_kubernetes = Owner { name: "app".into(), uid: "u1".into(), kind: OwnerKind::Other, is_only: true };
    assert_eq!(owner(gone::<StatefulSet>(&metadata())), of_kubernetes);
    let pe = Owner { kind: OwnerKind::ProcessingElement, ..of_kubernetes };
    assert_eq!(owner(gone::<ProcessingElement>(&metadata())), pe, "as its pods name it");
    // As it is when its last finalizer is taken away: `orphan` for one, which leaves the pods to themselves.
    let waited = ObjectMeta { deletion_timestamp: Some(Time(Timestamp::UNIX_EPOCH)), ..metadata() };
    assert!(gone::<StatefulSet>(&waited).is_none());
}
