//! Tests of scheduling attempts.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _};

use super::{Attempt, Attempts, CAPACITY, Choice, MAX_KEPT_NODES};
use crate::model::{NodeName, PodUid, Reason};
use crate::testing::{cluster, decide, node, pe};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn uid(number: usize) -> PodUid {
    PodUid::from(&number.to_string())
}

/// `n0` to `n4`, in this order.
fn choice() -> Choice {
    let cluster = cluster((0..5).map(|number| node(&format!("n{number}"))).collect(), vec![], vec![pe("j", "a", &[])]);
    let nodes: Vec<_> = cluster.snapshot().nodes().map(|(index, ..)| index).collect();
    let decision = decide(&cluster, "a");
    Choice::new(&decision, decision.rank(&nodes))
}

fn asked(asked: usize, rejected: BTreeMap<Reason, usize>) -> Attempt {
    Attempt { evaluated_nodes: asked, rejected, ..Attempt::default() }
}

#[test]
fn an_attempt_is_taken_once() {
    let mut attempts = Attempts::default();
    let rejected = BTreeMap::from([(Reason::NodeUnknown, 2)]);
    attempts.record_filter(&uid(0), asked(7, rejected.clone()), NOW);
    attempts.record_choice(&uid(0), choice());
    attempts.record_choice(&uid(1), choice());
    let attempt = attempts.take(&uid(0)).unwrap();
    assert_eq!((attempt.evaluated_nodes, attempt.rejected), (7, rejected));
    let best: Vec<&str> = attempt.choice.best.iter().map(|node| node.name.as_str()).collect();
    assert_eq!((best, MAX_KEPT_NODES), (vec!["n0", "n1", "n2"], 3));
    assert_eq!(attempts.take(&uid(0)), None, "it is forgotten");
    assert_eq!(attempts.take(&uid(1)), None, "the pod was never filtered");
}

#[test]
fn the_next_filter_begins_a_new_attempt() {
    let mut attempts = Attempts::default();
    attempts.record_filter(&uid(0), asked(7, BTreeMap::from([(Reason::NodeUnknown, 2)])), NOW);
    attempts.record_choice(&uid(0), choice());
    attempts.record_filter(&uid(0), asked(3, BTreeMap::new()), NOW);
    let attempt = attempts.take(&uid(0)).unwrap();
    assert_eq!((attempt.evaluated_nodes, attempt.rejected.len(), attempt.choice.best.len()), (3, 0, 0));
}

#[test]
fn the_oldest_attempt_is_dropped_first() {
    let mut attempts = Attempts::default();
    for number in 0..=CAPACITY {
        attempts.record_filter(&uid(number), asked(number, BTreeMap::new()), NOW);
    }
    assert_eq!(attempts.by_pod.len(), CAPACITY);
    assert_eq!(attempts.take(&uid(0)), None);
    assert_eq!(attempts.take(&uid(1)).map(|attempt| attempt.evaluated_nodes), Some(1));
    assert_eq!(attempts.take(&uid(CAPACITY)).map(|attempt| attempt.evaluated_nodes), Some(CAPACITY));
}

#[test]
fn the_order_of_attempts_does_not_grow_with_taken_attempts() {
    let mut attempts = Attempts::default();
    attempts.record_filter(&PodUid::from("waits"), asked(1, BTreeMap::new()), NOW);
    for number in 0..4 * CAPACITY {
        attempts.record_filter(&uid(number), asked(1, BTreeMap::new()), NOW);
        attempts.take(&uid(number));
        assert!(attempts.order.len() <= 2 * CAPACITY);
    }
    assert!(attempts.take(&PodUid::from("waits")).is_some());
}

#[test]
fn a_node_that_was_returned_alone_and_not_bound_to_ranks_last() {
    let named = |node: usize, unbound: &[&str]| {
        let Choice { mut best, allocation } = choice();
        best.rotate_left(node);
        let unbound = unbound.iter().map(|name| NodeName::from(*name)).collect();
        Attempt { choice: Choice { best, allocation }, named_best_alone: true, unbound, ..Attempt::default() }
    };
    let unbound = |attempt: Attempt, seconds: i64| -> Vec<String> {
        let mut attempts = Attempts::default();
        attempts.record_filter(&uid(0), attempt, NOW);
        let last = attempts.last_attempt(&uid(0), NOW + seconds.seconds());
        last.unbound.iter().map(ToString::to_string).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(unbound(named(0, &[]), 1), none, "the bind may be under way");
    assert_eq!(unbound(named(0, &[]), 2), ["n0"]);
    let mut again = Attempts::default();
    again.record_filter(&uid(0), named(0, &[]), NOW);
    again.record_filter(&uid(0), named(0, &[]), NOW + 1.second());
    assert_eq!(again.last_attempt(&uid(0), NOW + 2.seconds()).unbound, [NodeName::from("n0")], "named twice in vain");
    assert_eq!(unbound(named(1, &["n0"]), 9), ["n0", "n1"]);
    assert_eq!(unbound(named(0, &["n0"]), 9), ["n0"]);
    assert_eq!(
        unbound(Attempt { named_best_alone: false, ..named(0, &[]) }, 9),
        none,
        "kube-scheduler chose among several"
    );
    let many = ["a", "b", "c", "d", "e", "f", "g", "h"];
    assert_eq!(unbound(named(0, &many), 9), ["b", "c", "d", "e", "f", "g", "h", "n0"], "the oldest is forgotten");
    assert_eq!(Attempts::default().last_attempt(&uid(0), NOW).unbound, [], "no attempt is kept");
}
