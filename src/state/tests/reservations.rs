//! Proposals count until they expire, are replaced, or are withdrawn; and as much as commitments do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{CAPACITY, LIFETIME, Reservations};
use crate::model::{Node, NodeName, Pe, Pod, PodUid};
use crate::state::{Cluster, Event, Snapshot};
use crate::testing::{asking, cluster, decide_pe, node, pe};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const NODES: [&str; 3] = ["n1", "n2", "n3"];
const PES: [&str; 3] = ["a", "b", "c"];

/// Three nodes and three PEs that wait.
fn three() -> Cluster {
    cluster(NODES.map(node).into(), vec![], PES.map(|name| pe("j", name, &[])).into())
}

fn reserve(reservations: &mut Reservations, cluster: &Cluster, (pe, node): (&str, &str), now: Timestamp) {
    reservations.reserve([(Arc::clone(cluster.pod(pe).unwrap().1.unwrap()), NodeName::from(node))], now);
}

/// The PEs that a PE of another name finds on nodes, as `pe on node`.
fn seen(reservations: &Reservations, cluster: &Cluster, by: &str, now: Timestamp) -> Vec<String> {
    let with_reservations = reservations.with_reservations(cluster.snapshot(), &PodUid::from(by), now);
    let snapshot = with_reservations.as_ref().unwrap_or_else(|| cluster.snapshot());
    let on = |name: &str| {
        let state = snapshot.node(snapshot.find(name).unwrap()).unwrap();
        state.pes.iter().map(|pe| format!("{} on {}", pe.name, state.name)).collect::<Vec<String>>()
    };
    NODES.into_iter().flat_map(on).collect()
}

#[test]
fn a_proposal_counts_for_others_until_it_expires() {
    let (cluster, mut reservations) = (three(), Reservations::default());
    assert!(reservations.is_empty());
    reserve(&mut reservations, &cluster, ("a", "n1"), NOW);
    let (last, expired) = (NOW + LIFETIME - SignedDuration::from_nanos(1), NOW + LIFETIME);
    assert_eq!(seen(&reservations, &cluster, "another", last), ["a on n1"]);
    assert!(
        reservations.with_reservations(cluster.snapshot(), &PodUid::from("a"), last).is_none(),
        "it is no obstacle to itself"
    );
    assert!(reservations.with_reservations(cluster.snapshot(), &PodUid::from("another"), expired).is_none());
    reserve(&mut reservations, &cluster, ("b", "n2"), expired);
    assert_eq!(seen(&reservations, &cluster, "another", expired), ["b on n2"]);
    assert_eq!(reservations.len(), 1, "it is not kept");
}

#[test]
fn the_next_proposal_of_a_pe_takes_the_place_of_the_last() {
    let (cluster, mut reservations) = (three(), Reservations::default());
    for reservation in [("a", "n1"), ("b", "n1"), ("a", "n2")] {
        reserve(&mut reservations, &cluster, reservation, NOW);
    }
    assert_eq!(seen(&reservations, &cluster, "another", NOW), ["b on n1", "a on n2"]);
    reservations.unreserve(&PodUid::from("b"));
    assert_eq!(seen(&reservations, &cluster, "another", NOW), ["a on n2"]);
}

#[test]
fn the_oldest_proposal_makes_room() {
    let pods: Vec<Pod> = (0..=CAPACITY).map(|number| asking(1, pe("j", &number.to_string(), &[]))).collect();
    let (cluster, mut reservations) = (cluster(NODES.map(node).into(), vec![], pods), Reservations::default());
    for number in 0..=CAPACITY {
        reserve(&mut reservations, &cluster, (&number.to_string(), "n1"), NOW);
    }
    let kept = seen(&reservations, &cluster, "another", NOW);
    assert_eq!((reservations.len(), kept.len(), &*kept[0]), (CAPACITY, CAPACITY, "1 on n1"));
    assert_eq!(kept[CAPACITY - 1], format!("{CAPACITY} on n1"));
}

#[test]
fn proposals_at_the_end_of_time_still_count() {
    let (cluster, mut reservations) = (three(), Reservations::default());
    reserve(&mut reservations, &cluster, ("a", "n1"), Timestamp::MAX - SignedDuration::from_secs(1));
    assert_eq!(seen(&reservations, &cluster, "another", Timestamp::MAX - SignedDuration::from_nanos(1)), ["a on n1"]);
}

#[test]
fn a_proposal_that_was_committed_counts_where_it_was_committed() {
    let (mut cluster, mut reservations) = (three(), Reservations::default());
    reserve(&mut reservations, &cluster, ("a", "n1"), NOW);
    cluster.assume(&PodUid::from("a"), &NodeName::from("n2")).unwrap();
    assert_eq!(seen(&reservations, &cluster, "another", NOW), ["a on n2"]);
}

/// What filter and prioritize would say of a PE.
fn said(pe: &Arc<Pe>, snapshot: &Snapshot) -> Vec<String> {
    let decision = decide_pe(pe, snapshot);
    let (passed, rejected): (Vec<_>, Vec<_>) = snapshot.indexes().partition(|index| decision.filter(*index).is_ok());
    let rejected = rejected.into_iter().map(|index| decision.filter(index).unwrap_err().to_string());
    decision.rank(&passed).into_iter().map(|ranked| format!("{ranked:?}")).chain(rejected).collect()
}

fn a_pod(name: &'static str) -> impl Strategy<Value = Pod> {
    let tokens = || prop_oneof![3 => Just(None), 1 => Just(Some("s")), 1 => Just(Some("s,t"))];
    let spec = (tokens(), tokens(), prop::bool::weighted(0.2), prop_oneof![Just(None), Just(Some("a=1Mi"))]);
    let job = prop_oneof![3 => Just("j"), 1 => Just("k")];
    (spec, job, 1_u64..1_500).prop_map(move |((colocation, exlocation, isolated, sends), job, millicores)| {
        let wish = |key, value: Option<&'static str>| value.map(|value| (key, value));
        let spec = [
            wish("colocation", colocation),
            wish("exlocation", exlocation),
            wish("isolated", isolated.then_some("true")),
            wish("connects-to", sends),
        ];
        asking(millicores, pe(job, name, &spec.into_iter().flatten().collect::<Vec<_>>()))
    })
}

proptest! {
    #[test]
    fn the_outlook_is_the_cluster_once_everything_is_committed(
        pods in ["a", "b", "c", "d", "e"].map(a_pod),
        reserved in prop::collection::vec((0_usize..4, 0_usize..3), 0..5),
        unseen in 0_usize..6,
    ) {
        let nodes: Vec<Node> = NODES.map(node).into();
        let mut assumed = cluster(nodes.clone(), vec![], pods.to_vec());
        let (subject, mut reservations) = (Arc::clone(assumed.pod("e").unwrap().1.unwrap()), Reservations::default());
        for (pod, node) in &reserved {
            reserve(&mut reservations, &assumed, (pods[*pod].key.name.as_str(), NODES[*node]), NOW);
        }
        // The watch may be behind kube-scheduler: one of the pods has not been shown.
        let shown = pods.iter().enumerate().filter(|(at, _)| *at != unseen).map(|(_, pod)| pod.clone()).collect();
        let settled = cluster(nodes, vec![], shown);
        for (pod, node) in reserved {
            assumed.assume(&pods[pod].key.uid, &NodeName::from(NODES[node])).unwrap();
        }
        if unseen < 5 && reservations.with_reservations(settled.snapshot(), &PodUid::from("e"), NOW).is_none_or(|with| !knows(&with, &pods[unseen])) {
            assumed.apply(Event::gone::<Pod>(pods[unseen].key.uid.clone()));
        }
        let with_reservations = reservations.with_reservations(settled.snapshot(), &PodUid::from("e"), NOW);
        prop_assert_eq!(said(&subject, with_reservations.as_ref().unwrap_or_else(|| settled.snapshot())), said(&subject, assumed.snapshot()));
    }
}

fn knows(snapshot: &Snapshot, pod: &Pod) -> bool {
    let mut members = snapshot.jobs().flat_map(|(_, job)| &job.members);
    members.any(|member| member.pe.pod.key == pod.key)
}
