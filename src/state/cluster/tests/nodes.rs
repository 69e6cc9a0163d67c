use crate::model::{Node, Pod};
use crate::state::Event;
use crate::state::cluster::support::counted;
use crate::testing::{bound_to, cluster, labelled, node, pe, pod};

#[test]
fn a_pod_counts_on_a_node_that_was_never_seen() {
    let mut cluster = cluster(vec![], vec![], vec![bound_to("n1", pe("j", "a", &[]))]);
    assert_eq!(counted(&cluster, "n1"), (1, 100, vec!["a".to_owned()]));
    assert_eq!(cluster.snapshot().nodes().count(), 0, "the node itself is not known");
    cluster.apply(Event::put(node("n1")));
    assert_eq!(counted(&cluster, "n1"), (1, 100, vec!["a".to_owned()]));
    assert_eq!(cluster.snapshot().nodes().count(), 1);
}

#[test]
fn a_node_that_is_gone_is_kept_while_pods_name_it() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![bound_to("n1", pod("a"))]);
    cluster.apply(Event::gone::<Node>("n1".into()));
    assert_eq!((counted(&cluster, "n1").0, cluster.snapshot().nodes().count()), (1, 0));
    cluster.apply(Event::gone::<Pod>("a".into()));
    assert_eq!(cluster.snapshot().find("n1"), None);
}

#[test]
fn the_place_of_a_node_is_used_again_and_shows_nothing_of_the_last_one() {
    let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![bound_to("n1", pe("j", "a", &[]))]);
    let (published, place) = (cluster.snapshot().clone(), cluster.snapshot().find("n1").unwrap());
    cluster.apply(Event::gone::<Pod>("a".into()));
    cluster.apply(Event::gone::<Node>("n1".into()));
    cluster.apply(Event::put(labelled(&["new"], node("n3"))));
    assert_eq!(cluster.snapshot().find("n3"), Some(place));
    assert_eq!((counted(&cluster, "n3"), cluster.snapshot().find("n1")), ((0, 0, vec![]), None));
    let state = published.node(place).unwrap();
    assert_eq!((state.name.as_str(), state.pods, published.find("n3")), ("n1", 1, None), "what was published stays");
}
