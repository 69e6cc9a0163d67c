//! Changes of volumes and claims concern the jobs whose PEs have them, and no other job.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{JobId, Namespace, ObjectId, PersistentVolume, PersistentVolumeClaim, Pod, PodUid};
use crate::state::{Cluster, Event};
use crate::testing::{bound_claim, bound_to, claiming, cluster, host, local_volume, pe, pod};

fn job(name: &str) -> JobId {
    JobId { namespace: Namespace::from("streams"), name: name.into(), generation: "".into() }
}

/// A PE of job `j` with claim `c`, a PE of job `k` without a claim, and a volume `v` that is bound to the claim.
fn bound() -> Cluster {
    let pods = vec![claiming("c", pe("j", "a", &[])), pe("k", "b", &[]), claiming("c", pod("of no job"))];
    let mut cluster = cluster(vec![host("n1"), host("n2")], vec![], pods);
    cluster.apply(Event::put(local_volume("v", &["n1"])));
    cluster.apply(Event::put(bound_claim("c", "v")));
    cluster
}

fn spec_changes(cluster: &Cluster) -> Vec<String> {
    cluster.snapshot().spec_changes().map(|(job, _)| job.name.to_string()).collect()
}

#[test]
fn a_change_is_a_change_of_the_jobs_that_it_concerns() {
    for (event, concerns) in [
        (Event::put(local_volume("v", &["n2"])), true),
        (Event::gone::<PersistentVolume>("v".into()), true),
        (Event::put(bound_claim("c", "w")), true),
        (Event::gone::<PersistentVolumeClaim>(bound_claim("c", "").id), true),
        (Event::put(local_volume("v", &["n1"])), false),
        (Event::put(bound_claim("c", "v")), false),
        (Event::put(local_volume("w", &["n1"])), false),
        (Event::put(bound_claim("d", "v")), false),
        (Event::gone::<PersistentVolume>("w".into()), false),
    ] {
        let mut cluster = bound();
        let name = format!("{event:?}");
        let keys = |cluster: &Cluster| ["j", "k"].map(|name| cluster.snapshot().key(&job(name)));
        let before = keys(&cluster);
        cluster.apply(event);
        let after = keys(&cluster);
        assert_eq!(before[0] != after[0], concerns, "{name}");
        assert_eq!(before[1], after[1], "{name}: job k has no claim");
        assert_eq!(spec_changes(&cluster), if concerns { vec!["j"] } else { vec![] }, "{name}: nodes may pass now");
    }
}

#[test]
fn a_claim_that_becomes_known_is_a_change_and_requeues_nobody() {
    let mut cluster = cluster(vec![host("n1")], vec![], vec![claiming("c", pe("j", "a", &[]))]);
    for event in [Event::put(bound_claim("c", "v")), Event::put(local_volume("v", &["n1"]))] {
        let before = cluster.snapshot().key(&job("j"));
        cluster.apply(event);
        assert_ne!(cluster.snapshot().key(&job("j")), before);
        assert_eq!(spec_changes(&cluster), [""; 0], "a volume that becomes known rules nodes out");
    }
}

#[test]
fn what_changes_nothing_makes_no_new_version() {
    let mut cluster = bound();
    let version = cluster.snapshot().version();
    cluster.apply(Event::put(local_volume("v", &["n1"])));
    cluster.apply(Event::put(bound_claim("c", "v")));
    cluster.apply(Event::put(PersistentVolumeClaim { volume: None, ..bound_claim("pending", "") }));
    cluster.apply(Event::gone::<PersistentVolume>("unknown".into()));
    assert_eq!(cluster.snapshot().version(), version);
}

#[test]
fn a_pe_that_the_watch_has_not_shown_has_its_volume() {
    let mut cluster = bound();
    let late = claiming("late", pe("j", "late", &[]));
    let policies = crate::testing::policies("");
    let late = std::sync::Arc::new(policies.pe(&std::sync::Arc::new(late), cluster.snapshot().declared()).unwrap());
    let key = |cluster: &Cluster| cluster.snapshot().prepare_for(&late).key(&job("j"));
    let before = key(&cluster);
    cluster.apply(Event::put(bound_claim("late", "v")));
    assert_ne!(key(&cluster), before, "decisions about the PE are made anew");
}

const NAMES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    Claim(&'static str, Option<&'static str>),
    ClaimGone(&'static str),
    Claims(Vec<(&'static str, &'static str)>),
    Volume(&'static str, &'static str),
    VolumeGone(&'static str),
    Volumes(Vec<(&'static str, &'static str)>),
    Pod(&'static str, &'static str),
    PodBound(&'static str, &'static str),
    PodGone(&'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let name = || select(&NAMES[..]);
    let pairs = || vec((name(), name()), 0..3);
    prop_oneof![
        (name(), prop::option::of(name())).prop_map(|(claim, volume)| Step::Claim(claim, volume)),
        name().prop_map(Step::ClaimGone),
        pairs().prop_map(Step::Claims),
        (name(), name()).prop_map(|(volume, node)| Step::Volume(volume, node)),
        name().prop_map(Step::VolumeGone),
        pairs().prop_map(Step::Volumes),
        (name(), name()).prop_map(|(pod, claim)| Step::Pod(pod, claim)),
        (name(), name()).prop_map(|(pod, claim)| Step::PodBound(pod, claim)),
        name().prop_map(Step::PodGone),
    ]
}

proptest! {
    #[test]
    fn after_any_events_each_pe_has_the_volumes_of_its_claims(steps in vec(step(), 0..24)) {
        let mut cluster = cluster(NAMES.map(host).into(), vec![], vec![]);
        let (mut claims, mut volumes, mut pods) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Claim(claim, volume) => {
                    claims.remove(claim);
                    claims.extend(volume.map(|volume| (claim, volume)));
                    let bound = bound_claim(claim, volume.unwrap_or_default());
                    let volume = bound.volume.filter(|_| volume.is_some());
                    cluster.apply(Event::put(PersistentVolumeClaim { volume, ..bound_claim(claim, "") }));
                }
                Step::ClaimGone(claim) => {
                    claims.remove(claim);
                    cluster.apply(Event::gone::<PersistentVolumeClaim>(bound_claim(claim, "").id));
                }
                Step::Claims(listed) => {
                    claims = listed.into_iter().collect();
                    cluster.apply(Event::listed(claims.iter().map(|(claim, volume)| bound_claim(claim, volume)).collect()));
                }
                Step::Volume(volume, node) => {
                    volumes.insert(volume, node);
                    cluster.apply(Event::put(local_volume(volume, &[node])));
                }
                Step::VolumeGone(volume) => {
                    volumes.remove(volume);
                    cluster.apply(Event::gone::<PersistentVolume>(volume.into()));
                }
                Step::Volumes(listed) => {
                    volumes = listed.into_iter().collect();
                    cluster.apply(Event::listed(volumes.iter().map(|(volume, node)| local_volume(volume, &[node])).collect()));
                }
                Step::Pod(name, claim) => {
                    pods.insert(name, claim);
                    cluster.apply(Event::put(claiming(claim, pe("j", name, &[]))));
                }
                Step::PodBound(name, claim) => {
                    pods.insert(name, claim);
                    cluster.apply(Event::put(bound_to("a", claiming(claim, pe("j", name, &[])))));
                }
                Step::PodGone(name) => {
                    pods.remove(name);
                    cluster.apply(Event::gone::<Pod>(PodUid::from(name)));
                }
            }
        }
        let id = |claim: &str| bound_claim(claim, "").id;
        let mut by_claim: BTreeMap<ObjectId, BTreeSet<PodUid>> = BTreeMap::new();
        for (name, claim) in &pods {
            by_claim.entry(id(claim)).or_default().insert(PodUid::from(*name));
            let topologies = cluster.snapshot().volume_topologies(cluster.pod(name).unwrap().0);
            let node = claims.get(claim).and_then(|volume| volumes.get(volume));
            let expected: Vec<_> = node.map(|node| local_volume("", &[node]).topology).into_iter().collect();
            prop_assert_eq!(topologies, expected);
        }
        prop_assert_eq!(cluster.by_claim.entries(), &by_claim);
        let by_volume = claims.iter().map(|(claim, volume)| ((*volume).into(), id(claim))).collect();
        prop_assert_eq!(&cluster.claims_by_volume, &by_volume);
    }
}
