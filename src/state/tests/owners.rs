use std::sync::Arc;

use jiff::Timestamp;

use super::{GoneOwners, KEPT};
use crate::model::{Owner, OwnerKind, Pod};
use crate::testing::pe;

/// A pod of a namesake, created in this second.
fn owned(uid: &str, second: i64) -> Arc<Pod> {
    let owner = Owner { name: "set".into(), uid: uid.into(), kind: OwnerKind::of("apps/v1", "StatefulSet") };
    let created = Timestamp::from_second(second).unwrap();
    Arc::new(Pod { owner: Some(Arc::new(owner)), created, ..pe("j", &format!("{uid}-{second}"), &[]) })
}

/// The owners that the last of these pods shows to be gone.
fn shown(pods: &[Arc<Pod>]) -> Vec<String> {
    let gone = GoneOwners::default().observe(pods.last().unwrap(), pods);
    gone.iter().map(ToString::to_string).collect()
}

#[test]
fn an_owner_is_gone_when_all_of_its_pods_are_older_than_those_of_a_namesake() {
    assert_eq!(shown(&[owned("a", 1), owned("a", 2), owned("b", 3)]), ["a"]);
    assert_eq!(shown(&[owned("b", 3), owned("a", 2)]), ["a"], "whichever comes first");
    assert_eq!(shown(&[owned("a", 1), owned("b", 2), owned("c", 3)]), ["a", "b"]);
    assert_eq!(shown(&[owned("a", 2), owned("b", 2)]), [""; 0], "of one second nobody knows");
    assert_eq!(shown(&[owned("a", 1), owned("a", 3), owned("b", 2)]), [""; 0], "this proves nothing");
    assert_eq!(shown(&[owned("a", 1), owned("a", 2)]), [""; 0]);
}

#[test]
fn owners_of_another_kind_or_name_are_no_namesakes() {
    let with = |pod: &Arc<Pod>, owner: Option<Owner>| Arc::new(Pod { owner: owner.map(Arc::new), ..(**pod).clone() });
    let later = owned("b", 3);
    let owner = (**later.owner.as_ref().unwrap()).clone();
    let other_kind = Owner { kind: OwnerKind::of("apps/v1", "ReplicaSet"), ..owner.clone() };
    let other_group = Owner { kind: OwnerKind::of("example.dev/v1", "StatefulSet"), ..owner.clone() };
    let other_name = Owner { name: "another".into(), ..owner.clone() };
    for other in [Some(other_kind), Some(other_group), Some(other_name), None] {
        assert_eq!(shown(&[owned("a", 1), with(&later, other)]), [""; 0]);
    }
    let other_version = Owner { kind: OwnerKind::of("apps/v1beta2", "StatefulSet"), ..owner };
    assert_eq!(shown(&[owned("a", 1), with(&later, Some(other_version))]), ["a"]);
}

#[test]
fn so_many_are_remembered() {
    let mut gone = GoneOwners::default();
    for number in 0..=KEPT {
        let pods = [owned(&number.to_string(), 1), owned("last", 2)];
        gone.observe(&pods[1], &pods);
    }
    let remembered = |uid: &str| gone.has_owner_of(&owned(uid, 1));
    assert_eq!(["0", "1", "256", "last"].map(remembered), [false, true, true, false]);
}
