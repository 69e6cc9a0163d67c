use std::sync::Arc;

use super::mismatch;
use crate::model::{
    BoundVolume, Node, NodeRequirement, PersistentVolume, PersistentVolumeClaim, Pod, PodClaim, PodClaims, PodUid,
    Reason, Rejection, TOPOLOGY_LABELS, VolumeTopology, VolumeZone,
};
use crate::state::{Cluster, Event};
use crate::testing::{bound_claim, claiming, cluster, filter_node, host, local_volume, node, pe, reasons};

fn with_labels(labels: &[(&str, &str)]) -> Node {
    Node { labels: labels.iter().copied().collect(), ..node("n1") }
}

fn zones(labels: &[(&str, &str)]) -> VolumeTopology {
    let zone = |(key, value): &(&str, &str)| {
        VolumeZone::read(*TOPOLOGY_LABELS.iter().find(|label| label.key == *key).unwrap(), value).unwrap()
    };
    VolumeTopology { terms: None, zones: labels.iter().map(zone).collect() }
}

const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";
const BETA_ZONE: &str = "failure-domain.beta.kubernetes.io/zone";

#[test]
fn zones_are_compared_as_in_kube_scheduler() {
    for (volume, labels, expected) in [
        (&[(ZONE, "a")][..], &[(ZONE, "a")][..], None),
        (&[(ZONE, "a")], &[(ZONE, "b")], Some("topology.kubernetes.io/zone=a")),
        (&[(ZONE, "a__b")], &[(ZONE, "b")], None),
        (&[(ZONE, "a__b")], &[(ZONE, "c")], Some("topology.kubernetes.io/zone in (a, b)")),
        // a node without any such label is in every zone
        (&[(ZONE, "a")], &[("disk", "ssd")], None),
        (&[(ZONE, "a")], &[(REGION, "r")], Some("topology.kubernetes.io/zone=a")),
        // the beta key of a volume is compared with the stable key of a node, and not the other way round
        (&[(BETA_ZONE, "a")], &[(ZONE, "a")], None),
        (&[(BETA_ZONE, "a")], &[(ZONE, "b")], Some("failure-domain.beta.kubernetes.io/zone=a")),
        (&[(BETA_ZONE, "a")], &[(BETA_ZONE, "a"), (ZONE, "b")], None),
        (&[(ZONE, "a")], &[(BETA_ZONE, "a")], Some("topology.kubernetes.io/zone=a")),
        (&[(ZONE, "a"), (REGION, "r")], &[(ZONE, "a"), (REGION, "s")], Some("topology.kubernetes.io/region=r")),
    ] {
        assert_eq!(mismatch(&zones(volume), &with_labels(labels)).as_deref(), expected, "{volume:?} {labels:?}");
    }
}

#[test]
fn node_affinity_is_compared_with_labels_alone() {
    let name = |operator| {
        let requirement = NodeRequirement::of_field("metadata.name", operator, &["n1".to_owned()]).unwrap();
        VolumeTopology { terms: Some(vec![vec![requirement]]), zones: Vec::new() }
    };
    assert!(mismatch(&name("In"), &node("n1")).is_some());
    assert!(mismatch(&name("NotIn"), &node("n1")).is_none());
    let local = local_volume("v", &["n1", "n2"]).topology;
    assert!(mismatch(&local, &host("n2")).is_none());
    assert_eq!(mismatch(&local, &host("n3")).unwrap(), "kubernetes.io/hostname in (n1, n2)");
    assert!(mismatch(&local_volume("v", &[]).topology, &host("n3")).is_some(), "no term matches no node");
}

/// A PE with a volume on host n1, among hosts n1 and n2.
fn bound() -> Cluster {
    let mut cluster = cluster(vec![host("n1"), host("n2")], vec![], vec![claiming("c", pe("j", "a", &[]))]);
    cluster.apply(Event::put(local_volume("v", &["n1"])));
    cluster.apply(Event::put(bound_claim("c", "v")));
    cluster
}

fn passing(cluster: &Cluster) -> Vec<String> {
    reasons(cluster, "a").into_iter().filter(|(_, reason)| reason.is_none()).map(|(name, _)| name).collect()
}

#[test]
fn a_pe_goes_where_its_volume_is() {
    let cluster = bound();
    assert_eq!(passing(&cluster), ["n1"]);
    let rejection = filter_node(&cluster, "a", "n2").unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "VolumeNodeAffinityConflict: the volume of claim c can be used where kubernetes.io/hostname=n1"
    );
    assert_eq!(rejection.reason(), Reason::VolumeNodeAffinityConflict);
}

#[test]
fn what_is_unknown_restricts_nothing() {
    let unbound = PersistentVolumeClaim { volume: None, ..bound_claim("c", "") };
    for event in [
        Event::put(unbound),
        Event::put(bound_claim("c", "never seen")),
        Event::gone::<PersistentVolumeClaim>(bound_claim("c", "").id),
        Event::gone::<PersistentVolume>("v".into()),
        Event::listed::<PersistentVolumeClaim>(Vec::new()),
        Event::listed::<PersistentVolume>(Vec::new()),
    ] {
        let mut cluster = bound();
        let name = format!("{event:?}");
        cluster.apply(event);
        assert_eq!(passing(&cluster), ["n1", "n2"], "{name}");
    }
}

#[test]
fn an_ephemeral_volume_belongs_to_one_pod_and_has_no_zone() {
    let claims = PodClaims::new(vec![PodClaim { name: "a-v".into(), is_ephemeral: true }]);
    let pod = Pod { claims, ..pe("j", "a", &[]) };
    for (owner, volume, expected) in [
        ("a", local_volume("v", &["n1"]), &["n1"][..]),
        ("an earlier pod", local_volume("v", &["n1"]), &["n1", "n2"]),
        ("a", PersistentVolume { name: "v".into(), topology: Arc::new(zones(&[(ZONE, "b")])) }, &["n1", "n2"]),
    ] {
        let mut cluster = cluster(vec![host("n1"), host("n2")], vec![], vec![pod.clone()]);
        for name in ["n1", "n2"] {
            cluster.apply(Event::put(Node {
                labels: [("kubernetes.io/hostname", name), (ZONE, "a")].into_iter().collect(),
                ..node(name)
            }));
        }
        let bound = BoundVolume { name: "v".into(), pod: Some(PodUid::from(owner)) };
        cluster.apply(Event::put(volume));
        cluster.apply(Event::put(PersistentVolumeClaim { volume: Some(bound), ..bound_claim("a-v", "v") }));
        assert_eq!(passing(&cluster), expected, "{owner}");
    }
}

#[test]
fn a_bucket_goes_where_the_volume_of_every_member_is() {
    let spec = [("colocation", "x")];
    let pods = vec![pe("j", "a", &spec), claiming("c", pe("j", "b", &spec))];
    let mut cluster = cluster(vec![host("n1"), host("n2")], vec![], pods);
    cluster.apply(Event::put(local_volume("v", &["n2"])));
    cluster.apply(Event::put(bound_claim("c", "v")));
    let Rejection::BucketMemberRejected { pe, rejection } = filter_node(&cluster, "a", "n1").unwrap_err() else {
        panic!("the bucket is not considered");
    };
    assert_eq!((&*pe, rejection.reason()), ("b", Reason::VolumeNodeAffinityConflict));
    assert_eq!(filter_node(&cluster, "a", "n2"), Ok(()));
}
