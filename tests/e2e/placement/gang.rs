//! Gangs: together or not at all, though kube-scheduler looks at one pod after another.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use anyhow::ensure;

use super::history::History;
use super::pe::{DECIDED, Pe, Team, nodes_of};
use crate::cluster::wait::until;
use crate::installation::shared;

/// Waits until a PE is refused for this reason.
async fn rejected_for(team: &Team, name: &str, reason: &str) {
    let what = format!("{name} is refused for {reason}");
    let rejected = until(&what, DECIDED, async || {
        let said = team.rejected(name).await;
        ensure!(said.contains(reason), "{said}");
        Ok(())
    });
    rejected.await.unwrap();
}

#[test]
fn t9_t25_a_gang_of_all_is_not_begun_on_three_nodes_and_whole_on_four() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_nodes(&nodes_of("gang", &["gang-1", "gang-2", "gang-3"])).await.unwrap();
        let team = Team::new(cluster, "gang").await;
        let history = History::of(team.pods.clone()).await;
        let names = ["apart-1", "apart-2", "apart-3", "apart-4"];
        for (place, name) in names.into_iter().enumerate() {
            let pe = Pe::new("job", name).wish("host-tags", "gang").wish("exlocation", "apart").wish("gang", "true");
            team.create(pe).await;
            if place == 0 {
                // It would have a node, and others of its job may follow.
                rejected_for(&team, name, "GangIncomplete").await;
            }
        }
        for name in &names[..3] {
            rejected_for(&team, name, "GangInfeasible").await;
        }
        assert!(history.when_bound().is_empty(), "{:?}", history.when_bound());
        cluster.create_nodes(&nodes_of("gang", &["gang-4"])).await.unwrap();
        for name in names {
            team.node_of(name).await;
        }
        history.no_group_ever_shared_a_node().unwrap();
    });
}

#[test]
fn a_gang_that_counts_waits_for_as_many_and_not_for_time() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_nodes(&nodes_of("count", &["count-1"])).await.unwrap();
        let team = Team::new(cluster, "gang-count").await;
        let create = async |name: &str| {
            team.create(Pe::new("job", name).wish("host-tags", "count").wish("gang", "3")).await;
        };
        for name in ["a", "b"] {
            create(name).await;
            rejected_for(&team, name, "GangIncomplete").await;
        }
        create("c").await;
        for name in ["a", "b", "c"] {
            assert_eq!(team.node_of(name).await, "count-1");
        }
    });
}
