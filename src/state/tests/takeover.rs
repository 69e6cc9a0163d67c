//! Tests of fencing tokens and takeovers. The tests of `commit` show the effect on Bindings.

use super::token_number;
use crate::model::{Pod, keys};
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, leaving, node, pe, pod};

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
    assert_eq!((unsettled(&cluster), cluster.next_token(&"a".into())), (vec![], None));
    deliver(&mut cluster, fenced("theirs.1", pe("j", "a", &[])));
    assert!(unsettled(&cluster).is_empty() && !cluster.is_our_token("ours.1"));
}

#[test]
fn a_pending_pod_is_unsettled_until_the_watch_delivers_its_token() {
    let mut cluster = taken_over();
    assert_eq!(unsettled(&cluster), ["a", "b"]);
    let token = cluster.next_token(&"a".into()).unwrap();
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
    let token = cluster.next_token(&"a".into()).unwrap();
    deliver(&mut cluster, fenced(&token, pe("j", "a", &[])));
    deliver(&mut cluster, pe("j", "late", &[]));
    assert_eq!(unsettled(&cluster), ["b", "early"]);
}

#[test]
fn each_token_has_another_value() {
    let mut cluster = taken_over();
    let tokens = [cluster.next_token(&"a".into()), cluster.next_token(&"b".into())].map(Option::unwrap);
    assert_eq!(tokens, ["ours.1", "ours.2"]);
    assert!(tokens.iter().all(|token| cluster.is_our_token(token)));
}

#[test]
fn a_foreign_token_on_a_pending_pe_is_a_question_and_unsettles_no_pod() {
    let mut cluster = taken_over();
    let token = cluster.next_token(&"a".into()).unwrap();
    deliver(&mut cluster, fenced(&token, pe("j", "a", &[])));
    assert_eq!(cluster.unchecked_takeovers(), None);
    // Anybody may write these.
    let strangers = [pod("web"), bound_to("n1", pe("j", "bound", &[])), leaving(pe("j", "leaving", &[]))];
    for (stranger, number) in strangers.into_iter().zip(1..) {
        deliver(&mut cluster, fenced(&format!("theirs.{number}"), stranger));
    }
    assert_eq!(cluster.unchecked_takeovers(), None, "no pending PE");
    deliver(&mut cluster, fenced("theirs.4", pe("j", "b", &[])));
    assert_eq!((cluster.unchecked_takeovers(), unsettled(&cluster)), (Some(1), vec!["b".to_owned()]));
    deliver(&mut cluster, Pod { resource_version: "9".into(), ..fenced("theirs.4", pe("j", "b", &[])) });
    assert_eq!(cluster.unchecked_takeovers(), Some(1), "a token that the pod had before asks nothing");
    deliver(&mut cluster, fenced("theirs.5", pe("j", "b", &[])));
    cluster.note_takeover_checked(1);
    assert_eq!(cluster.unchecked_takeovers(), Some(2), "a later token is a question of its own");
    cluster.note_takeover_checked(2);
    assert_eq!(cluster.unchecked_takeovers(), None);
}

#[test]
fn a_bind_asks_about_what_was_there_when_it_began_and_about_tokens_on_its_own_pod() {
    let mut cluster = taken_over();
    deliver(&mut cluster, fenced("theirs.1", pe("j", "b", &[])));
    let at_start = cluster.possible_takeovers();
    assert!(cluster.must_check_takeover("a", at_start));
    cluster.note_takeover_checked(at_start);
    // Somebody writes without end.
    deliver(&mut cluster, fenced("theirs.2", pe("j", "b", &[])));
    assert!(!cluster.must_check_takeover("a", at_start), "the pod is older than the token");
    assert!(cluster.must_check_takeover("b", at_start), "the token is on the pod itself");
    assert!(cluster.must_check_takeover("a", cluster.possible_takeovers()), "the next bind asks");
    cluster.note_takeover_checked(2);
    assert!(!cluster.must_check_takeover("b", cluster.possible_takeovers()));
    cluster.apply(Event::listed(vec![pe("j", "a", &[]), fenced("theirs.2", pe("j", "b", &[]))]));
    assert!(cluster.must_check_takeover("a", 0), "a list may have left tokens out");
}

#[test]
fn a_bind_asks_about_the_tokens_that_the_watch_delivered_before_its_pod() {
    let mut cluster = taken_over();
    // kube-scheduler's watch may be ahead: the bind of a pod begins before this process knows the pod.
    let at_start = cluster.possible_takeovers();
    deliver(&mut cluster, fenced("theirs.1", pe("j", "b", &[])));
    deliver(&mut cluster, pe("j", "late", &[]));
    deliver(&mut cluster, fenced("theirs.2", pe("j", "b", &[])));
    assert!(cluster.must_check_takeover("late", at_start), "the other process may have assumed a pod without this one");
    assert!(!cluster.must_check_takeover("a", at_start), "the pod is older than the tokens");
    cluster.note_takeover_checked(1);
    assert!(!cluster.must_check_takeover("late", at_start), "the pod is older than the second token");
    deliver(&mut cluster, Pod { resource_version: "9".into(), ..pe("j", "late", &[("exlocation", "t")]) });
    assert!(cluster.must_check_takeover("late", at_start), "the other process may not know this version");
}

#[test]
fn a_takeover_of_another_process_unsettles_all_pending_pods() {
    let mut cluster = taken_over();
    let early = [cluster.next_token(&"a".into()), cluster.next_token(&"b".into())].map(Option::unwrap);
    deliver(&mut cluster, fenced(&early[0], pe("j", "a", &[])));
    deliver(&mut cluster, pe("j", "late", &[]));
    cluster.take_over_again();
    assert_eq!(unsettled(&cluster), ["a", "b", "late"]);
    deliver(&mut cluster, fenced(&early[1], pe("j", "b", &[])));
    assert_eq!(unsettled(&cluster), ["a", "b", "late"], "a token from before the takeover settles no pod");
    deliver(&mut cluster, pe("j", "later", &[]));
    assert_eq!(unsettled(&cluster), ["a", "b", "late", "later"], "another process may not know this takeover yet");
    let again = cluster.next_token(&"a".into()).unwrap();
    deliver(&mut cluster, fenced(&again, pe("j", "a", &[])));
    assert_eq!(unsettled(&cluster), ["b", "late", "later"]);
}

#[test]
fn a_copy_of_our_token_on_another_pod_settles_no_pod() {
    let mut cluster = taken_over();
    let token = cluster.next_token(&"a".into()).unwrap();
    deliver(&mut cluster, fenced(&token, pe("j", "b", &[])));
    assert_eq!((unsettled(&cluster), cluster.unchecked_takeovers()), (vec!["a".to_owned(), "b".to_owned()], None));
    deliver(&mut cluster, pe("j", "late", &[]));
    assert_eq!(unsettled(&cluster), ["a", "b", "late"], "the takeover is not known yet");
}

#[test]
fn a_list_may_hide_a_takeover() {
    let mut cluster = taken_over();
    let token = cluster.next_token(&"a".into()).unwrap();
    deliver(&mut cluster, fenced(&token, pe("j", "a", &[])));
    cluster.apply(Event::listed(vec![fenced(&token, pe("j", "a", &[])), bound_to("n1", pe("j", "b", &[]))]));
    assert_eq!((unsettled(&cluster), cluster.unchecked_takeovers()), (vec![], Some(1)));
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
