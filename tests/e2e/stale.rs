//! An extender that sees nothing promises nothing.

use anyhow::{Context as _, ensure};

use crate::cluster::installation::Part;
use crate::cluster::ports::free_address;
use crate::cluster::relay::Relay;
use crate::cluster::wait::until;
use crate::cluster::{FakeNode, kubeconfig};
use crate::installation::installed;
use crate::placement::pe::{DECIDED, Pe, Team, node};

#[tokio::test]
async fn no_pe_is_placed_while_the_watches_fail_and_all_are_once_they_go_on() {
    let installation = installed(|all| all.without(Part::Scheduler).without(Part::Extender)).await;
    let (cluster, release) = (&installation.cluster, &installation.release);
    cluster.create_nodes(&["n1", "n2"].map(FakeNode::new)).await.unwrap();
    let team = Team::new(cluster, "blind").await;

    // Only the extender loses sight: kube-scheduler and admission have ways of their own.
    let line = Relay::start(cluster.api_address()).await.unwrap();
    let kubeconfig = kubeconfig::copy_for(line.address(), release.scheduler_kubeconfig()).unwrap();
    let settings = release.extender().unwrap().kubeconfig(&kubeconfig).argument("--stale-after=1");
    let extender = cluster.start_outrigger("extender", settings).await.unwrap();
    let scheduler = release.scheduler("scheduler", &extender).unwrap();
    let _scheduler = cluster.start_scheduler(scheduler).await.unwrap();
    team.place(Pe::new("job", "before")).await;

    line.switch(free_address().unwrap());
    until("the view is older than it may be", DECIDED, async || {
        let metrics = extender.metrics().await?;
        let age = metrics.lines().find_map(|line| line.strip_prefix("outrigger_snapshot_age_seconds "));
        let age: f64 = age.context("no age")?.parse()?;
        ensure!(age > 1.0, "it is {age} s old");
        Ok(())
    })
    .await
    .unwrap();
    team.create(Pe::new("job", "during")).await;
    let said = until("kube-scheduler has been told", DECIDED, async || {
        let events = team.failures("during").await?;
        events.into_iter().find_map(|event| event.message).context("no event yet")
    })
    .await
    .unwrap();
    assert!(said.contains("StaleState: ") && said.contains(" have not been seen for more than 1 s"), "{said}");
    assert_eq!(node(&team.pods.get("during").await.unwrap()), None);

    line.switch(cluster.api_address());
    team.node_of("during").await;
}
