//! Many PEs that wait at once: kube-scheduler decides on each while the ones before it are still being bound.
#![expect(clippy::disallowed_methods, reason = "what the extender has logged is read")]

use std::collections::BTreeSet;

use anyhow::ensure;
use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use serde_json::json;

use super::history::History;
use super::pe::{DECIDED, Pe, Team, node};
use crate::cluster::FakeNode;
use crate::cluster::installation::Part;
use crate::cluster::wait::until;
use crate::installation::installed;

const JOBS: usize = 20;
const NODES: usize = 8;

/// Four PEs that share no node, three that share one by a chain of tokens, and four of a pool of two nodes.
fn pes(job: usize) -> Vec<Pe> {
    let job = format!("job-{job}");
    let pe = |name: &str| Pe::new(&job, &format!("{job}-{name}")).cpu("50m");
    let apart = (0..4).map(|number| pe(&format!("apart-{number}")).wish("exlocation", "apart"));
    let chain = ["x", "x,y", "y"].into_iter().enumerate();
    let together = chain.map(|(number, tokens)| pe(&format!("together-{number}")).wish("colocation", tokens));
    let pooled = (0..4).map(|number| pe(&format!("pooled-{number}")).wish("host-pool", "two"));
    apart.chain(together).chain(pooled).collect()
}

#[tokio::test]
async fn no_bind_is_turned_away_though_each_pe_is_decided_before_the_last_one_is_bound() {
    let installation = installed(|all| all.without(Part::Scheduler)).await;
    let cluster = &installation.cluster;
    let nodes = (0..NODES).map(|number| FakeNode::new(format!("n{number}")).label("tag.outrigger.dev/fast", ""));
    cluster.create_nodes(&nodes.collect::<Vec<FakeNode>>()).await.unwrap();
    let team = Team::new(cluster, "burst").await;
    team.pool(cluster, "two", &json!({ "tags": ["fast"], "size": 2 })).await;
    let history = History::of(team.pods.clone()).await;
    join_all((0..JOBS).flat_map(pes).map(|pe| team.create(pe))).await;

    let extender = installation.extender.as_ref().unwrap();
    let _scheduler = installation.start_scheduler("scheduler", extender).await.unwrap();
    let pods = until("all are placed", DECIDED, async || {
        let pods = team.pods.list(&ListParams::default()).await?.items;
        let waiting = pods.iter().filter(|pod| node(pod).is_none()).count();
        ensure!(waiting == 0, "{waiting} wait");
        Ok(pods)
    })
    .await
    .unwrap();

    history.no_group_ever_shared_a_node().unwrap();
    for job in 0..JOBS {
        let nodes_of = |kind: &str| -> BTreeSet<&str> {
            let prefix = format!("job-{job}-{kind}-");
            let of_kind = |pod: &&Pod| pod.metadata.name.as_deref().is_some_and(|name| name.starts_with(&prefix));
            pods.iter().filter(of_kind).filter_map(node).collect()
        };
        let counts = ["apart", "together", "pooled"].map(|kind| nodes_of(kind).len());
        assert_eq!((counts[0], counts[1]), (4, 1), "job {job}");
        assert!(counts[2] <= 2, "job {job} uses {} nodes of a pool of two", counts[2]);
    }
    let log = std::fs::read_to_string(cluster.folder().join("extender.log")).unwrap();
    let turned_away: Vec<&str> = log.lines().filter(|line| line.contains("not bound")).collect();
    assert!(turned_away.is_empty(), "{}", turned_away.join("\n"));
}
