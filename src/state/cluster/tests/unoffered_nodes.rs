//! Nodes that kube-scheduler does not offer are kept for pods that wait, and for a bounded number of them.

use super::CAPACITY;
use crate::model::{Pod, PodUid};
use crate::state::{Cluster, Event, NodeSet};
use crate::testing::{bound_to, cluster, node, pe};

fn nodes(cluster: &Cluster, names: &[&str]) -> NodeSet {
    names.iter().filter_map(|name| cluster.snapshot().find(name)).collect()
}

#[test]
fn the_last_question_about_a_pod_counts_until_the_pod_is_bound() {
    let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[])]);
    let a = PodUid::from("a");
    for names in [&["n1"][..], &["n1", "n2"], &["n2"]] {
        let (set, version) = (nodes(&cluster, names), cluster.snapshot().version());
        cluster.note_unoffered(&a, set.clone());
        assert_eq!(cluster.snapshot().unoffered(&a).map(|known| &**known), Some(&set));
        assert!(cluster.snapshot().version() > version);
        let version = cluster.snapshot().version();
        cluster.note_unoffered(&a, set);
        assert_eq!(cluster.snapshot().version(), version, "nothing has changed");
    }
    cluster.note_unoffered(&a, NodeSet::default());
    assert_eq!(cluster.snapshot().unoffered(&a), None);
    let set = nodes(&cluster, &["n1"]);
    cluster.note_unoffered(&a, set);
    cluster.apply(Event::put(bound_to("n2", pe("j", "a", &[]))));
    assert_eq!(cluster.snapshot().unoffered(&a), None);
}

#[test]
fn pods_without_end_are_not_kept() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![]);
    let set = nodes(&cluster, &["n1"]);
    cluster.note_unoffered(&PodUid::from("unknown"), set.clone());
    assert!(cluster.snapshot().unoffered.is_empty());
    for number in 0..=CAPACITY {
        let name = number.to_string();
        cluster.apply(Event::put(pe("j", &name, &[])));
        cluster.note_unoffered(&PodUid::from(&*name), set.clone());
    }
    assert_eq!(cluster.snapshot().unoffered.len(), CAPACITY);
    for number in 0..=CAPACITY {
        cluster.apply(Event::gone::<Pod>(PodUid::from(&*number.to_string())));
    }
    assert!(cluster.snapshot().unoffered.is_empty());
}
