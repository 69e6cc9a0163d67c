//! PEs that kube-scheduler does not send to Outrigger do not wait: they complete no gang and hold no node back.

use crate::model::{Pod, Reason};
use crate::testing::{asking, cluster, filter_node, gated, node, pe, reasons, scheduled_by};

/// A pod that waits, and the same pod with a gate of another owner and of another scheduler.
fn as_held(pod: &Pod) -> [(Pod, bool); 4] {
    [
        (pod.clone(), true),
        (scheduled_by("outrigger", pod.clone()), true),
        (gated(pod.clone()), false),
        (scheduled_by("volcano", pod.clone()), false),
    ]
}

#[test]
fn a_held_pe_completes_no_gang() {
    for (other, waits) in as_held(&pe("j", "b", &[("gang", "2")])) {
        let cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[("gang", "2")]), other]);
        let is_complete = reasons(&cluster, "a").values().all(|reason| *reason != Some(Reason::GangIncomplete));
        assert_eq!(is_complete, waits);
    }
}

#[test]
fn a_held_pe_is_no_part_of_a_gang_of_all() {
    for (other, waits) in as_held(&asking(9_000, pe("j", "b", &[("gang", "true")]))) {
        let cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[("gang", "true")]), other]);
        assert_eq!(filter_node(&cluster, "a", "n1").is_err(), waits);
    }
}

#[test]
fn no_node_is_left_to_a_held_pe() {
    for (other, waits) in as_held(&pe("j", "bound", &[("exlocation", "x"), ("hosts", "n1")])) {
        let cluster =
            cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "free", &[("exlocation", "x")]), other]);
        assert_eq!(filter_node(&cluster, "free", "n1").is_err(), waits);
    }
}

#[test]
fn a_held_pe_is_in_no_bucket() {
    for (other, waits) in as_held(&asking(3_000, pe("j", "b", &[("colocation", "x")]))) {
        let pods = vec![asking(3_000, pe("j", "a", &[("colocation", "x")])), other];
        let cluster = cluster(vec![node("n1")], vec![], pods);
        assert_eq!(filter_node(&cluster, "a", "n1").is_err(), waits);
    }
}
