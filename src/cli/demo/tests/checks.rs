use serde_json::{Value, json};

use super::check;
use crate::api::{HostPool, NodeObject};
use crate::cli::demo::api_server::project;
use crate::files;
use crate::model::{Node, Pod, Pool};

fn node(name: &str, tags: &[&str]) -> Node {
    let labels: serde_json::Map<String, Value> =
        tags.iter().map(|tag| (format!("tag.outrigger.dev/{tag}"), json!(""))).collect();
    let object: NodeObject = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "10"}},
    }))
    .unwrap();
    Node::try_from(&object).unwrap()
}

fn pe(job: &str, name: &str, node: &str, annotations: &Value) -> Pod {
    project(&json!({
        "metadata": {
            "name": name, "namespace": "ns", "uid": name,
            "labels": {"outrigger.dev/job": job}, "annotations": annotations,
        },
        "spec": {"nodeName": node, "containers": [{"name": "c", "resources": {"requests": {"cpu": "500m"}}}]},
    }))
    .unwrap()
}

fn pools() -> Vec<Pool> {
    let object: HostPool = serde_json::from_value(json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "HostPool",
        "metadata": {"name": "p", "namespace": "ns"},
        "spec": {"tags": ["t"], "size": 1, "mode": "Exclusive"},
    }))
    .unwrap();
    vec![Pool::try_from(&object).unwrap()]
}

/// The rules that these pods break.
fn broken(pods: &[Pod]) -> Vec<&'static str> {
    let nodes = [node("n1", &["t"]), node("n2", &["t"]), node("n3", &[])];
    let checks = check(pods, &nodes, &pools(), &files::embedded().unwrap());
    checks.iter().flat_map(|check| check.broken.iter().map(|_| check.rule)).collect()
}

#[test]
fn each_rule_is_seen_to_be_broken_and_kept() {
    let none = json!({});
    let apart = json!({"outrigger.dev/exlocation": "x"});
    let together = json!({"outrigger.dev/colocation": "x"});
    let alone = json!({"outrigger.dev/isolated": "true"});
    let pool = json!({"outrigger.dev/host-pool": "p"});
    let two = |left: (&str, &str, &Value), right: (&str, &str, &Value)| {
        [pe(left.0, "a", left.1, left.2), pe(right.0, "b", right.1, right.2)]
    };
    for (pods, rules) in [
        (two(("j", "n1", &apart), ("j", "n2", &apart)), &[][..]),
        (two(("j", "n1", &apart), ("other", "n1", &apart)), &[]),
        (two(("j", "n1", &apart), ("j", "n1", &apart)), &["exlocation"]),
        (two(("j", "n1", &together), ("j", "n1", &together)), &[]),
        (two(("j", "n1", &together), ("j", "n2", &together)), &["colocation"]),
        (two(("j", "n1", &alone), ("j", "n2", &none)), &[]),
        (two(("j", "n1", &alone), ("other", "n1", &none)), &["isolation"]),
        (two(("j", "n1", &pool), ("j", "n1", &pool)), &[]),
        (two(("j", "n1", &pool), ("j", "n2", &pool)), &["pools"]),
        (two(("j", "n1", &pool), ("other", "n1", &none)), &["pools"]),
        (two(("j", "n3", &pool), ("other", "n1", &none)), &["pools"]),
    ] {
        assert_eq!(broken(&pods), rules, "{pods:?}");
    }
    let five: Vec<Pod> = ["a", "b", "c", "d", "e"].iter().map(|name| pe("j", name, "n1", &none)).collect();
    assert_eq!(broken(&five), ["requests"], "2.5 cores of 2");
}
