//! Colocation: a bucket is the transitive closure over shared tokens, PEs that wait included.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;

use anyhow::Result;
use futures::future::join_all;
use serde_json::{Value, json};

use super::pe::{Pe, Team, wish};
use crate::cluster::installation::Part;
use crate::cluster::{Cluster, FakeNode};
use crate::installation::installed;

/// Tokens of the three PEs of T6: the last one joins the others, which have nothing in common.
const BUCKET: [(&str, &str); 3] = [("a", "x"), ("b", "y"), ("c", "x,y")];
/// The order in which kube-scheduler looks at them.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[tokio::test]
async fn t6_a_bucket_shares_one_node_in_all_six_orders_of_arrival_and_a_late_bridge_is_refused() {
    // the scheduler is held back until every PE exists
    let mut installation = installed(|all| all.without(Part::Scheduler).without(Part::Extender)).await;
    let settings = installation.release.extender().unwrap().argument("--log=outrigger=debug");
    installation.extender = Some(installation.cluster.start_outrigger("extender", settings).await.unwrap());
    let cluster = &installation.cluster;
    let nodes: Vec<FakeNode> = (1..=4).map(|number| FakeNode::new(format!("n{number}"))).collect();
    cluster.create_nodes(&nodes).await.unwrap();
    priorities(cluster, 3).await;
    let teams = join_all((1..=6).map(async |order| Team::new(cluster, &format!("order-{order}")).await)).await;
    for (team, order) in teams.iter().zip(ORDERS) {
        for (place, pe) in order.into_iter().enumerate() {
            let (name, tokens) = BUCKET[pe];
            let pe = Pe::new("job", name).wish("colocation", tokens);
            team.create(pe.priority_class(&format!("place-{place}"))).await;
        }
    }

    let extender = installation.extender.as_ref().unwrap();
    let scheduler = installation.start_scheduler("late-scheduler", extender).await.unwrap();
    installation.scheduler = Some(scheduler);
    for (team, order) in teams.iter().zip(ORDERS) {
        let mut placed: Vec<(String, Value)> = Vec::new();
        for (name, _) in order.map(|pe| BUCKET[pe]) {
            let node = team.node_of(name).await;
            let pod = team.pods.get(name).await.unwrap();
            let record: Value = serde_json::from_str(wish(&pod, "placement").unwrap()).unwrap();
            placed.push((node, record["bucket"].clone()));
        }
        let where_to: BTreeSet<&String> = placed.iter().map(|(node, _)| node).collect();
        assert_eq!(where_to.len(), 1, "order {order:?}: {placed:?}");
        let closed = placed.iter().all(|(_, bucket)| bucket.as_array().is_some_and(|others| others.len() == 2));
        assert!(closed, "each knew of both others, order {order:?}: {placed:?}");
        let names = order.map(|pe| BUCKET[pe].0);
        assert_eq!(looked_at(cluster, &team.namespace).unwrap(), names, "the order in which kube-scheduler asked");
    }

    let late = Team::new(cluster, "late").await;
    late.place(Pe::new("job", "a").wish("colocation", "x").wish("hosts", "n1")).await;
    late.place(Pe::new("job", "b").wish("colocation", "y").wish("hosts", "n2")).await;
    late.create(Pe::new("job", "bridge").wish("colocation", "x,y")).await;
    let rejection = late.rejected("bridge").await;
    assert!(rejection.contains("0/4 nodes are available: 4 ColocationMismatch."), "{rejection}");
    // one of the two goes: the bridge has only one side left to stand on
    late.delete("b").await;
    assert_eq!(late.node_of("bridge").await, "n1");
}

/// The PEs of a namespace in the order in which the extender was first asked for each, by its log.
#[expect(clippy::disallowed_methods, reason = "reads what the program under test has logged")]
fn looked_at(cluster: &Cluster, namespace: &str) -> Result<Vec<String>> {
    let log = std::fs::read_to_string(cluster.folder().join("extender.log"))?;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let filtered = lines.filter(|line| line["fields"]["message"] == "filter");
    let prefix = format!("{namespace}/");
    let mut names: Vec<String> = Vec::new();
    for line in filtered {
        let name = line["fields"]["pod"].as_str().and_then(|pod| pod.strip_prefix(&prefix));
        names.extend(name.filter(|name| !names.iter().any(|known| known == name)).map(str::to_owned));
    }
    Ok(names)
}

/// Makes priority classes `place-0`, `place-1` and so on, the highest first: kube-scheduler's queue goes by them.
async fn priorities(cluster: &Cluster, number: usize) {
    for place in 0..number {
        let class = json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": { "name": format!("place-{place}") },
            "value": 1_000 - place,
            "preemptionPolicy": "Never",
        });
        cluster.kubectl().apply(&class.to_string()).await.unwrap();
    }
}
