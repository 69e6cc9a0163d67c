//! Reservations: what a gang or bucket that has begun keeps, and what it gives up.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::live::{Live, Offered};
use crate::extender::SchedulingContext;
use crate::extender::bind::{BindingCycle, VerificationError, verify_and_assume};
use crate::extender::{BindingArguments, CandidateNodes, SchedulingArguments, filter};
use crate::model::{NodeName, Pod, PodUid, Reason};
use crate::placement::begun_groups;
use crate::state::Event;
use crate::testing::{
    asking, bound_claim, bound_to, claiming, host, in_namespace, local_volume, node, pe, pod, policies, tagged,
    with_cores,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Nodes of so many cores, and an extender that has settled.
fn live(nodes: &[(&str, u64)]) -> Live {
    let nodes = nodes.iter().map(|(name, cores)| with_cores(*cores, node(name))).collect();
    let mut live = Live::new(policies(""), nodes, NOW + SignedDuration::from_mins(1));
    live.wait(0);
    live
}

fn add(live: &mut Live, pod: Pod) {
    let uid = pod.key.uid.clone();
    live.create(pod, Offered::All);
    live.show(&uid);
}

/// Creates a pod to which kube-scheduler offers these nodes alone.
fn offer(live: &mut Live, pod: Pod, only: &[&str]) {
    let uid = pod.key.uid.clone();
    live.create(pod, Offered::Only(only.iter().map(|name| NodeName::from(*name)).collect()));
    live.show(&uid);
}

/// One scheduling cycle and its bind: the node.
fn schedule(live: &mut Live, name: &str) -> Option<String> {
    let uid = PodUid::from(name);
    live.cycle(&uid);
    if !live.in_flight.is_empty() {
        live.bind(0, true);
    }
    live.bound.get(&uid).map(ToString::to_string)
}

/// Like [`schedule`], after the nodes of earlier scheduling cycles do not count any more.
fn schedule_later(live: &mut Live, name: &str) -> Option<String> {
    live.wait(6);
    schedule(live, name)
}

fn core(pod: Pod) -> Pod {
    asking(1_000, pod)
}

#[test]
fn of_two_gangs_that_arrive_alternately_one_is_whole_and_the_other_has_not_begun() {
    for gang in ["true", "3"] {
        let mut live = live(&[("n1", 1), ("n2", 1), ("n3", 1), ("n4", 1)]);
        let names = ["e1", "w1", "e2", "w2", "e3", "w3"];
        for name in names {
            add(&mut live, core(pe(name.get(..1).unwrap(), name, &[("gang", gang)])));
        }
        live.settle();
        let placed = names.map(|name| schedule_later(&mut live, name).is_some());
        assert_eq!(placed, [true, false, true, false, true, false], "gang: {gang}");
    }
}

#[test]
fn of_two_buckets_for_one_node_one_is_whole_and_the_other_has_not_begun() {
    let mut live = live(&[("n1", 2)]);
    let names = ["e1", "w1", "e2", "w2"];
    for name in names {
        add(&mut live, core(pe(name.get(..1).unwrap(), name, &[("colocation", "x")])));
    }
    assert_eq!(names.map(|name| schedule_later(&mut live, name).is_some()), [true, false, true, false]);
}

#[test]
fn the_room_of_a_gang_that_has_begun_is_closed_to_pes_of_other_namespaces_and_to_pods_that_are_no_pes() {
    let mut live = live(&[("n1", 1), ("n2", 1)]);
    for name in ["e1", "e2"] {
        add(&mut live, core(pe("e", name, &[("gang", "2")])));
    }
    let first = schedule(&mut live, "e1").unwrap();
    add(&mut live, core(in_namespace("other", pe("o", "stranger", &[]))));
    assert_eq!(schedule(&mut live, "stranger"), None);
    let plain = core(pod("plain"));
    live.cluster.apply(Event::put(plain.clone()));
    let free = if first == "n1" { "n2" } else { "n1" };
    let arguments =
        SchedulingArguments { pod: plain.clone().into(), candidates: CandidateNodes::NodeNames(vec![free.into()]) };
    let policies = policies("");
    let filtered = filter(&arguments, SchedulingContext::new(live.cluster.snapshot(), &policies));
    assert!(filtered.error.is_some(), "the pod is tried again, because nothing would requeue it");
    let crate::model::PodKey { namespace, name, uid } = plain.key;
    let arguments = BindingArguments { namespace, name, uid, node: free.into() };
    let cycle = BindingCycle { attempt: None, gang_plan: None, possible_takeovers: 0, now: live.now };
    let Err(VerificationError::Rejected(rejection)) = verify_and_assume(&mut live.cluster, &arguments, cycle) else {
        panic!("the pod takes the room of e2");
    };
    assert_eq!(rejection.reason(), Reason::InsufficientResources);
    assert_eq!(schedule(&mut live, "e2").as_deref(), Some(free));
}

#[test]
fn a_reserved_node_that_nobody_comes_for_is_given_up_after_its_time() {
    let mut live = live(&[("n1", 1), ("n2", 1)]);
    for name in ["e1", "e2"] {
        add(&mut live, core(pe("e", name, &[("gang", "2")])));
    }
    add(&mut live, core(pe("o", "other", &[])));
    assert!(schedule(&mut live, "e1").is_some());
    live.wait(59);
    assert_eq!(schedule(&mut live, "other"), None);
    live.wait(1);
    let expired = live.cluster.take_expired_reservations();
    assert_eq!(expired.iter().map(|expired| expired.pod.name.as_str()).collect::<Vec<_>>(), ["e2"]);
    assert!(live.cluster.take_expired_reservations().is_empty(), "each is reported once");
    assert!(schedule(&mut live, "other").is_some());
}

#[test]
fn the_policy_sets_how_long_a_node_is_reserved() {
    let nodes = [("n1", 1), ("n2", 1)].map(|(name, cores)| with_cores(cores, node(name)));
    let mut live = Live::new(policies("reservationTimeout: 5s"), nodes.into(), NOW + SignedDuration::from_mins(1));
    for name in ["e1", "e2"] {
        add(&mut live, core(pe("e", name, &[("gang", "2")])));
    }
    assert!(schedule(&mut live, "e1").is_some());
    live.wait(4);
    assert_eq!(live.cluster.reserved_len(), 1);
    live.wait(1);
    assert_eq!(live.cluster.reserved_len(), 0);
}

#[test]
fn a_failed_bind_keeps_the_gang_its_nodes() {
    let mut live = live(&[("n1", 1), ("n2", 1), ("n3", 1)]);
    for name in ["e1", "e2"] {
        add(&mut live, core(pe("e", name, &[("gang", "2")])));
    }
    for name in ["w1", "w2"] {
        add(&mut live, core(pe("w", name, &[("gang", "2")])));
    }
    live.cycle(&PodUid::from("e1"));
    live.bind(0, false);
    assert_eq!(live.cluster.reserved_len(), 2);
    assert_eq!(["w1", "w2", "e2", "e1"].map(|name| schedule(&mut live, name).is_some()), [false, false, true, true]);
}

#[test]
fn where_a_pod_of_another_scheduler_takes_reserved_room_the_rest_is_planned_anew() {
    let mut live = live(&[("n1", 1), ("n2", 1), ("n3", 1)]);
    for name in ["e1", "e2"] {
        add(&mut live, core(pe("e", name, &[("gang", "2"), ("exlocation", "x")])));
    }
    let first = schedule(&mut live, "e1").unwrap();
    let reserved = live.cluster.reserved("e2").unwrap().to_string();
    live.cluster.apply(Event::put(core(bound_to(&reserved, pod("stranger")))));
    let second = schedule(&mut live, "e2").unwrap();
    assert_eq!(BTreeSet::from([first, reserved, second]).len(), 3);
}

#[test]
fn a_member_that_kube_scheduler_offers_one_node_goes_there() {
    for spec in [&[("gang", "2")][..], &[("gang", "2"), ("exlocation", "x")]] {
        let mut live = live(&[("n1", 8), ("n2", 8), ("n3", 8)]);
        offer(&mut live, pe("j", "bound", spec), &["n3"]);
        add(&mut live, pe("j", "other", spec));
        assert_eq!(schedule(&mut live, "bound").as_deref(), Some("n3"));
        assert!(schedule(&mut live, "other").is_some());
    }
}

#[test]
fn the_plan_of_a_gang_leaves_a_node_to_the_member_that_is_offered_no_other() {
    let mut live = live(&[("n1", 1), ("n2", 1), ("n3", 1)]);
    offer(&mut live, core(pe("j", "bound", &[("gang", "3")])), &["n1"]);
    assert_eq!(schedule(&mut live, "bound"), None, "the gang is incomplete");
    for name in ["a", "b"] {
        add(&mut live, core(pe("j", name, &[("gang", "3")])));
    }
    let placed = ["a", "b", "bound"].map(|name| schedule(&mut live, name));
    assert!(placed[..2].iter().all(|node| node.as_deref().is_some_and(|node| node != "n1")), "{placed:?}");
    assert_eq!(placed[2].as_deref(), Some("n1"));
}

#[test]
fn look_ahead_leaves_a_node_to_the_pe_that_is_offered_no_other() {
    let spec = [("exlocation", "x"), ("host-tags", "t")];
    let mut live = live(&[("n1", 8), ("n2", 8)]);
    offer(&mut live, pe("j", "bound", &spec), &["n1"]);
    assert_eq!(schedule(&mut live, "bound"), None, "no node has the tag yet");
    for name in ["n1", "n2"] {
        live.cluster.apply(Event::put(tagged(&["t"], node(name))));
    }
    add(&mut live, pe("j", "free", &spec));
    assert_eq!(schedule(&mut live, "free").as_deref(), Some("n2"));
    assert_eq!(schedule(&mut live, "bound").as_deref(), Some("n1"));
}

/// Hosts of so many cores. Claim `disk` is bound to a volume on one of them.
fn live_with_disk_on(host_of_disk: &str, nodes: &[(&str, u64)]) -> Live {
    let nodes = nodes.iter().map(|(name, cores)| with_cores(*cores, host(name))).collect();
    let mut live = Live::new(policies(""), nodes, NOW + SignedDuration::from_mins(1));
    live.cluster.apply(Event::put(local_volume("volume", &[host_of_disk])));
    live.cluster.apply(Event::put(bound_claim("disk", "volume")));
    live.wait(0);
    live
}

#[test]
fn the_plan_of_a_gang_leaves_a_node_to_the_member_whose_volume_is_there() {
    for spec in [&[("gang", "3")][..], &[("gang", "3"), ("exlocation", "x")]] {
        for disk in ["n1", "n2", "n3"] {
            let mut live = live_with_disk_on(disk, &[("n1", 1), ("n2", 1), ("n3", 1)]);
            for name in ["a", "b"] {
                add(&mut live, core(pe("j", name, spec)));
            }
            offer(&mut live, core(claiming("disk", pe("j", "c", spec))), &[disk]);
            let placed = ["a", "b", "c"].map(|name| schedule(&mut live, name));
            assert_eq!(placed[2].as_deref(), Some(disk), "{placed:?}");
            assert!(placed.iter().all(Option::is_some), "{placed:?}");
        }
    }
}

#[test]
fn look_ahead_leaves_a_node_to_the_pe_whose_volume_is_there() {
    for disk in ["n1", "n2"] {
        let mut live = live_with_disk_on(disk, &[("n1", 8), ("n2", 8)]);
        offer(&mut live, claiming("disk", pe("j", "a", &[("exlocation", "x")])), &[disk]);
        add(&mut live, pe("j", "b", &[("exlocation", "x")]));
        let other = if disk == "n1" { "n2" } else { "n1" };
        assert_eq!(schedule(&mut live, "b").as_deref(), Some(other));
        assert_eq!(schedule(&mut live, "a").as_deref(), Some(disk));
    }
}

#[test]
fn a_bucket_goes_where_the_volume_of_its_last_member_is() {
    for disk in ["n1", "n2", "n3"] {
        let mut live = live_with_disk_on(disk, &[("n1", 8), ("n2", 8), ("n3", 8)]);
        add(&mut live, pe("j", "a", &[("colocation", "x")]));
        offer(&mut live, claiming("disk", pe("j", "b", &[("colocation", "x")])), &[disk]);
        assert_eq!(schedule(&mut live, "a").as_deref(), Some(disk));
        assert_eq!(schedule(&mut live, "b").as_deref(), Some(disk));
    }
}

#[test]
fn a_plan_is_made_anew_when_the_volume_of_a_member_is_elsewhere() {
    let spec = [("gang", "2")];
    let mut live = live_with_disk_on("n3", &[("n1", 1), ("n2", 1)]);
    add(&mut live, core(pe("j", "a", &spec)));
    add(&mut live, core(claiming("disk", pe("j", "b", &spec))));
    assert_eq!(schedule(&mut live, "a"), None, "the volume is on no node");
    for disk in ["n1", "n2"] {
        live.cluster.apply(Event::put(local_volume("volume", &[disk])));
        let policies = policies("");
        let arguments = SchedulingArguments {
            pod: Arc::clone(live.cluster.pod("a").unwrap().0),
            candidates: CandidateNodes::NodeNames(vec!["n1".into(), "n2".into()]),
        };
        let context = SchedulingContext::new(live.cluster.snapshot(), &policies);
        let passed = filter(&arguments, context).passed;
        let names: Vec<&str> =
            passed.iter().map(|index| live.cluster.snapshot().node(*index).unwrap().name.as_str()).collect();
        assert_eq!(names, [if disk == "n1" { "n2" } else { "n1" }]);
    }
}

#[test]
fn a_member_whose_volume_is_unknown_is_planned_within_the_nodes_of_the_last_question() {
    let spec = [("gang", "2")];
    let mut live = live(&[("n1", 1), ("n2", 1)]);
    let stranger = core(bound_to("n2", pod("stranger")));
    live.cluster.apply(Event::put(stranger.clone()));
    offer(&mut live, core(claiming("pending", pe("j", "b", &spec))), &["n1"]);
    assert_eq!(schedule(&mut live, "b"), None, "the gang is incomplete");
    live.cluster.apply(Event::gone::<Pod>(stranger.key.uid));
    add(&mut live, core(pe("j", "a", &spec)));
    assert_eq!(schedule(&mut live, "a").as_deref(), Some("n2"), "a node that was full then is not taken as one for b");
    assert_eq!(schedule(&mut live, "b").as_deref(), Some("n1"));
}

#[test]
fn a_node_that_kube_scheduler_offers_although_the_volume_seems_elsewhere_is_not_rejected() {
    let mut live = live_with_disk_on("n1", &[("n1", 8), ("n2", 8)]);
    add(&mut live, claiming("disk", pe("j", "a", &[])));
    let arguments = |names: &[&'static str]| SchedulingArguments {
        pod: Arc::clone(live.cluster.pod("a").unwrap().0),
        candidates: CandidateNodes::NodeNames(names.iter().map(|name| (*name).into()).collect()),
    };
    let policies = policies("");
    let context = SchedulingContext {
        asked_by_kube_scheduler: true,
        ..SchedulingContext::new(live.cluster.snapshot(), &policies)
    };
    assert!(filter(&arguments(&["n2"]), context).error.is_some(), "the watch of volumes is behind");
    assert_eq!(filter(&arguments(&["n1", "n2"]), context).passed.len(), 1);
}

#[test]
fn a_member_that_comes_after_its_gang_was_placed_is_placed_singly() {
    let mut live = live(&[("n1", 8), ("n2", 8), ("n3", 8)]);
    for name in ["a", "b"] {
        add(&mut live, pe("j", name, &[("gang", "2")]));
        schedule(&mut live, name);
    }
    assert!(schedule(&mut live, "a").is_some());
    assert_eq!(live.bound.len(), 2);
    add(&mut live, pe("j", "late", &[("gang", "2")]));
    let arguments = |names: &[&'static str]| SchedulingArguments {
        pod: Arc::clone(live.cluster.pod("late").unwrap().0),
        candidates: CandidateNodes::NodeNames(names.iter().map(|name| (*name).into()).collect()),
    };
    let policies = policies("");
    for name in ["n1", "n2", "n3"] {
        let filtered = filter(&arguments(&[name]), SchedulingContext::new(live.cluster.snapshot(), &policies));
        assert_eq!(filtered.passed.len(), 1, "{name}");
    }
    let context =
        SchedulingContext { filter_decides: false, ..SchedulingContext::new(live.cluster.snapshot(), &policies) };
    assert_eq!(filter(&arguments(&["n1", "n2", "n3"]), context).passed.len(), 3);
}

#[test]
fn members_that_replace_lost_ones_are_placed_singly() {
    let mut live = live(&[("n1", 1), ("n2", 1), ("n3", 1)]);
    for name in ["a", "b", "c"] {
        add(&mut live, core(pe("j", name, &[("gang", "3")])));
    }
    for name in ["a", "b", "c"] {
        assert!(schedule(&mut live, name).is_some());
    }
    for name in ["b", "c"] {
        live.cluster.apply(Event::gone::<Pod>(PodUid::from(name)));
        live.bound.remove(&PodUid::from(name));
    }
    add(&mut live, core(pe("k", "other", &[])));
    assert!(schedule(&mut live, "other").is_some());
    for name in ["b2", "c2"] {
        add(&mut live, core(pe("j", name, &[("gang", "3")])));
    }
    assert_eq!(["b2", "c2"].map(|name| schedule(&mut live, name).is_some()), [true, false]);
}

#[test]
fn the_last_member_of_a_gang_counts_before_the_watch_shows_it() {
    let mut live = live(&[("n1", 8), ("n2", 8)]);
    add(&mut live, pe("j", "first", &[("gang", "2")]));
    live.create(pe("j", "last", &[("gang", "2")]), Offered::All);
    let arguments = SchedulingArguments {
        pod: pe("j", "last", &[("gang", "2")]).into(),
        candidates: CandidateNodes::NodeNames(vec!["n1".into(), "n2".into()]),
    };
    let policies = policies("");
    let filtered = filter(&arguments, SchedulingContext::new(live.cluster.snapshot(), &policies));
    assert_eq!(filtered.attempt.rejected, [].into());
    assert_eq!((filtered.passed.len(), filtered.group.len()), (1, 1), "one plan has both");
    assert!(schedule(&mut live, "last").is_some());
    assert!(schedule(&mut live, "first").is_some());
}

#[test]
fn no_node_of_a_gang_that_is_placed_reads_infeasible() {
    let mut live = live(&[("n1", 8), ("n2", 8), ("n3", 8)]);
    for name in ["a", "b", "c"] {
        add(&mut live, pe("j", name, &[("gang", "3"), ("exlocation", "x")]));
    }
    for name in ["a", "b", "c"] {
        let pod = Arc::clone(live.cluster.pod(name).unwrap().0);
        let names = ["n1", "n2", "n3"].map(Into::into).to_vec();
        let arguments = SchedulingArguments { pod, candidates: CandidateNodes::NodeNames(names) };
        let policies = policies("");
        let filtered = filter(&arguments, SchedulingContext::new(live.cluster.snapshot(), &policies));
        assert_eq!(filtered.passed.len(), 1);
        assert!(!filtered.attempt.rejected.contains_key(&Reason::GangInfeasible), "{:?}", filtered.attempt.rejected);
        assert!(schedule(&mut live, name).is_some());
    }
}

#[test]
fn a_process_that_starts_reserves_the_nodes_of_what_has_begun() {
    for spec in [("gang", "3"), ("gang", "true"), ("colocation", "x")] {
        let mut live = live(&[("n1", 3), ("n2", 2)]);
        add(&mut live, core(bound_to("n1", pe("e", "e1", &[spec]))));
        for name in ["e2", "e3"] {
            add(&mut live, core(pe("e", name, &[spec])));
        }
        for name in ["w1", "w2", "w3"] {
            add(&mut live, core(pe("w", name, &[("gang", "3")])));
        }
        live.bound.insert("e1".into(), "n1".into());
        let snapshot = live.cluster.snapshot().clone();
        for (job, places) in begun_groups(&snapshot) {
            let name = |index| snapshot.node(index).unwrap().name.clone();
            let places: Vec<(PodUid, NodeName)> =
                places.into_iter().map(|(pe, node)| (pe.pod.key.uid.clone(), name(node))).collect();
            live.cluster.reserve(&job, &places);
        }
        assert_eq!(live.cluster.reserved_len(), 2, "{spec:?}");
        let placed = ["w1", "w2", "w3", "e2", "e3"].map(|name| schedule_later(&mut live, name).is_some());
        assert_eq!(placed, [false, false, false, true, true], "{spec:?}");
    }
}
