//! kube-scheduler evicts pods for a PE only on a node where the PE may go afterwards.

use k8s_openapi::api::scheduling::v1::PriorityClass;
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::json;

use super::pe::{Pe, Team};
use crate::cluster::FakeNode;
use crate::installation::installed;

#[tokio::test]
async fn a_pe_of_high_priority_evicts_nobody_on_a_node_that_its_placement_spec_rules_out() {
    let installation = installed(|all| all).await;
    let cluster = &installation.cluster;
    let names = ["n1", "n2", "n3"];
    let nodes = names.map(|name| FakeNode::new(name).resource("cpu", "1"));
    cluster.create_nodes(&nodes).await.unwrap();
    let classes: Api<PriorityClass> = Api::all(cluster.client().await.unwrap());
    for (name, value) in [("urgent", 1_000), ("idle", -1_000)] {
        let class = json!({ "metadata": { "name": name }, "value": value });
        classes.create(&PostParams::default(), &serde_json::from_value(class).unwrap()).await.unwrap();
    }
    let team = Team::new(cluster, "preemption").await;
    for name in names {
        let filler = Pe::new("filler", &format!("fills-{name}")).cpu("900m").priority_class("idle");
        team.place(filler.wish("hosts", name)).await;
    }

    // kube-scheduler would choose any of the three nodes: their victims are alike.
    for (name, node) in [("first", "n2"), ("second", "n3")] {
        let urgent = Pe::new("urgent", name).cpu("900m").priority_class("urgent");
        assert_eq!(team.place(urgent.wish("hosts", node)).await, node);
    }
    // No node is right for this one, so its victims would die for nothing.
    let nowhere = Pe::new("urgent", "third").cpu("900m").priority_class("urgent");
    team.create(nowhere.wish("hosts", "n9")).await;
    team.rejected("third").await;
    let left = team.pods.list(&ListParams::default()).await.unwrap().items;
    let left: Vec<&str> = left.iter().filter_map(|pod| pod.metadata.name.as_deref()).collect();
    assert_eq!(left, ["fills-n1", "first", "second", "third"], "the pod on n1 stays");
}
