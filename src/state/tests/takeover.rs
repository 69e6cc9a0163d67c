//! Tests of fencing tokens and takeovers. The tests of `commit` show the effect on Bindings.

use super::token_number;
use crate::model::{Pod, keys};
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, leaving, node, pe};

/// PEs `a` and `b` are pending, and this process has taken over.
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

fn deliver(cluster: &mut Cluster, pod: Pod) {
    cluster.apply(Event::put(pod));
}

#[test]
fn no_pod_is_unsettled_before_the_takeover() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    assert_eq!((unsettled(&cluster), cluster.next_token()), (vec![], None));
    deliver(&mut cluster, fenced("theirs.1", pe("j", "a", &[])));
    assert!(unsettled(&cluster).is_empty() && !cluster.is_our_token("ours.1"));
}

#[test]
fn a_pending_pod_is_unsettled_until_the_watch_delivers_its_token() {
    let mut cluster = taken_over();
    assert_eq!(unsettled(&cluster), ["a", "b"]);
    let token = cluster.next_token().unwrap();
    assert_eq!(unsettled(&cluster), ["a", "b"], "the watch has not delivered the token");
    deliver(&mut cluster, fenced(&token, pe("j", "a", &[])));
    assert_eq!(unsettled(&cluster), ["b"]);
    cluster.take_over("another");
    assert!(cluster.is_our_token(&token), "the epoch of a process does not change");
    assert_eq!(unsettled(&cluster), ["b"]);
}

#[test]
fn a_pod_that_is_no_longer_pending_is_settled() {
    let ends = [
        Event::put(bound_to("n1", pe("j", "a", &[]))),
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
fn a_pod_that_is_created_after_the_first_delivered_token_is_settled() {
    let mut cluster = taken_over();
    deliver(&mut cluster, pe("j", "early", &[]));
    let token = cluster.next_token().unwrap();
    deliver(&mut cluster, fenced(&token, pe("j", "a", &[])));
    deliver(&mut cluster, pe("j", "late", &[]));
    assert_eq!(unsettled(&cluster), ["b", "early"]);
}

#[test]
fn each_token_has_another_value() {
    let mut cluster = taken_over();
    let tokens = [cluster.next_token(), cluster.next_token()].map(Option::unwrap);
    assert_eq!(tokens, ["ours.1", "ours.2"]);
    assert!(tokens.iter().all(|token| cluster.is_our_token(token)));
}

#[test]
fn a_token_of_another_process_unsettles_all_pending_pods() {
    let mut cluster = taken_over();
    let token = cluster.next_token().unwrap();
    deliver(&mut cluster, fenced(&token, pe("j", "a", &[])));
    deliver(&mut cluster, pe("j", "late", &[]));
    deliver(&mut cluster, fenced("theirs.1", pe("j", "b", &[])));
    assert_eq!(unsettled(&cluster), ["a", "b", "late"]);
    deliver(&mut cluster, pe("j", "later", &[]));
    assert_eq!(
        unsettled(&cluster),
        ["a", "b", "late", "later"],
        "another process may know the pod and not this takeover"
    );
    cluster.apply(Event::gone::<Pod>("later".into()));
    deliver(&mut cluster, Pod { resource_version: "9".into(), ..fenced("theirs.1", pe("j", "b", &[])) });
    let again = cluster.next_token().unwrap();
    deliver(&mut cluster, fenced(&again, pe("j", "a", &[])));
    deliver(&mut cluster, Pod { resource_version: "10".into(), ..fenced("theirs.1", pe("j", "b", &[])) });
    assert_eq!(unsettled(&cluster), ["b", "late"], "a token that the pod had before changes nothing");
}

#[test]
fn a_token_from_before_the_takeover_settles_no_pod() {
    let mut cluster = taken_over();
    let early = cluster.next_token().unwrap();
    deliver(&mut cluster, fenced("theirs.1", pe("j", "b", &[])));
    deliver(&mut cluster, fenced(&early, pe("j", "a", &[])));
    assert_eq!(unsettled(&cluster), ["a", "b"]);
    deliver(&mut cluster, pe("j", "late", &[]));
    assert_eq!(unsettled(&cluster), ["a", "b", "late"], "the old token does not make the takeover known");
}

#[test]
fn a_list_takes_over_again() {
    let mut cluster = taken_over();
    let token = cluster.next_token().unwrap();
    deliver(&mut cluster, fenced(&token, pe("j", "a", &[])));
    cluster.apply(Event::listed(vec![fenced(&token, pe("j", "a", &[])), bound_to("n1", pe("j", "b", &[]))]));
    assert_eq!(unsettled(&cluster), ["a"]);
}

#[test]
fn a_token_is_an_epoch_and_a_number() {
    assert_eq!(token_number("ours", "ours.12"), Some(12));
    assert_eq!(token_number("our.s", "our.s.3"), Some(3), "an epoch may hold dots");
    for other in
        ["", "ours", "ours.", "ours.x", "ours.-1", "theirs.1", "ours.1.2", "xours.1", "ours.99999999999999999999"]
    {
        assert_eq!(token_number("ours", other), None, "{other}");
    }
}
