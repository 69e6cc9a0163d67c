//! Exlocation: pairwise different nodes, under parallel creation.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::Value;

use super::history::History;
use super::pe::{Pe, Team, node, nodes_of, wish};
use crate::installation::shared;

#[test]
fn four_of_a_group_take_four_nodes_however_many_come_at_once_each_with_its_record() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_nodes(&nodes_of("exlo", &["exlo-1", "exlo-2", "exlo-3", "exlo-4"])).await.unwrap();
        let team = Team::new(cluster, "exlocation").await;
        let history = History::of(team.pods.clone()).await;

        // the same token in every job: jobs do not know each other's
        let names: Vec<(String, String)> =
            (1..=6).flat_map(|job| (1..=4).map(move |pe| (format!("job-{job}"), format!("job-{job}-{pe}")))).collect();
        let created = names.iter().map(async |(job, name)| {
            team.create(Pe::new(job, name).wish("host-tags", "exlo").wish("exlocation", "apart").cpu("100m")).await;
        });
        join_all(created).await;
        for group in names.chunks(4) {
            let nodes: BTreeSet<String> =
                join_all(group.iter().map(|(_, name)| team.node_of(name))).await.into_iter().collect();
            assert_eq!(nodes.len(), 4, "{group:?}");
        }
        history.no_group_ever_shared_a_node().unwrap();

        // a fifth has no node left, and the four are why
        team.create(Pe::new("job-1", "job-1-5").wish("host-tags", "exlo").wish("exlocation", "apart")).await;
        let rejection = team.rejected("job-1-5").await;
        assert!(rejection.contains("4 ExlocationConflict"), "{rejection}");

        let bound = history.when_bound();
        assert_eq!(bound.len(), 24);
        for pod in bound {
            let record = wish(&pod, "placement").expect("the record comes with the node, in one write");
            let record: Value = serde_json::from_str(record).unwrap();
            assert_eq!(record["node"].as_str(), node(&pod), "{record}");
            assert_eq!(record["tags"], serde_json::json!(["exlo"]), "{record}");
        }
    });
}
