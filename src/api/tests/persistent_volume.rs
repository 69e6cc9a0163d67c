use serde_json::{Value, json};

use super::*;
use crate::model::NodeRequirement;

fn volume(object: &Value) -> PersistentVolume {
    let object: PersistentVolumeObject = serde_json::from_value(object.clone()).unwrap();
    PersistentVolume::try_from(&object).unwrap()
}

fn claim(object: &Value) -> PersistentVolumeClaim {
    let object: PersistentVolumeClaimObject = serde_json::from_value(object.clone()).unwrap();
    PersistentVolumeClaim::try_from(&object).unwrap()
}

fn affinity(hosts: &[&str]) -> Value {
    let expression = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": hosts});
    json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}})
}

#[test]
fn a_volume_has_the_terms_of_its_node_affinity() {
    let read = volume(&json!({
        "metadata": {"name": "disk"},
        "spec": {"local": {"path": "/mnt"}, "nodeAffinity": affinity(&["n1"]), "capacity": {"storage": "1Gi"}},
    }));
    assert_eq!(&*read.name, "disk");
    let term = vec![NodeRequirement::equal("kubernetes.io/hostname", "n1")];
    assert_eq!(*read.topology, VolumeTopology { terms: Some(vec![term]), zones: Vec::new() });
    assert!(volume(&json!({"metadata": {"name": "nfs"}, "spec": {"nfs": {"path": "/"}}})).topology.is_empty());
}

#[test]
fn the_node_affinity_of_volumes_that_kube_scheduler_translates_is_unknown() {
    for source in [
        "awsElasticBlockStore",
        "azureDisk",
        "azureFile",
        "cinder",
        "gcePersistentDisk",
        "portworxVolume",
        "vsphereVolume",
    ] {
        let read = volume(&json!({
            "metadata": {"name": "disk", "labels": {"topology.kubernetes.io/zone": "a"}},
            "spec": {source: {"volumeID": "v"}, "nodeAffinity": affinity(&["n1"])},
        }));
        assert_eq!((read.topology.terms.as_ref(), read.topology.zones.len()), (None, 1), "{source}");
    }
}

#[test]
fn zones_are_those_labels_that_kube_scheduler_reads() {
    let zones = |value: &str| {
        let object = json!({"metadata": {"name": "v", "labels": {"topology.kubernetes.io/zone": value}}, "spec": {}});
        let zones = volume(&object).topology.zones.clone();
        zones.into_iter().flat_map(|zone| zone.values).map(String::from).collect::<Vec<String>>()
    };
    assert_eq!(zones("a"), ["a"]);
    assert_eq!(zones("b__a"), ["a", "b"]);
    assert_eq!(zones(" a __b"), ["a", "b"]);
    assert_eq!(zones("a__"), [""; 0], "a label with an empty zone is ignored");
    assert_eq!(zones(""), [""; 0]);
    let labels = json!({
        "topology.kubernetes.io/region": "r", "failure-domain.beta.kubernetes.io/zone": "z", "zone": "other",
        "failure-domain.beta.kubernetes.io/region": "r",
    });
    let topology = volume(&json!({"metadata": {"name": "v", "labels": labels}})).topology;
    assert_eq!(topology.zones.len(), 3);
}

#[test]
fn a_claim_has_its_volume_and_the_pod_that_controls_it() {
    let object = |spec: Value, owners: Value| json!({"metadata": {"name": "c", "namespace": "ns", "ownerReferences": owners}, "spec": spec});
    let owner = |kind: &str, controls: bool| {
        let version = if kind == "Pod" { "v1" } else { "apps/v1" };
        json!([{"apiVersion": version, "kind": kind, "name": "o", "uid": "u", "controller": controls}])
    };
    let bound = || json!({"volumeName": "v"});
    let read = claim(&object(bound(), json!([])));
    assert_eq!((read.id.to_string(), read.volume), ("ns/c".into(), Some(BoundVolume { name: "v".into(), pod: None })));
    let pod = |object: &Value| claim(object).volume.and_then(|volume| volume.pod);
    assert_eq!(pod(&object(bound(), owner("Pod", true))), Some(PodUid::from("u")));
    assert_eq!(pod(&object(bound(), owner("Pod", false))), None);
    assert_eq!(pod(&object(bound(), owner("StatefulSet", true))), None);
    for spec in [json!({}), json!({"volumeName": ""}), json!({"storageClassName": "local"})] {
        assert_eq!(claim(&object(spec, json!([]))).volume, None);
    }
}
