//! Pods whose owner is gone, and that nobody has deleted yet.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::pe::{DECIDED, Pe, Team, nodes_of};
use crate::cluster::wait::until;
use crate::explain::explained;
use crate::installation::installed;

/// A stateful set of one isolated PE on nodes with a tag.
fn stateful_set(team: &Team, name: &str, tag: &str) -> Value {
    let labels = json!({ "outrigger.dev/job": name });
    let spec = json!({
        "outrigger.dev/inject": "false", "outrigger.dev/host-tags": tag, "outrigger.dev/isolated": "true",
    });
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": name, "namespace": team.namespace },
        "spec": {
            "serviceName": name,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels, "annotations": spec },
                "spec": { "containers": [{ "name": "main", "image": "none" }] },
            },
        },
    })
}

#[tokio::test]
async fn t19_pods_keep_their_node_until_their_owner_is_gone_and_longer_where_they_were_orphaned() {
    let installation = installed(|all| all).await;
    let cluster = &installation.cluster;
    for tag in ["gone", "left"] {
        cluster.create_nodes(&nodes_of(tag, &[&format!("{tag}-1")])).await.unwrap();
    }
    let team = Team::new(cluster, "owner").await;
    let kubectl = async |arguments: &[&str]| -> Result<String> {
        cluster.kubectl().run(&[arguments, &["-n", &team.namespace]].concat()).await
    };
    let state = async |pod: &str| explained(&installation, &team.namespace, pod).await["state"].clone();
    for name in ["gone", "left"] {
        cluster.kubectl().apply(&stateful_set(&team, name, name).to_string()).await.unwrap();
        team.node_of(&format!("{name}-0")).await;
    }

    // The garbage collector takes the pod out of the set before the set is gone.
    kubectl(&["delete", "statefulset", "left", "--cascade=orphan", "--wait"]).await.unwrap();
    team.create(Pe::new("other", "kept-off").wish("host-tags", "left").wish("isolated", "true")).await;
    let rejection = team.rejected("kept-off").await;
    assert!(rejection.contains("NodeHoldsIsolatedPe"), "{rejection}");
    assert_eq!(state("left-0").await, "placed");

    // Nobody collects garbage from here on.
    cluster.controller_manager().suspend().unwrap();
    kubectl(&["delete", "statefulset", "gone", "--cascade=background"]).await.unwrap();
    let seen = until("the extender knows that the set is gone", DECIDED, async || {
        let state = state("gone-0").await;
        ensure!(state == "leaving", "it is {state}");
        Ok(())
    });
    seen.await.unwrap();
    assert_eq!(team.place(Pe::new("other", "next").wish("host-tags", "gone").wish("isolated", "true")).await, "gone-1");
    let pod = team.pods.get("gone-0").await.unwrap();
    assert_eq!(pod.metadata.deletion_timestamp, None, "it is still there");
}
