//! Tests of requeuing.

use std::sync::Arc;

use jiff::SignedDuration;

use super::super::{NodesReleased, OverloadCleared, SpecChanged, newly_placeable, placeable};
use crate::model::{Node, Owner, OwnerKind, Pod, PodUid, Pool, PoolMode, StreamJob};
use crate::state::{Cluster, Event};
use crate::testing::{asking, bound_to, governed, measured, node, pe, pod, policies, pool, protecting, stream_job};

fn loaded(cluster: &mut Cluster, n1: f64, n2: f64) {
    cluster.apply(measured(&[("n1", n1, 0.0), ("n2", n2, 0.0)]));
}

fn requeued(overload_cleared: &mut OverloadCleared, cluster: &Cluster) -> Vec<String> {
    overload_cleared.observe(cluster.snapshot()).iter().map(|pe| pe.pod.key.name.to_string()).collect()
}

#[test]
fn pes_that_pass_on_a_node_that_is_no_longer_overloaded_are_requeued_once_and_the_most_urgent_first() {
    let urgent = Pod { priority: 1, ..pe("k", "urgent", &[]) };
    let pods = vec![
        pe("j", "anywhere", &[]),
        pe("j", "first", &[("hosts", "n1")]),
        pe("j", "second", &[("hosts", "n2")]),
        asking(9_000, pe("j", "large", &[])),
        bound_to("n1", pe("j", "placed", &[])),
        pod("no-pe"),
        pe("free", "overrides", &[]),
        urgent,
    ];
    let policies = protecting("cpu: {upper: 75, lower: 60}", &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], pods);
    cluster.apply(Event::put(StreamJob { override_load_protection: true, ..stream_job("free", &[]) }));
    let mut overload_cleared = OverloadCleared::default();
    loaded(&mut cluster, 90.0, 90.0);
    assert_eq!(requeued(&mut overload_cleared, &cluster), [""; 0]);
    loaded(&mut cluster, 61.0, 90.0);
    assert_eq!(requeued(&mut overload_cleared, &cluster), [""; 0], "between the thresholds nothing changes");
    loaded(&mut cluster, 59.0, 90.0);
    assert_eq!(requeued(&mut overload_cleared, &cluster), ["urgent", "anywhere", "first"]);
    assert_eq!(requeued(&mut overload_cleared, &cluster), [""; 0], "once");
    cluster.apply(Event::Policies(protecting("memory: {upper: 75}", &[("", "")])));
    assert_eq!(
        requeued(&mut overload_cleared, &cluster),
        ["urgent", "anywhere", "second"],
        "thresholds that change relieve too"
    );
}

#[test]
fn pes_of_a_job_that_begins_to_override_load_protection_are_requeued() {
    let pods = vec![pe("j", "a", &[]), pe("j", "elsewhere", &[("hosts", "n2")]), pe("k", "heeds", &[])];
    let policies = protecting("cpu: {upper: 75}", &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], pods);
    let overriding = |does| {
        let job = StreamJob { override_load_protection: does, ..stream_job("j", &[]) };
        Event::put(job)
    };
    let mut overload_cleared = OverloadCleared::default();
    cluster.apply(overriding(true));
    assert_eq!(requeued(&mut overload_cleared, &cluster), [""; 0], "no node was overloaded");
    cluster.apply(overriding(false));
    loaded(&mut cluster, 90.0, 10.0);
    assert_eq!(requeued(&mut overload_cleared, &cluster), [""; 0]);
    cluster.apply(overriding(true));
    assert_eq!(requeued(&mut overload_cleared, &cluster), ["a"]);
    loaded(&mut cluster, 10.0, 10.0);
    assert_eq!(requeued(&mut overload_cleared, &cluster), ["heeds"], "the other job had no need of that any more");
}

#[test]
fn a_deleted_node_requeues_no_pe() {
    let policies = protecting("cpu: {upper: 75}", &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[])]);
    let mut overload_cleared = OverloadCleared::default();
    loaded(&mut cluster, 90.0, 10.0);
    assert_eq!(requeued(&mut overload_cleared, &cluster), [""; 0]);
    cluster.apply(Event::gone::<Node>("n1".into()));
    assert_eq!(requeued(&mut overload_cleared, &cluster), [""; 0]);
}

#[test]
fn pending_pes_are_requeued_when_a_spec_or_a_pool_of_their_job_changes() {
    let own = [("host-pool", "p")];
    let pods = vec![
        pe("j", "in-pool", &own),
        pe("k", "waits", &[("colocation", "t")]),
        bound_to("n1", pe("k", "bound", &[("colocation", "t")])),
        bound_to("n1", pe("placed", "placed", &own)),
    ];
    let mut cluster = governed(policies(""), vec![node("n1")], vec![], pods);
    let mut spec_changes = SpecChanged::default();
    let decided_in = std::cell::Cell::new(cluster.snapshot().version());
    let mut requeued = |cluster: &Cluster| -> Vec<String> {
        let concerned = spec_changes.observe(cluster.snapshot(), |_| Some(decided_in.get()));
        concerned.iter().map(|pe| pe.pod.key.name.to_string()).collect()
    };
    assert_eq!(requeued(&cluster), [""; 0], "nothing has changed");
    cluster.apply(Event::put(Pod { resource_version: "2".into(), ..pe("j", "in-pool", &own) }));
    cluster.apply(Event::put(pe("l", "new", &[])));
    assert_eq!(requeued(&cluster), [""; 0], "another version of a pod, and a new one, change nothing");
    cluster.apply(Event::put(pool("p", &[], PoolMode::Shared)));
    assert_eq!(requeued(&cluster), ["in-pool"], "its pool is there");
    assert_eq!(requeued(&cluster), [""; 0], "once");
    cluster.apply(Event::put(pool("p", &[], PoolMode::Shared)));
    assert_eq!(requeued(&cluster), [""; 0], "the same again");
    cluster.apply(Event::put(stream_job("k", &[("bound", &[("colocation", "other")])])));
    assert_eq!(requeued(&cluster), ["waits"], "it need not wait for the other any more");
    cluster.apply(Event::Policies(policies("scheme: pack")));
    decided_in.set(cluster.snapshot().version());
    assert_eq!(requeued(&cluster), [""; 0], "they were decided after the change");
    decided_in.set(decided_in.get() - 1);
    assert_eq!(requeued(&cluster), ["in-pool", "new", "waits"]);
}

#[test]
fn a_change_between_two_observations_is_not_missed() {
    let mut cluster = governed(policies(""), vec![node("n1")], vec![], vec![bound_to("n1", pe("j", "bound", &[]))]);
    let mut spec_changes = SpecChanged::default();
    assert!(spec_changes.observe(cluster.snapshot(), |_| None).is_empty());
    // The PE is created and rejected, and its object changes, before the next observation.
    cluster.apply(Event::put(pe("j", "a", &[])));
    let decided_in = cluster.snapshot().version();
    cluster.apply(Event::put(stream_job("j", &[("a", &[("hosts", "n1")])])));
    for pod in [pe("j", "a", &[]), bound_to("n1", pe("j", "bound", &[])), pe("j", "later", &[])] {
        cluster.apply(Event::put(pod));
    }
    let version = |uid: &PodUid| Some(if uid.as_str() == "a" { decided_in } else { cluster.snapshot().version() });
    let requeued = spec_changes.observe(cluster.snapshot(), version);
    assert_eq!(requeued.iter().map(|pe| &*pe.name).collect::<Vec<_>>(), ["a"]);
    // A job without a PE is forgotten.
    assert_eq!(cluster.snapshot().spec_changes().count(), 1);
    for uid in ["a", "bound", "later"] {
        cluster.apply(Event::gone::<Pod>(uid.into()));
    }
    assert_eq!(cluster.snapshot().spec_changes().count(), 0);
}

#[test]
fn events_of_the_first_list_requeue_no_pe() {
    let mut cluster = Cluster::new(policies(""));
    cluster.apply(Event::listed(vec![pe("j", "a", &[("host-pool", "p")])]));
    cluster.apply(Event::listed(vec![pool("p", &[], PoolMode::Shared)]));
    cluster.apply(Event::listed(vec![stream_job("j", &[("a", &[("exlocation", "x")])])]));
    cluster.apply(Event::listed(vec![node("n1")]));
    assert!(cluster.snapshot().is_complete());
    assert_eq!(cluster.snapshot().spec_changes().count(), 0, "nothing was decided before");
    cluster.apply(Event::listed::<Pool>(vec![]));
    assert_eq!(cluster.snapshot().spec_changes().count(), 1);
}

#[test]
fn a_process_that_starts_requeues_every_placeable_pe() {
    let pods = vec![
        pe("j", "anywhere", &[]),
        pe("j", "nowhere", &[("hosts", "n9")]),
        asking(9_000, pe("j", "large", &[])),
        bound_to("n1", pe("j", "placed", &[("exlocation", "x")])),
        pe("j", "apart", &[("exlocation", "x"), ("hosts", "n1")]),
        pe("gang", "too-few", &[("gang", "2")]),
        Pod { priority: 1, ..pe("k", "urgent", &[]) },
        pod("no-pe"),
    ];
    let mut cluster = governed(policies(""), vec![node("n1"), node("n2")], vec![], pods);
    let after =
        |seconds| Event::Settled { elapsed: SignedDuration::from_secs(seconds), quiet: SignedDuration::from_secs(3) };
    cluster.apply(after(0));
    cluster.apply(Event::put(pe("j", "young", &[])));
    cluster.apply(after(1));
    let names = |cluster: &Cluster| -> Vec<String> {
        placeable(cluster.snapshot()).iter().map(|pe| pe.pod.key.name.to_string()).collect()
    };
    assert_eq!(names(&cluster), ["urgent", "anywhere", "too-few"]);
    cluster.apply(after(4));
    assert_eq!(names(&cluster), ["urgent", "anywhere", "too-few", "young"]);
}

/// The PEs to requeue after an event: those of other jobs that were rejected before, and could be placed now.
fn released(cluster: &mut Cluster, event: Event) -> Vec<String> {
    let mut nodes_released = NodesReleased::default();
    nodes_released.observe(cluster.snapshot());
    let rejected_in = cluster.snapshot().version();
    cluster.apply(event);
    if !nodes_released.observe(cluster.snapshot()) {
        return Vec::new();
    }
    assert!(!nodes_released.observe(cluster.snapshot()), "once");
    let placeable = newly_placeable(cluster.snapshot(), |_| Some(rejected_in));
    placeable.iter().map(|pe| pe.name.to_string()).collect()
}

#[test]
fn pes_of_other_jobs_are_requeued_once_an_isolation_is_dropped() {
    let isolated = |value| stream_job("j", &[("alone", &[("isolated", value)])]);
    let pods = vec![bound_to("n1", pe("j", "alone", &[])), pe("k", "waits", &[]), asking(9_000, pe("k", "huge", &[]))];
    let mut cluster = governed(policies(""), vec![node("n1")], vec![], pods);
    cluster.apply(Event::put(isolated("true")));
    assert_eq!(released(&mut cluster, Event::put(isolated("false"))), ["waits"]);
    assert_eq!(released(&mut cluster, Event::put(node("n2"))), [""; 0], "kube-scheduler sees nodes itself");
}

#[test]
fn pes_of_other_jobs_are_requeued_once_the_owner_of_an_isolated_pe_is_gone() {
    let owner = Owner { name: "o".into(), uid: "u".into(), kind: OwnerKind::Other, is_only: true };
    let alone = bound_to("n1", pe("j", "alone", &[("isolated", "true")]));
    let alone = Pod { owner: Some(Arc::new(owner.clone())), ..alone };
    let mut cluster = governed(policies(""), vec![node("n1")], vec![], vec![alone, pe("k", "waits", &[])]);
    assert_eq!(released(&mut cluster, Event::OwnerGone(owner)), ["waits"]);
}

#[test]
fn pes_of_other_jobs_are_requeued_once_a_reservation_is_given_up() {
    let pods = vec![asking(4_000, pe("j", "a", &[])), asking(4_000, pe("k", "waits", &[]))];
    let mut cluster = governed(policies(""), vec![node("n1")], vec![], pods);
    let job = cluster.pod("a").unwrap().1.unwrap().job.clone();
    cluster.reserve(&job, &[("a".into(), "n1".into())]);
    let after = |seconds| Event::Settled { elapsed: SignedDuration::from_secs(seconds), quiet: SignedDuration::ZERO };
    cluster.apply(after(0));
    assert_eq!(released(&mut cluster, after(60)), ["a", "waits"]);
}

#[test]
fn pes_are_requeued_once_a_waiting_pe_that_held_their_node_is_deleted() {
    let spec = |hosts| [("exlocation", "x"), ("hosts", hosts)];
    let first = Pod { priority: 1, ..pe("j", "first", &spec("n1")) };
    let mut cluster = governed(policies(""), vec![node("n1")], vec![], vec![first, pe("j", "second", &spec("n1"))]);
    assert_eq!(released(&mut cluster, Event::gone::<Pod>(PodUid::from("first"))), ["second"]);
}
