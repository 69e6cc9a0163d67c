//! Hostile tenants: whatever they write and whatever they connect to, PEs of other namespaces are placed in time, the memory
//! of the extender stays within its limit, and probes are answered.
//!
//! `OUTRIGGER_HOSTILE_SECONDS` sets how long they go on. From 120 s on, the watches of the extender freeze too.
//!
//! | file | concept |
//! |---|---|
//! | [`attacks`] | what the hostile tenants do |
//! | [`quiet`] | the PEs of another namespace, and how long each waits for its node |
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stderr, reason = "numbers, for whoever runs the tests")]

mod attacks;
mod quiet;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use outrigger::model::Resources;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use crate::cluster::installation::{Part, Release};
use crate::cluster::outrigger::Outrigger;
use crate::cluster::ports::free_address;
use crate::cluster::probe::Probe;
use crate::cluster::relay::Relay;
use crate::cluster::scheduler::Scheduler;
use crate::cluster::{FakeNode, Installation, InstallationSettings, kubeconfig};
use crate::installation::installed;
use quiet::Quiet;

const NODES: usize = 50;
/// How long 99 of 100 PEs of another namespace may wait for their node, and for the answer to their creation before.
const PLACED: Duration = Duration::from_secs(2);
/// How long a PE may wait whose extender sees nothing: a silent watch is given up after 40 s, and listed within 15 s.
const PLACED_BLIND: Duration = Duration::from_mins(1);
/// The kubelet asks as often, and waits as long for an answer.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// From this length on, the watches of the extender freeze.
const LONG: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_tenants_delay_nobody_else() {
    let length = length();
    let mut setting = Setting::start().await;
    let extender_id = setting.extender.process().id().unwrap();
    let Setting { installation, admission_line, extender_line, health, memory_limit, .. } = &setting;
    let cluster = &installation.cluster;
    let client = cluster.client().await.unwrap();
    let resized = attacks::prepare(&client).await.unwrap();

    let quiet = Quiet::watch(&client).await;
    let end = Instant::now() + length;
    let mut attackers = JoinSet::new();
    attackers.spawn(attacks::token_floods(client.clone(), end));
    attackers.spawn(attacks::annotation_storm(client.clone(), end));
    attackers.spawn(attacks::half_finished_resizes(client.clone(), resized, end));
    for target in setting.targets() {
        attackers.spawn(attacks::idle_connections(target, end));
    }
    let mut probes = JoinSet::new();
    probes.spawn(failed_probes(*health, end));
    let freezing = async {
        sleep_until(end - length * 2 / 3).await;
        admission_line.freeze();
        if length < LONG {
            return None;
        }
        extender_line.freeze();
        Some(Instant::now())
    };
    let (created, frozen) = tokio::join!(quiet.create_until(end), freezing);
    let waits = quiet.waits(created, frozen.map(|frozen| frozen..frozen + PLACED_BLIND)).await;
    let done = attackers.join_all().await;
    let (asked, failed) = probes.join_next().await.unwrap().unwrap();
    let peak = peak_memory(extender_id).unwrap();

    let [median, late, last] = [50, 99, 100].map(|percent| waits.seeing.percentile(percent));
    let created_late = waits.creations.percentile(99);
    let summary = format!(
        "{} PEs created within {created_late:.2?} (99 %), placed after {median:.2?}, 99 % {late:.2?}, all {last:.2?}; {} while blind, all {:.1?}; {} MiB of {} MiB; \
         {} of {asked} probes failed; attacks: {done:?}",
        waits.seeing.count(),
        waits.blind.count(),
        waits.blind.percentile(100),
        peak >> 20,
        memory_limit >> 20,
        failed.len(),
    );
    eprintln!("{summary}");
    if late.max(created_late) > PLACED || !failed.is_empty() {
        cluster.keep_logs();
    }
    assert!(late.max(created_late) <= PLACED, "PEs of others wait: {summary}");
    assert!(waits.blind.percentile(100) <= PLACED_BLIND, "PEs of others wait: {summary}");
    assert!(failed.is_empty(), "{failed:?}: {summary}");
    assert!(peak < *memory_limit, "{summary}");
    let seconds = usize::try_from(length.as_secs()).unwrap();
    assert!(asked > seconds && waits.seeing.count() + waits.blind.count() > seconds, "nothing was measured: {summary}");
    for attack in done {
        assert!(attack.count >= attack.least(length), "{attack:?} is no attack: {summary}");
    }
}

/// How long the hostile tenants go on.
#[expect(clippy::disallowed_methods, reason = "a setting of whoever runs the tests")]
fn length() -> Duration {
    let seconds = std::env::var("OUTRIGGER_HOSTILE_SECONDS").map_or(30, |text| text.parse().unwrap());
    Duration::from_secs(seconds)
}

/// Outrigger as `deploy/` has it, with lines to the API server that can be frozen. Fields are dropped in this order.
struct Setting {
    _scheduler: Scheduler,
    extender: Outrigger,
    admission: Outrigger,
    extender_line: Relay,
    admission_line: Relay,
    health: SocketAddr,
    memory_limit: u64,
    installation: Installation,
}

impl Setting {
    async fn start() -> Self {
        let none = |all: InstallationSettings| {
            [Part::Scheduler, Part::Extender, Part::Admission].into_iter().fold(all, InstallationSettings::without)
        };
        let installation = installed(none).await;
        let (cluster, release) = (&installation.cluster, &installation.release);
        let nodes: Vec<FakeNode> = (0..NODES).map(|number| FakeNode::new(format!("n{number}"))).collect();
        cluster.create_nodes(&nodes).await.unwrap();
        for namespace in [attacks::NAMESPACE, quiet::NAMESPACE] {
            cluster.create_namespace(namespace).await.unwrap();
        }
        let [extender_line, admission_line] =
            [Relay::start(cluster.api_address()).await.unwrap(), Relay::start(cluster.api_address()).await.unwrap()];
        let by = |line: &Relay, kubeconfig| kubeconfig::copy_for(line.address(), kubeconfig).unwrap();
        let health = free_address().unwrap();
        let settings = release.extender().unwrap().argument(&format!("--health-listen={health}"));
        let settings = settings.kubeconfig(&by(&extender_line, release.scheduler_kubeconfig()));
        let extender = cluster.start_outrigger("extender", settings).await.unwrap();
        let settings = release.admission().unwrap().kubeconfig(&by(&admission_line, release.webhook_kubeconfig()));
        let admission = cluster.start_outrigger("admission", settings).await.unwrap();
        // As deployed: tests shorten it otherwise.
        let back_off = json!({ "podMaxBackoffSeconds": 10 });
        let scheduler = release.scheduler("scheduler", &extender).unwrap().merge(&back_off);
        let scheduler = cluster.start_scheduler(scheduler).await.unwrap();
        installation.register(&admission).await.unwrap();
        let memory_limit = memory_limit(release).unwrap();
        Self {
            _scheduler: scheduler,
            extender,
            admission,
            extender_line,
            admission_line,
            health,
            memory_limit,
            installation,
        }
    }

    /// The listeners that hostile tenants connect to.
    fn targets(&self) -> [SocketAddr; 3] {
        [self.extender.metrics_address(), self.extender.address(), self.admission.address()]
    }
}

/// The memory limit of the extender in bytes.
fn memory_limit(release: &Release) -> Result<u64> {
    let deployment = release.find("Deployment", "outrigger-scheduler")?;
    let containers = deployment.pointer("/spec/template/spec/initContainers").and_then(Value::as_array);
    let mut containers = containers.into_iter().flatten();
    let extender = containers.find(|container| container["name"] == "outrigger").context("no extender")?;
    let limit = extender.pointer("/resources/limits/memory").and_then(Value::as_str).context("no memory limit")?;
    let mut resources = Resources::default();
    resources.set("memory", limit)?;
    Ok(resources.memory.0)
}

/// The largest memory in bytes that a process has had (`VmHWM`).
#[expect(clippy::disallowed_methods, reason = "reads what the kernel counts")]
fn peak_memory(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes << 10)
}

/// Asks as the kubelet does; returns how often, and what failed.
async fn failed_probes(health: SocketAddr, end: Instant) -> (usize, Vec<String>) {
    let (mut asked, mut failed) = (0, Vec::new());
    let mut times = interval(PROBE_EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < end {
        times.tick().await;
        for path in ["/livez", "/readyz"] {
            asked += 1;
            // The kubelet opens a connection for each probe.
            let answer = timeout(PROBE_TIMEOUT, async { Probe::http(health)?.check(path).await }).await;
            match answer {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failed.push(format!("{path}: {error:#}")),
                Err(_) => failed.push(format!("{path}: no answer within {PROBE_TIMEOUT:?}")),
            }
        }
    }
    (asked, failed)
}
