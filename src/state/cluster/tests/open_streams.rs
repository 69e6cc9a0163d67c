//! A change of an object re-reads the PEs that it concerns; a PE whose object has not been seen waits.

use std::sync::Arc;

use crate::model::{DeclaredJob, DeclaredPe, Labels, ObjectId, Owner, OwnerKind, Pe, Pod, Rejection};
use crate::state::{Cluster, Event};
use crate::testing::{choice, declared_pe, filter_node, governed, node, streams_pe, streams_policy};

fn owned(uid: &str, pod: Pod) -> Pod {
    let owner = Owner { name: "app-0".into(), uid: uid.into(), kind: OwnerKind::ProcessingElement, is_only: true };
    Pod { owner: Some(Arc::new(owner)), ..pod }
}

fn two_nodes(pods: Vec<Pod>) -> Cluster {
    governed(streams_policy(""), vec![node("n1"), node("n2")], vec![], pods)
}

fn put(cluster: &mut Cluster, pe: DeclaredPe) {
    cluster.apply(Event::put(pe));
}

fn of(uid: &str, host: &str) -> DeclaredPe {
    DeclaredPe { uid: uid.into(), ..declared_pe("app-0", &[("hosts", host)]) }
}

fn read(cluster: &Cluster, pod: &str) -> Arc<Pe> {
    Arc::clone(cluster.pod(pod).unwrap().1.unwrap())
}

#[test]
fn a_pe_waits_until_the_object_that_it_belongs_to_is_seen() {
    let mut cluster = two_nodes(vec![owned("u2", streams_pe("app", "0"))]);
    let unseen = Rejection::Unseen("ProcessingElement.streams.ibm.com streams/app-0".to_owned());
    assert_eq!(filter_node(&cluster, "app-0", "n1"), Err(unseen.clone()));
    put(&mut cluster, of("u1", "n1"));
    assert_eq!(filter_node(&cluster, "app-0", "n1"), Err(unseen), "an earlier object of the name is another one");
    put(&mut cluster, of("u2", "n2"));
    assert_eq!(choice(&cluster, "app-0"), ["n2"]);
}

#[test]
fn a_changed_object_changes_the_placement_spec_of_its_pe_and_no_other() {
    let mut cluster = two_nodes(vec![streams_pe("app", "0"), streams_pe("app", "1")]);
    assert_eq!(choice(&cluster, "app-0").len(), 2, "pods that belong to no object go by their own words");
    put(&mut cluster, of("u1", "n1"));
    assert_eq!(choice(&cluster, "app-0"), ["n1"]);
    let before = read(&cluster, "app-1");
    put(&mut cluster, of("u1", "n2"));
    assert_eq!(choice(&cluster, "app-0"), ["n2"]);
    let known = read(&cluster, "app-0");
    put(&mut cluster, of("u1", "n2"));
    assert!(Arc::ptr_eq(&known, &read(&cluster, "app-0")), "a version that declares the same changes nothing");
    assert!(Arc::ptr_eq(&before, &read(&cluster, "app-1")));
    cluster.apply(Event::gone::<DeclaredPe>(of("u1", "").id));
    assert_eq!(choice(&cluster, "app-0").len(), 2);
    cluster.apply(Event::listed(vec![of("u1", "n1")]));
    assert_eq!(choice(&cluster, "app-0"), ["n1"]);
    cluster.apply(Event::listed::<DeclaredPe>(vec![]));
    assert_eq!(choice(&cluster, "app-0").len(), 2);
}

#[test]
fn nothing_is_complete_before_what_is_expected_is_listed() {
    let mut cluster = two_nodes(vec![]);
    assert!(cluster.snapshot().is_complete(), "a cluster without these kinds waits for nothing");
    cluster.apply(Event::expected::<DeclaredPe>());
    cluster.apply(Event::expected::<DeclaredJob>());
    cluster.apply(Event::listed::<DeclaredPe>(vec![]));
    assert!(!cluster.snapshot().is_complete());
    let id = ObjectId::new(&"streams".into(), "app");
    let job = DeclaredJob {
        id,
        defaults: Labels::default(),
        requests: Labels::default(),
        pes: None,
        field_problems: Vec::new(),
    };
    cluster.apply(Event::listed(vec![job]));
    assert!(cluster.snapshot().is_complete());
}
