//! Which fencing tokens settle which pods. `commit` tests what follows for Bindings.

use super::number;
use crate::model::{Pod, keys};
use crate::state::{Cluster, Event};
use crate::testing::{cluster, leaving, node, on, pe};

/// PEs `a` and `b` wait, and this process has taken over.
fn taken_over() -> Cluster {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[]), pe("j", "b", &[])]);
    cluster.take_over("ours");
    cluster
}

fn unsettled(cluster: &Cluster) -> Vec<String> {
    cluster.unsettled().map(|pe| pe.name.to_string()).collect()
}

fn fenced(token: &str, pod: Pod) -> Pod {
    Pod { annotations: [(keys::EPOCH, token)].into_iter().collect(), ..pod }
}

fn show(cluster: &mut Cluster, pod: Pod) {
    cluster.apply(Event::put(pod));
}

#[test]
fn nothing_is_unsettled_before_this_process_places() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    assert_eq!((unsettled(&cluster), cluster.next_token()), (vec![], None));
    show(&mut cluster, fenced("theirs.1", pe("j", "a", &[])));
    assert!(unsettled(&cluster).is_empty() && !cluster.is_our_token("ours.1"));
}

#[test]
fn everything_that_waits_is_unsettled_until_a_mark_is_shown() {
    let mut cluster = taken_over();
    assert_eq!(unsettled(&cluster), ["a", "b"]);
    let token = cluster.next_token().unwrap();
    assert_eq!(unsettled(&cluster), ["a", "b"], "given out is not shown");
    show(&mut cluster, fenced(&token, pe("j", "a", &[])));
    assert_eq!(unsettled(&cluster), ["b"]);
    cluster.take_over("another");
    assert!(cluster.is_our_token(&token), "the epoch of a process does not change");
    assert_eq!(unsettled(&cluster), ["b"]);
}

#[test]
fn what_no_longer_waits_needs_no_mark() {
    let ends = [
        Event::put(on("n1", pe("j", "a", &[]))),
        Event::put(leaving(pe("j", "a", &[]))),
        Event::gone::<Pod>("a".into()),
    ];
    for end in ends {
        let mut cluster = taken_over();
        cluster.apply(end.clone());
        assert_eq!(unsettled(&cluster), ["b"], "{end:?}");
    }
}

#[test]
fn pods_that_come_after_the_first_mark_is_shown_are_settled() {
    let mut cluster = taken_over();
    show(&mut cluster, pe("j", "early", &[]));
    let token = cluster.next_token().unwrap();
    show(&mut cluster, fenced(&token, pe("j", "a", &[])));
    show(&mut cluster, pe("j", "late", &[]));
    assert_eq!(unsettled(&cluster), ["b", "early"]);
}

#[test]
fn each_mark_is_another_value() {
    let mut cluster = taken_over();
    let tokens = [cluster.next_token(), cluster.next_token()].map(Option::unwrap);
    assert_eq!(tokens, ["ours.1", "ours.2"]);
    assert!(tokens.iter().all(|token| cluster.is_our_token(token)));
}

#[test]
fn a_mark_of_another_process_unsettles_what_waits() {
    let mut cluster = taken_over();
    let token = cluster.next_token().unwrap();
    show(&mut cluster, fenced(&token, pe("j", "a", &[])));
    show(&mut cluster, pe("j", "late", &[]));
    show(&mut cluster, fenced("theirs.1", pe("j", "b", &[])));
    assert_eq!(unsettled(&cluster), ["a", "b", "late"]);
    show(&mut cluster, pe("j", "later", &[]));
    assert_eq!(
        unsettled(&cluster),
        ["a", "b", "late", "later"],
        "another process may know the pod and not this takeover"
    );
    cluster.apply(Event::gone::<Pod>("later".into()));
    show(&mut cluster, Pod { resource_version: "9".into(), ..fenced("theirs.1", pe("j", "b", &[])) });
    let again = cluster.next_token().unwrap();
    show(&mut cluster, fenced(&again, pe("j", "a", &[])));
    show(&mut cluster, Pod { resource_version: "10".into(), ..fenced("theirs.1", pe("j", "b", &[])) });
    assert_eq!(unsettled(&cluster), ["b", "late"], "the same mark shown again is no news");
}

#[test]
fn a_mark_from_before_the_present_reign_proves_nothing() {
    let mut cluster = taken_over();
    let early = cluster.next_token().unwrap();
    show(&mut cluster, fenced("theirs.1", pe("j", "b", &[])));
    show(&mut cluster, fenced(&early, pe("j", "a", &[])));
    assert_eq!(unsettled(&cluster), ["a", "b"]);
    show(&mut cluster, pe("j", "late", &[]));
    assert_eq!(unsettled(&cluster), ["a", "b", "late"], "nor that another process knows of this takeover");
}

#[test]
fn a_list_unsettles_what_waits() {
    let mut cluster = taken_over();
    let token = cluster.next_token().unwrap();
    show(&mut cluster, fenced(&token, pe("j", "a", &[])));
    cluster.apply(Event::listed(vec![fenced(&token, pe("j", "a", &[])), on("n1", pe("j", "b", &[]))]));
    assert_eq!(unsettled(&cluster), ["a"]);
}

#[test]
fn a_mark_is_an_epoch_and_a_number() {
    assert_eq!(number("ours", "ours.12"), Some(12));
    assert_eq!(number("our.s", "our.s.3"), Some(3), "an epoch may hold dots");
    for other in
        ["", "ours", "ours.", "ours.x", "ours.-1", "theirs.1", "ours.1.2", "xours.1", "ours.99999999999999999999"]
    {
        assert_eq!(number("ours", other), None, "{other}");
    }
}
