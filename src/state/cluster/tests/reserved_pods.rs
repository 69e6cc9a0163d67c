//! Reserved pods count on their nodes until they are bound, gone, or given up.

use jiff::{SignedDuration, Timestamp};

use super::ExpiredReservation;
use crate::model::{JobId, NodeName, Pod, PodUid};
use crate::state::{Cluster, Event, MemberState};
use crate::testing::{bound_to, cluster, gated, leaving, node, pe};

/// So many seconds have passed since the start of the process.
fn after(seconds: i64) -> Event {
    Event::Settled { elapsed: SignedDuration::from_secs(seconds), quiet: SignedDuration::from_secs(3) }
}

fn job() -> JobId {
    JobId { namespace: "streams".into(), name: "j".into(), generation: "".into() }
}

/// Two nodes and two PEs; a node is reserved for the second one.
fn reserved() -> Cluster {
    let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[]), pe("j", "b", &[])]);
    cluster.reserve(&job(), &[(PodUid::from("b"), NodeName::from("n2"))]);
    cluster
}

/// How many pods count on `n2`, and how many of them have no node yet.
fn counted(cluster: &Cluster) -> (u64, u64) {
    let snapshot = cluster.snapshot();
    let state = snapshot.node(snapshot.find("n2").unwrap()).unwrap();
    (state.pods, state.reserved_pods)
}

fn state(cluster: &Cluster, name: &str) -> MemberState {
    let job = cluster.snapshot().job(&job()).unwrap();
    job.members.iter().find(|member| &*member.pe.name == name).unwrap().state
}

#[test]
fn a_reserved_pod_counts_on_its_node_until_it_is_bound() {
    let mut cluster = reserved();
    let n2 = cluster.snapshot().find("n2").unwrap();
    assert_eq!((counted(&cluster), state(&cluster, "b")), ((1, 1), MemberState::Reserved(n2)));
    assert!(cluster.snapshot().has_reserved_nodes());
    cluster.assume(&PodUid::from("b"), &NodeName::from("n2")).unwrap();
    assert_eq!((counted(&cluster), state(&cluster, "b")), ((1, 0), MemberState::Bound(n2)));
    cluster.forget(&PodUid::from("b"), "1");
    assert_eq!(counted(&cluster), (1, 1), "a Binding that failed leaves the reservation");
    cluster.apply(Event::put(bound_to("n2", pe("j", "b", &[]))));
    assert_eq!((counted(&cluster), cluster.reserved_len()), ((1, 0), 0));
    assert!(!cluster.snapshot().has_reserved_nodes());
}

#[test]
fn a_pod_that_does_not_wait_any_more_has_no_reservation() {
    let changes: [fn() -> Event; 3] = [
        || Event::gone::<Pod>(PodUid::from("b")),
        || Event::put(leaving(pe("j", "b", &[]))),
        || Event::put(gated(pe("j", "b", &[]))),
    ];
    for change in changes {
        let mut cluster = reserved();
        cluster.apply(change());
        assert_eq!((counted(&cluster), cluster.reserved_len()), ((0, 0), 0));
    }
}

#[test]
fn a_bind_of_the_job_begins_the_time_anew() {
    let mut cluster = reserved();
    cluster.apply(after(0));
    cluster.reserve(&job(), &[]);
    cluster.apply(after(30));
    cluster.apply(after(89));
    assert_eq!(cluster.reserved_len(), 1);
    let version = cluster.snapshot().version();
    cluster.apply(after(90));
    assert_eq!((cluster.reserved_len(), counted(&cluster)), (0, (0, 0)));
    assert!(cluster.snapshot().version() > version && cluster.snapshot().nodes_released_in() > version);
    let ExpiredReservation { pod, node, .. } = cluster.take_expired_reservations().remove(0);
    assert_eq!((pod.name.as_str(), node.as_str()), ("b", "n2"));
}

#[test]
fn a_step_of_the_clock_neither_ends_nor_prolongs_a_reservation() {
    for hours in [24, -24] {
        let mut cluster = reserved();
        cluster.apply(after(0));
        cluster.apply(Event::Time(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)));
        cluster.apply(after(59));
        assert_eq!(cluster.reserved_len(), 1, "{hours} h");
        cluster.apply(after(60));
        assert_eq!(cluster.reserved_len(), 0, "{hours} h");
    }
}

#[test]
fn a_gang_that_was_placed_stays_placed_while_one_of_its_members_is_bound() {
    let mut cluster = reserved();
    let most_placed = |cluster: &Cluster| cluster.snapshot().job(&job()).unwrap().most_placed;
    assert_eq!(most_placed(&cluster), 0, "no member is bound");
    cluster.apply(Event::put(bound_to("n1", pe("j", "a", &[]))));
    assert_eq!(most_placed(&cluster), 2);
    cluster.apply(Event::gone::<Pod>(PodUid::from("b")));
    cluster.apply(Event::put(bound_to("n1", pe("j", "a", &[]))));
    assert_eq!(most_placed(&cluster), 2);
    cluster.apply(Event::put(pe("j", "c", &[])));
    cluster.apply(Event::gone::<Pod>(PodUid::from("a")));
    assert_eq!(most_placed(&cluster), 0);
}
