use jiff::SignedDuration;

use crate::model::Pod;
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, node, pe};

fn after(seconds: i64) -> Event {
    Event::Settled { elapsed: SignedDuration::from_secs(seconds), quiet: SignedDuration::from_secs(3) }
}

fn is_settled(cluster: &Cluster, pod: &str) -> bool {
    cluster.snapshot().is_settled(cluster.pod(pod).unwrap().0)
}

#[test]
fn a_pending_pod_is_settled_three_seconds_after_it_was_first_seen_whatever_its_creation_time_is() {
    for created in ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        let young = Pod { created: created.parse().unwrap(), ..pe("j", "young", &[]) };
        let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "old", &[])]);
        cluster.apply(after(10));
        cluster.apply(Event::put(young.clone()));
        for (seconds, expected) in [(11, false), (13, false), (14, true), (15, true)] {
            let version = cluster.snapshot().version();
            cluster.apply(after(seconds));
            assert_eq!((is_settled(&cluster, "young"), is_settled(&cluster, "old")), (expected, true), "{seconds}");
            assert_eq!(cluster.snapshot().version() != version, seconds == 14, "a change where it settles: {seconds}");
            // A later version of the pod, and a list, begin nothing anew.
            cluster.apply(Event::put(Pod { resource_version: seconds.to_string().into(), ..young.clone() }));
            assert_eq!(is_settled(&cluster, "young"), expected);
        }
    }
}

#[test]
fn nothing_is_kept_of_pods_that_are_placed_or_gone() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![]);
    cluster.apply(after(1));
    for generation in 0..1_000 {
        let name = format!("p{generation}");
        cluster.apply(Event::put(pe("j", &name, &[])));
        let end = if generation % 2 == 0 {
            Event::gone::<Pod>((&name).into())
        } else {
            Event::put(bound_to("n1", pe("j", &name, &[])))
        };
        cluster.apply(end);
    }
    assert!(cluster.arrivals.is_empty());
}
