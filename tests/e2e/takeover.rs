//! Takeover (D17): the extender is killed in mid-bind, again and again, while what it has sent is still on its way.
//!
//! `OUTRIGGER_E2E_KILLS` is the number of kills (25), `OUTRIGGER_E2E_SEED` the seed of what is random (printed).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stderr, reason = "the seed and what was hit, for whoever runs the tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::cluster::installation::Part;
use crate::cluster::outrigger::Outrigger;
use crate::cluster::relay::Relay;
use crate::cluster::wait::until;
use crate::cluster::{Cluster, FakeNode, kubeconfig};
use crate::installation::installed;
use crate::noise::Noise;
use crate::placement::history::exlocated;
use crate::placement::pe::{DECIDED, Pe, Team, node, nodes_of, wish};

/// How many kills come in one round: then all PEs have to be bound, and go.
const KILLS_IN_A_ROUND: usize = 5;
/// Nodes of the exlocated PEs and the buckets.
const NODES: usize = 8;
/// Exlocated PEs of a job.
const EXLOCATED: usize = 6;
/// CPUs of a node, and millicores of a PE.
const CPUS: usize = 8;
const MILLICORES: usize = 500;
/// How long what the old process sends may be on its way: longer than a new one needs to be asked about the same PEs.
const LATE: usize = 3_000_000;
/// How long a moment may be waited for that may never come: all PEs may be waiting for another attempt.
const PATIENCE: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extender_killed_in_mid_bind_never_double_books_and_every_pod_is_bound_in_the_end() {
    let kills = setting("OUTRIGGER_E2E_KILLS", 25);
    let seed = setting("OUTRIGGER_E2E_SEED", std::process::id().into());
    eprintln!("{kills} kills with OUTRIGGER_E2E_SEED={seed}");
    let mut installation = installed(|all| all.without(Part::Scheduler).without(Part::Extender)).await;
    let cluster = &installation.cluster;
    cluster.create_nodes(&nodes()).await.unwrap();
    let team = Team::new(cluster, "takeover").await;
    team.pool(cluster, "own", &json!({ "tags": ["own"], "size": 1, "mode": "Exclusive" })).await;

    // kube-scheduler asks whoever places; what that one writes may be long on its way
    let line = Relay::start(cluster.api_address()).await.unwrap();
    let release = &installation.release;
    let kubeconfig = kubeconfig::copy_for(line.address(), release.scheduler_kubeconfig()).unwrap();
    let extender =
        async |name| cluster.start_outrigger(name, release.extender().unwrap().kubeconfig(&kubeconfig)).await.unwrap();
    let placing = extender("extender-1").await;
    let standby = extender("extender-2").await;
    let front = Relay::start(placing.address()).await.unwrap();
    let scheduler = release.scheduler("scheduler", &placing).unwrap();
    let scheduler = scheduler.extender_at(&format!("http://{}/extender", front.address())).unwrap();
    installation.scheduler = Some(cluster.start_scheduler(scheduler).await.unwrap());

    let noise = Noise::new(seed);
    let mut scene = Scene { front, line, placing, standby, team, noise, in_mid_bind: 0 };
    let mut unanswered = 0;
    let all: Vec<u64> = (1..=kills).collect();
    for round in all.chunks(KILLS_IN_A_ROUND) {
        for kill in round {
            scene.take_over(&format!("job-{kill}")).await;
        }
        let pods = scene.all_bound().await;
        let answered = answered(&installation.cluster).unwrap();
        unanswered += pods.iter().filter(|pod| !answered.contains(&pod.name_any())).count();
        scene.clear().await;
    }
    let in_mid_bind = scene.in_mid_bind;
    eprintln!("{kills} kills, {in_mid_bind} in mid-bind; {unanswered} Bindings landed without an answer");
    assert!(in_mid_bind * 2 > kills, "{in_mid_bind} kills have hit a bind: nothing is proven");
}

/// Who takes part.
struct Scene {
    /// Between kube-scheduler and the extender.
    front: Relay,
    /// Between the extenders and the API server.
    line: Relay,
    /// The extender that is asked.
    placing: Outrigger,
    /// The one that is asked next, or the one that has been killed.
    standby: Outrigger,
    team: Team,
    noise: Noise,
    /// Kills while a bind was not answered.
    in_mid_bind: u64,
}

impl Scene {
    /// Creates the PEs of some jobs, kills the extender while they are placed, and has another one go on.
    async fn take_over(&mut self, job: &str) {
        let way = self.noise.below(3);
        if way > 0 {
            self.standby.restart().await.unwrap();
        }
        let [first, before, after] = pes(job);
        if self.noise.below(3) > 0 {
            // with a mark of its own on a pod, the extender binds later ones at once
            timeout(DECIDED, join_all(first.into_iter().map(|pe| self.team.place(pe)))).await.unwrap();
        } else {
            self.create(first).await;
        }
        let mut noise = Noise::new(self.random(usize::MAX));
        self.line.delay(Some(Box::new(move || {
            let limit = 1 + noise.below(LATE);
            Duration::from_micros(u64::try_from(noise.below(limit)).unwrap())
        })));
        self.create(before).await;

        let mut binds = self.front.binds();
        let in_flight = self.noise.below(5);
        drop(timeout(PATIENCE, binds.wait_for(|binds| *binds >= in_flight)).await);
        // no waiting for a condition: the moment itself is what is random
        sleep(Duration::from_micros(self.random(60_000))).await;
        self.in_mid_bind += u64::from(*binds.borrow_and_update() > 0);
        match way {
            // killed, and started again at the same address
            0 => {
                self.placing.process().kill();
                self.line.delay(None);
                self.create(after).await;
                self.placing.restart().await.unwrap();
            }
            // killed, and another one is there
            1 => {
                self.placing.process().kill();
                self.line.delay(None);
                self.front.switch(self.standby.address());
                self.create(after).await;
                std::mem::swap(&mut self.placing, &mut self.standby);
            }
            // another one is asked while this one lives on
            _ => {
                self.front.switch(self.standby.address());
                self.line.delay(None);
                let life = Duration::from_micros(self.random(300_000));
                tokio::join!(self.create(after), sleep(life));
                self.placing.process().kill();
                std::mem::swap(&mut self.placing, &mut self.standby);
            }
        }
    }

    async fn create(&self, pes: Vec<Pe>) {
        join_all(pes.into_iter().map(|pe| self.team.create(pe))).await;
    }

    /// Waits until every pod has a node, and returns them; no rule is broken on the way there.
    async fn all_bound(&self) -> Vec<Pod> {
        let pods = &self.team.pods;
        let bound = until("all PEs are bound", DECIDED, async || {
            let (bound, waiting): (Vec<Pod>, Vec<Pod>) =
                pods.list(&ListParams::default()).await?.items.into_iter().partition(|pod| node(pod).is_some());
            // a rule that is broken stays so, and keeps others waiting
            let held = rules_hold(&bound);
            let waiting: Vec<String> = waiting.iter().map(Pod::name_any).collect();
            ensure!(held.is_err() || waiting.is_empty(), "{waiting:?} wait");
            Ok(held.map(|()| bound))
        });
        bound.await.and_then(|bound| bound).unwrap()
    }

    /// Deletes every pod.
    async fn clear(&self) {
        let pods = &self.team.pods;
        pods.delete_collection(&DeleteParams::default().grace_period(0), &ListParams::default()).await.unwrap();
        let gone = until("all pods are gone", DECIDED, async || {
            let left = pods.list(&ListParams::default()).await?.items.len();
            ensure!(left == 0, "{left} are left");
            Ok(())
        });
        gone.await.unwrap();
    }

    fn random(&mut self, limit: usize) -> u64 {
        u64::try_from(self.noise.below(limit)).unwrap()
    }
}

/// What is placed around one kill: the first PE, those before, and those after it.
fn pes(job: &str) -> [Vec<Pe>; 3] {
    let pe = |job: &str, name: String| Pe::new(job, &name).cpu(&format!("{MILLICORES}m"));
    let apart = |number: usize| {
        pe(job, format!("{job}-apart-{number}")).wish("host-tags", "takeover").wish("exlocation", "apart")
    };
    let together = |number: usize| {
        pe(job, format!("{job}-together-{number}")).wish("host-tags", "takeover").wish("colocation", "together")
    };
    let own = |owner: &str, number: usize| {
        let owner = format!("{job}-{owner}");
        pe(&owner, format!("{owner}-{number}")).wish("host-pool", "own")
    };
    let mut before: Vec<Pe> = (1..EXLOCATED - 2).map(apart).collect();
    before.extend([together(0), together(1), own("x", 0)]);
    let mut after: Vec<Pe> = (EXLOCATED - 2..EXLOCATED).map(apart).collect();
    after.extend([together(2), own("y", 0), own("x", 1)]);
    [vec![apart(0)], before, after]
}

fn nodes() -> Vec<FakeNode> {
    let named = |tag: &str, number: usize| {
        let names: Vec<String> = (1..=number).map(|number| format!("{tag}-{number}")).collect();
        nodes_of(tag, &names.iter().map(String::as_str).collect::<Vec<&str>>())
    };
    let nodes = [named("takeover", NODES), named("own", 2 * KILLS_IN_A_ROUND)].concat();
    nodes.into_iter().map(|node| node.resource("cpu", &CPUS.to_string())).collect()
}

/// Every rule that the PEs of a round have asked for, and the record of each.
fn rules_hold(pods: &[Pod]) -> Result<()> {
    let mut by_node: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    let mut homes: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for pod in pods {
        let name = pod.name_any();
        let node = node(pod).context("it has no node")?;
        let record = wish(pod, "placement").with_context(|| format!("{name} has no record"))?;
        let record: Value = serde_json::from_str(record)?;
        ensure!(record["node"] == node, "{name} is on {node}: {record}");
        by_node.entry(node).or_default().push(pod);
        for shared in ["colocation", "host-pool"].into_iter().filter(|key| wish(pod, key).is_some()) {
            homes.entry((job(pod), shared)).or_default().insert(node);
        }
    }
    for (who, nodes) in homes {
        ensure!(nodes.len() == 1, "{who:?} is spread over {nodes:?}");
    }
    for (node, pods) in by_node {
        ensure!(pods.len() * MILLICORES <= CPUS * 1_000, "{} PEs are too many for {node}", pods.len());
        for (place, one) in pods.iter().enumerate() {
            for other in &pods[..place] {
                let names = [one.name_any(), other.name_any()];
                ensure!(!exlocated(one, other), "{names:?} share {node}");
                let foreign = wish(one, "host-pool").is_some() && job(one) != job(other);
                ensure!(!foreign, "{names:?} share {node} of an exclusive pool");
            }
        }
    }
    Ok(())
}

fn job(pod: &Pod) -> &str {
    pod.labels().get("outrigger.dev/job").map(String::as_str).unwrap_or_default()
}

/// The pods that an extender has heard to be bound, by its log.
#[expect(clippy::disallowed_methods, reason = "reads what the program under test has logged")]
fn answered(cluster: &Cluster) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for process in ["extender-1", "extender-2"] {
        let log = std::fs::read_to_string(cluster.folder().join(format!("{process}.log")))?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let bound = lines.filter(|line| line["fields"]["message"] == "bound");
        names.extend(bound.filter_map(|line| Some(line["fields"]["pod"].as_str()?.split_once('/')?.1.to_owned())));
    }
    Ok(names)
}

/// A number that whoever runs the tests may set.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var_os(name).map_or(default, |value| value.to_str().unwrap().parse().unwrap())
}
