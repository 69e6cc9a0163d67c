//! Where nothing but the extender's order can choose among nodes, kube-scheduler neither scores nor asks prioritize.

use kube::api::ListParams;
use serde_json::{Value, json};

use super::pe::{Pe, Team};
use crate::cluster::FakeNode;
use crate::installation::installed;

#[tokio::test]
async fn kube_scheduler_takes_the_node_that_filter_names_and_scores_where_a_pod_has_a_preference() {
    let installation = installed(|all| all).await;
    let cluster = &installation.cluster;
    let preferred = FakeNode::new("n3").label("disk", "fast");
    cluster.create_nodes(&[FakeNode::new("n1"), FakeNode::new("n2"), preferred]).await.unwrap();
    let team = Team::new(cluster, "choice").await;
    let extender = installation.extender.as_ref().unwrap();
    let asked_to_score = async || {
        let metrics = extender.metrics().await.unwrap();
        let is_count = |line: &&str| {
            line.starts_with("outrigger_extender_request_duration_seconds_count")
                && line.contains(r#"verb="prioritize""#)
        };
        let counts = metrics.lines().filter(is_count).filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        counts.sum::<f64>()
    };

    for name in ["a", "b", "c", "d"] {
        team.place(Pe::new("spread", name).cpu("100m")).await;
    }
    assert!(asked_to_score().await < 0.5, "nothing was left to score");
    let pods = team.pods.list(&ListParams::default()).await.unwrap().items;
    let used: std::collections::BTreeSet<_> =
        pods.iter().filter_map(|pod| pod.spec.as_ref()?.node_name.clone()).collect();
    assert_eq!(used.len(), 3, "each went to the node with the fewest PEs");
    for pod in &pods {
        let record = &pod.metadata.annotations.as_ref().unwrap()["outrigger.dev/placement"];
        let record: Value = serde_json::from_str(record).unwrap();
        assert_eq!(
            (&record["asked"], &record["rank"]),
            (&json!(3), &json!(1)),
            "the record has what was asked: {record}"
        );
    }

    let preference = json!({
        "weight": 100, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["fast"]}]},
    });
    let node = team.place(Pe::new("fast", "e").cpu("100m").preferring_nodes(&preference)).await;
    assert!(asked_to_score().await > 0.5, "kube-scheduler scores by the preference of the pod");
    assert_eq!(node, "n3");
}
