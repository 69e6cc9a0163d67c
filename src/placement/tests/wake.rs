//! Who is woken when nodes take PEs again.

use super::super::{Relief, Rethought};
use crate::model::{Pod, PoolMode, StreamJob};
use crate::state::{Cluster, Event};
use crate::testing::{asking, governed, measured, node, on, pe, pod, policies, pool, protecting, stream_job};

fn loaded(cluster: &mut Cluster, n1: f64, n2: f64) {
    cluster.apply(measured(&[("n1", n1, 0.0), ("n2", n2, 0.0)]));
}

fn woken(relief: &mut Relief, cluster: &Cluster) -> Vec<String> {
    relief.look(cluster.snapshot()).iter().map(|pe| pe.pod.key.name.to_string()).collect()
}

#[test]
fn pes_that_may_go_to_a_node_that_is_no_longer_overloaded_are_woken_once_and_the_most_urgent_first() {
    let urgent = Pod { priority: 1, ..pe("k", "urgent", &[]) };
    let pods = vec![
        pe("j", "anywhere", &[]),
        pe("j", "first", &[("hosts", "n1")]),
        pe("j", "second", &[("hosts", "n2")]),
        asking(9_000, pe("j", "large", &[])),
        on("n1", pe("j", "placed", &[])),
        pod("no-pe"),
        pe("free", "overrides", &[]),
        urgent,
    ];
    let policies = protecting("cpu: {upper: 75, lower: 60}", &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], pods);
    cluster.apply(Event::StreamJob(Box::new(StreamJob { override_load_protection: true, ..stream_job("free", &[]) })));
    let mut relief = Relief::default();
    loaded(&mut cluster, 90.0, 90.0);
    assert_eq!(woken(&mut relief, &cluster), [""; 0]);
    loaded(&mut cluster, 61.0, 90.0);
    assert_eq!(woken(&mut relief, &cluster), [""; 0], "between the thresholds nothing changes");
    loaded(&mut cluster, 59.0, 90.0);
    assert_eq!(woken(&mut relief, &cluster), ["urgent", "anywhere", "first"]);
    assert_eq!(woken(&mut relief, &cluster), [""; 0], "once");
    cluster.apply(Event::Policies(protecting("memory: {upper: 75}", &[("", "")])));
    assert_eq!(woken(&mut relief, &cluster), ["urgent", "anywhere", "second"], "thresholds that change relieve too");
}

#[test]
fn pes_of_a_job_that_overrides_load_protection_from_now_on_are_woken() {
    let pods = vec![pe("j", "a", &[]), pe("j", "elsewhere", &[("hosts", "n2")]), pe("k", "heeds", &[])];
    let policies = protecting("cpu: {upper: 75}", &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], pods);
    let overriding = |does| {
        let job = StreamJob { override_load_protection: does, ..stream_job("j", &[]) };
        Event::StreamJob(Box::new(job))
    };
    let mut relief = Relief::default();
    cluster.apply(overriding(true));
    assert_eq!(woken(&mut relief, &cluster), [""; 0], "no node was overloaded");
    cluster.apply(overriding(false));
    loaded(&mut cluster, 90.0, 10.0);
    assert_eq!(woken(&mut relief, &cluster), [""; 0]);
    cluster.apply(overriding(true));
    assert_eq!(woken(&mut relief, &cluster), ["a"]);
    loaded(&mut cluster, 10.0, 10.0);
    assert_eq!(woken(&mut relief, &cluster), ["heeds"], "the other job had no need of that any more");
}

#[test]
fn a_node_that_is_gone_relieves_nobody() {
    let policies = protecting("cpu: {upper: 75}", &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[])]);
    let mut relief = Relief::default();
    loaded(&mut cluster, 90.0, 10.0);
    assert_eq!(woken(&mut relief, &cluster), [""; 0]);
    cluster.apply(Event::NodeGone("n1".into()));
    assert_eq!(woken(&mut relief, &cluster), [""; 0]);
}

#[test]
fn pes_that_wait_are_woken_when_a_pe_of_their_job_wishes_something_else_or_its_pool_is_another() {
    let own = [("host-pool", "p")];
    let pods = vec![
        pe("j", "in-pool", &own),
        pe("k", "waits", &[("colocation", "t")]),
        on("n1", pe("k", "bound", &[("colocation", "t")])),
        on("n1", pe("placed", "placed", &own)),
    ];
    let mut cluster = governed(policies(""), vec![node("n1")], vec![], pods);
    let mut rethought = Rethought::default();
    let mut woken = |cluster: &Cluster| -> Vec<String> {
        rethought.look(cluster.snapshot()).iter().map(|pe| pe.pod.key.name.to_string()).collect()
    };
    assert_eq!(woken(&cluster), [""; 0], "nothing is known of before");
    cluster.apply(Event::Pod(Box::new(Pod { resource_version: "2".into(), ..pe("j", "in-pool", &own) })));
    cluster.apply(Event::Pod(Box::new(pe("l", "new", &[]))));
    assert_eq!(woken(&cluster), [""; 0], "another version of a pod, and a new one, change nothing");
    cluster.apply(Event::Pool(pool("p", &[], PoolMode::Shared)));
    assert_eq!(woken(&cluster), ["in-pool"], "its pool is there");
    cluster.apply(Event::Pool(pool("p", &[], PoolMode::Shared)));
    assert_eq!(woken(&cluster), [""; 0], "the same again");
    cluster.apply(Event::StreamJob(Box::new(stream_job("k", &[("bound", &[("colocation", "other")])]))));
    assert_eq!(woken(&cluster), ["waits"], "it need not wait for the other any more");
    cluster.apply(Event::Policies(policies("scheme: pack")));
    assert_eq!(woken(&cluster), ["in-pool", "new", "waits"]);
}
