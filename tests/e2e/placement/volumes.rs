//! PEs go where their volumes are, and the nodes of volumes are left to them; simulate says the same.

use serde_json::{Value, json};

use super::pe::{Pe, Team};
use crate::cluster::FakeNode;
use crate::cluster::installation::Part;
use crate::installation::installed;
use crate::simulate::simulated;

const ZONE: &str = "topology.kubernetes.io/zone";

/// A volume and the claim that is bound to it, both of this name. No controller of volumes runs: the annotation says that
/// the claim is bound.
fn bound(name: &str, labels: &Value, node_affinity: &Value) -> [Value; 2] {
    let capacity = json!({"storage": "1Gi"});
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "labels": labels},
        "spec": {
            "capacity": capacity, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/mnt"},
            "nodeAffinity": node_affinity,
        },
    });
    let annotations = json!({"pv.kubernetes.io/bind-completed": "yes"});
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "volumes", "annotations": annotations},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": capacity}, "storageClassName": "",
            "volumeName": name,
        },
    });
    [volume, claim]
}

fn on_node(name: &str, node: &str) -> [Value; 2] {
    let expression = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [node]});
    let terms = json!([{"matchExpressions": [expression]}]);
    bound(name, &json!({}), &json!({"required": {"nodeSelectorTerms": terms}}))
}

fn in_zone(name: &str, zone: &str) -> [Value; 2] {
    bound(name, &json!({ZONE: zone}), &Value::Null)
}

/// The PEs in the order of their priorities, each with the nodes that it may get.
fn workload() -> Vec<(Pe, &'static [&'static str])> {
    let apart = |name: &str| Pe::new("apart", name).wish("exlocation", "x").wish("hosts", "a1,a2");
    let gang = |name: &str| Pe::new("gang", name).wish("exlocation", "x").wish("gang", "3").wish("hosts", "b1,b2,b3");
    let bucket = |name: &str| Pe::new("bucket", name).wish("colocation", "x");
    vec![
        (apart("apart-0"), &["a2"]),
        (gang("gang-0"), &["b2", "b3"]),
        (gang("gang-1"), &["b2", "b3"]),
        (bucket("bucket-0"), &["b1", "b2", "b3"]),
        (apart("apart-1").claim("disk-a1"), &["a1"]),
        (gang("gang-2").claim("disk-b1"), &["b1"]),
        (bucket("bucket-1").claim("zone-b"), &["b1", "b2", "b3"]),
        (Pe::new("single", "single").claim("disk-gone"), &[]),
    ]
}

#[tokio::test]
async fn pes_go_where_their_volumes_are_and_simulate_foretells_it() {
    let installation = installed(|all| all.without(Part::Scheduler)).await;
    let cluster = &installation.cluster;
    let node = |name: &str| FakeNode::new(name).resource("cpu", "4").label(ZONE, name.get(..1).unwrap());
    cluster.create_nodes(&["a1", "a2", "b1", "b2", "b3"].map(node)).await.unwrap();
    let team = Team::new(cluster, "volumes").await;
    let class = |place: usize| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": format!("place-{place}")},
            "value": 1_000 - place, "preemptionPolicy": "Never",
        })
    };
    let mut items: Vec<Value> = (0..workload().len()).map(class).collect();
    let volumes =
        [on_node("disk-a1", "a1"), on_node("disk-b1", "b1"), on_node("disk-gone", "gone"), in_zone("zone-b", "b")];
    items.extend(volumes.into_iter().flatten());
    cluster.kubectl().apply(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()).await.unwrap();
    for (place, (pe, _)) in workload().into_iter().enumerate() {
        team.create(pe.priority_class(&format!("place-{place}"))).await;
    }
    let (_, outcome) = simulated(cluster, installation.release.policies()).await;
    let extender = installation.extender.as_ref().unwrap();
    let _scheduler = installation.start_scheduler("late-scheduler", extender).await.unwrap();
    let placements = outcome["placements"].as_array().unwrap();
    assert_eq!(placements.len(), workload().len(), "{outcome:#}");
    for (placement, (_, nodes)) in placements.iter().zip(workload()) {
        let name = placement["pod"].as_str().unwrap().strip_prefix("volumes/").unwrap();
        if nodes.is_empty() {
            assert_eq!(placement["reasons"], json!({"VolumeNodeAffinityConflict": 5}), "{outcome:#}");
            // kube-scheduler itself rejects every node.
            let rejection = team.rejected(name).await;
            assert!(rejection.contains("didn't match PersistentVolume's node affinity"), "{rejection}");
            continue;
        }
        let node = team.node_of(name).await;
        assert!(nodes.contains(&node.as_str()), "{name} is on {node}");
        assert_eq!(placement["node"], node.as_str(), "{name}: {outcome:#}");
    }
}
