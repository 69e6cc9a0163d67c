use super::*;
use crate::testing::{asking, bound_to, cluster, cordoned, node, pod, tainted, taking, tolerating, with_cores};

#[test]
fn the_emptiest_node_is_chosen_then_the_first_name() {
    let nodes = vec![node("b"), node("a"), with_cores(2, node("small"))];
    let empty = cluster(nodes.clone(), Vec::new(), Vec::new());
    assert_eq!(choose_node(&pod("p"), empty.snapshot()), Some("a".into()));
    let used = cluster(nodes, Vec::new(), vec![bound_to("a", asking(1_000, pod("x")))]);
    assert_eq!(choose_node(&pod("p"), used.snapshot()), Some("b".into()));
}

#[test]
fn every_filter_applies() {
    let only = |node: Node, own: Pod| {
        let running = vec![bound_to("n1", taking(80, asking(3_000, pod("x"))))];
        choose_node(&own, cluster(vec![node], Vec::new(), running).snapshot()).is_some()
    };
    assert!(only(node("n1"), asking(1_000, pod("p"))));
    assert!(!only(node("n1"), asking(1_001, pod("p"))));
    assert!(!only(node("n1"), taking(80, pod("p"))));
    assert!(!only(cordoned(node("n1")), pod("p")));
    assert!(!only(tainted(&["k"], node("n1")), pod("p")));
    assert!(only(tainted(&["k"], node("n1")), tolerating(&["k"], pod("p"))));
    assert!(!only(Node { pods: 1, ..node("n1") }, pod("p")));
}
