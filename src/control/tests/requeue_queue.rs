use super::*;
use crate::model::Declarations;
use crate::testing::{pe, policies};

fn pes(names: &[&str]) -> Vec<Arc<Pe>> {
    let policies = policies("");
    let read = |name: &&str| Arc::new(policies.pe(&Arc::new(pe("j", name, &[])), &Declarations::default()).unwrap());
    names.iter().map(read).collect()
}

fn names(pes: &[Arc<Pe>]) -> Vec<&str> {
    pes.iter().map(|pe| pe.pod.key.name.as_str()).collect()
}

#[test]
fn each_pe_is_queued_once_and_keeps_its_place() {
    let mut queue = RequeueQueue::default();
    queue.push(pes(&["a", "b", "a"]));
    queue.push(pes(&["c", "b"]));
    assert_eq!(names(&queue.take_waiting(|_| true)), ["a", "b", "c"]);
}

#[test]
fn pes_that_no_longer_wait_are_forgotten() {
    let mut queue = RequeueQueue::default();
    queue.push(pes(&["a", "b"]));
    assert_eq!(names(&queue.take_waiting(|pe| pe.pod.key.name.as_str() != "a")), ["b"]);
    assert!(queue.take_waiting(|_| true).is_empty(), "they were taken, or do not wait");
}

#[test]
fn a_write_that_failed_comes_before_what_is_seen_later() {
    let mut queue = RequeueQueue::default();
    queue.push(pes(&["a", "b"]));
    let mut taken = queue.take_waiting(|_| true);
    taken.retain(|pe| pe.pod.key.name.as_str() == "b");
    queue.push(taken);
    queue.push(pes(&["c", "b"]));
    assert_eq!(names(&queue.take_waiting(|_| true)), ["b", "c"]);
}

#[test]
fn whoever_loses_the_lease_owes_nothing() {
    let mut queue = RequeueQueue::default();
    queue.push(pes(&["a"]));
    queue.clear();
    assert!(queue.take_waiting(|_| true).is_empty());
}
