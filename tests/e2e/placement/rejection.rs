//! What users read about a PE that fits nowhere.

use std::collections::BTreeSet;

use anyhow::ensure;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::pe::{DECIDED, Pe, Team, nodes_of};
use crate::cluster::FakeNode;
use crate::cluster::wait::until;
use crate::installation::installed;

#[tokio::test]
async fn a_pe_that_fits_nowhere_reads_reason_codes_alone_and_the_same_at_every_attempt() {
    let installation = installed(|all| all).await;
    let cluster = &installation.cluster;
    let mut nodes = nodes_of("closed", &["closed-1", "closed-2"]);
    nodes.extend(["open-1", "open-2", "open-3"].map(FakeNode::new));
    cluster.create_nodes(&nodes).await.unwrap();
    let team = Team::new(cluster, "refusals").await;
    team.place(Pe::new("job", "isolated").wish("isolated", "true").wish("hosts", "open-1")).await;
    team.create(Pe::new("job", "misfit").wish("hosts", "open-1,elsewhere")).await;

    let mut attempts = 0;
    for poke in 0..4 {
        attempts = until("there was another attempt", DECIDED, async || {
            let count = attempts_at(&team).await?;
            ensure!(count > attempts, "{count} attempts so far");
            Ok(count)
        })
        .await
        .unwrap();
        // what wakes a refused PE: one annotation of ours
        let requeue = json!({ "metadata": { "annotations": { "outrigger.dev/wake": poke.to_string() } } });
        team.pods.patch("misfit", &PatchParams::default(), &Patch::Merge(requeue)).await.unwrap();
    }
    let events = team.failures("misfit").await.unwrap();
    let mut messages: BTreeSet<String> = events.into_iter().filter_map(|event| event.message).collect();
    messages.insert(team.rejected("misfit").await);
    assert_eq!(messages.len(), 1, "{messages:?}");
    let said = messages.pop_first().unwrap();
    // the rest is kube-scheduler's own, about preemption
    assert!(
        said.starts_with("0/5 nodes are available: 1 NodeHoldsIsolatedPe, 2 HostMismatch, 2 RestrictedTag. "),
        "{said}"
    );
}

/// How often kube-scheduler has said that there is no node for the misfit.
async fn attempts_at(team: &Team) -> anyhow::Result<i32> {
    let events = team.failures("misfit").await?;
    Ok(events.iter().map(|event| event.series.as_ref().and_then(|series| series.count).unwrap_or(1)).sum())
}
