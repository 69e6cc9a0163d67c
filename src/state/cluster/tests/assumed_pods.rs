use crate::model::{Node, NodeName, Pod, PodUid};
use crate::state::cluster::support::{counted, show};
use crate::state::{Event, UnknownPod};
use crate::testing::{bound_to, cluster, leaving, node, pe};

#[test]
fn an_assumed_pod_counts_at_once_and_until_the_watch_shows_otherwise() {
    let (uid, n1) = (PodUid::from("a"), NodeName::from("n1"));
    let ends: [(&str, Event, &str); 5] = [
        ("bound there", Event::put(bound_to("n1", pe("j", "a", &[]))), "n1"),
        ("bound elsewhere", Event::put(bound_to("n2", pe("j", "a", &[]))), "n2"),
        ("a later version", Event::put(Pod { resource_version: "2".into(), ..pe("j", "a", &[]) }), ""),
        ("leaving", Event::put(leaving(pe("j", "a", &[]))), ""),
        ("gone", Event::gone::<Pod>(uid.clone()), ""),
    ];
    for (case, end, place) in ends {
        let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[])]);
        assert_eq!(counted(&cluster, "n1"), (0, 0, vec![]));
        cluster.assume(&uid, &n1).unwrap();
        assert_eq!(counted(&cluster, "n1"), (1, 100, vec!["a".to_owned()]));
        show(&mut cluster, pe("j", "a", &[]));
        cluster.apply(Event::listed(vec![pe("j", "a", &[])]));
        cluster.apply(Event::gone::<Node>(n1.clone()));
        cluster.apply(Event::put(node("n1")));
        assert_eq!((counted(&cluster, "n1").0, cluster.assumed_len()), (1, 1), "none of these ends it");
        cluster.apply(end);
        assert_eq!(cluster.assumed_len(), 0, "{case}");
        for name in ["n1", "n2"] {
            assert_eq!(counted(&cluster, name).0, u64::from(name == place), "{case}: {name}");
        }
    }
}

#[test]
fn a_pod_that_is_assumed_again_counts_on_the_later_node_only() {
    let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[])]);
    cluster.assume(&"a".into(), &"n1".into()).unwrap();
    cluster.assume(&"a".into(), &"n2".into()).unwrap();
    assert_eq!((counted(&cluster, "n1").0, counted(&cluster, "n2").0, cluster.assumed_len()), (0, 1, 1));
    assert_eq!(cluster.assume(&"never-seen".into(), &"n1".into()), Err(UnknownPod));
}

#[test]
fn the_outcome_for_another_version_of_the_pod_changes_nothing() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    cluster.assume(&"a".into(), &"n1".into()).unwrap();
    let version = cluster.snapshot().version();
    cluster.forget(&"a".into(), "0");
    cluster.note_unknown_outcome(&"a".into(), "0");
    assert_eq!((cluster.assumed_len(), cluster.unknown_outcomes().count()), (1, 0));
    assert_eq!(cluster.snapshot().version(), version, "nothing has changed");
    cluster.note_unknown_outcome(&"a".into(), "1");
    assert_eq!(cluster.unknown_outcomes().map(ToString::to_string).collect::<Vec<_>>(), ["streams/a"]);
    cluster.forget(&"a".into(), "1");
    assert_eq!((cluster.assumed_len(), cluster.unknown_outcomes().count()), (0, 0));
    assert_eq!(counted(&cluster, "n1"), (0, 0, vec![]));
}
