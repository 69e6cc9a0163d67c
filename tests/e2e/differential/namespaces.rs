//! Namespaces with random limit ranges and quotas, each twice: as `with-N`, and without the webhook as `bare-N`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use kube::Client;
use serde_json::{Value, json};

use super::random::Random;
use super::{patch, post};
use crate::cluster::Cluster;

/// How many namespaces there are.
pub(super) const NAMESPACES: usize = 16;
pub(super) const PRIORITY_CLASSES: [&str; 2] = ["low", "high"];

/// Creates the priority classes and the namespaces with their objects.
pub(super) async fn prepare(cluster: &Cluster, client: &Client) {
    for (name, value) in [("low", -5), ("high", 1_000)] {
        let class = json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
        });
        post(client, "/apis/scheduling.k8s.io/v1/priorityclasses", &class).await.unwrap().unwrap();
    }
    for at in 0..NAMESPACES {
        cluster.create_namespace(&format!("with-{at}")).await.unwrap();
        cluster.create_labelled_namespace(&format!("bare-{at}"), &[("outrigger.dev/inject", "false")]).await.unwrap();
        let mut random = Random::new(6_000_000 + at);
        if random.chance(75) {
            create_first_accepted(client, at, "limitranges", |seed| limit_range(&mut Random::new(seed + at * 100)))
                .await;
        }
        for number in 0..random.below(3) {
            create_first_accepted(client, at, "resourcequotas", |seed| {
                quota(&mut Random::new(seed + at * 100 + number * 10), number)
            })
            .await;
        }
    }
}

/// Creates the first object that the API server accepts, in both namespaces of a number.
async fn create_first_accepted(client: &Client, at: usize, plural: &str, mut make: impl FnMut(usize) -> Value) {
    for seed in 7_000_000.. {
        let object = make(seed);
        let path = |kind: &str| format!("/api/v1/namespaces/{kind}-{at}/{plural}");
        let mut bare = object.clone();
        bare["metadata"]["namespace"] = json!(format!("bare-{at}"));
        if post(client, &path("bare"), &bare).await.unwrap().is_err() {
            continue;
        }
        let mut with = object.clone();
        with["metadata"]["namespace"] = json!(format!("with-{at}"));
        post(client, &path("with"), &with).await.unwrap().unwrap();
        if plural == "resourcequotas" {
            // The part of the controller, which takes its time.
            let hard = &object["spec"]["hard"];
            let used: Value = hard.as_object().unwrap().keys().map(|name| (name.clone(), json!("0"))).collect();
            for kind in ["bare", "with"] {
                let name = object["metadata"]["name"].as_str().unwrap();
                let status = json!({"status": {"hard": hard, "used": used}});
                patch(client, &format!("{}/{name}/status", path(kind)), &status).await.unwrap().unwrap();
            }
        }
        return;
    }
}

/// Bounds near to what sidecars request.
fn limit_range(random: &mut Random) -> Value {
    let mut limits = Vec::new();
    for (kind, rare) in [("Container", 1), ("Pod", 2)] {
        let mut item = json!({"type": kind});
        for (member, percent, cpu, memory) in [
            ("min", 30, ["1m", "30m", "50m"], ["16Mi", "64Mi", "100Mi"]),
            ("max", 30, ["100m", "2", "4"], ["100Mi", "2Gi", "8Gi"]),
            ("default", 30, ["10m", "100m", "1"], ["32Mi", "100Mi", "1Gi"]),
            ("defaultRequest", 30, ["10m", "100m", "1"], ["32Mi", "100Mi", "1Gi"]),
            ("maxLimitRequestRatio", 20, ["1", "4", "2500m"], ["1", "1500m", "3"]),
        ] {
            let mut amounts = json!({});
            for (resource, values) in [("cpu", cpu), ("memory", memory)] {
                if random.chance(percent / rare) && (kind == "Container" || !member.starts_with("default")) {
                    amounts[resource] = json!(random.pick(&values));
                }
            }
            item[member] = amounts;
        }
        limits.push(item);
    }
    json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "random"}, "spec": {"limits": limits}})
}

/// A quota that is never used up.
fn quota(random: &mut Random, number: usize) -> Value {
    let mut hard = json!({"pods": "1000"});
    for resource in [
        "cpu",
        "memory",
        "requests.cpu",
        "requests.memory",
        "limits.cpu",
        "limits.memory",
        "requests.ephemeral-storage",
        "requests.example.com/gpu",
    ] {
        if random.chance(25) {
            hard[resource] = json!("1000Ti");
        }
    }
    let mut spec = json!({"hard": hard});
    match random.below(5) {
        0 => spec["scopes"] = json!([random.pick(&["Terminating", "NotTerminating", "NotBestEffort", "BestEffort"])]),
        1 => {
            let operator = random.pick(&["In", "NotIn", "Exists", "DoesNotExist"]);
            let mut expression = json!({"scopeName": "PriorityClass", "operator": operator});
            if matches!(operator, "In" | "NotIn") {
                expression["values"] = json!(["high"]);
            }
            spec["scopeSelector"] = json!({"matchExpressions": [expression]});
        }
        _ => {}
    }
    json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": format!("q{number}")}, "spec": spec})
}
