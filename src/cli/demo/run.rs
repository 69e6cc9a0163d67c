//! The run of the demo: pods are created, then scheduled until no pod finds a node any more.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::admission::{AdmissionResult, Admitted, admit};
use super::api_server::{ApiServer, project};
use super::checks;
use super::client::Client;
use super::configuration::Configuration;
use super::manifests::Cluster;
use super::outcome::{DemoJob, DemoNode, DemoOutcome, DemoPe, Injection, Score, spec};
use super::progress::Progress;
use super::scheduler::{Cycle, End, Scheduler};
use super::servers::Addresses;
use crate::cli::CommandError;
use crate::cli::manifests::metadata_text;
use crate::model::{Node, Pe, Pod, PodPhase, keys};
use crate::store::Store;

/// The label that names the zone of a node.
const ZONE: &str = "topology.kubernetes.io/zone";
/// The time limit of a scrape.
const SCRAPE_LIMIT: Duration = Duration::from_secs(10);
/// Nodes whose scores the outcome keeps.
const SCORES_KEPT: usize = 3;

/// The participants of the demo.
pub(super) struct DemoCluster<'a> {
    pub(super) client: &'a Client,
    pub(super) api: &'a ApiServer,
    pub(super) store: &'a Arc<Store>,
    pub(super) configuration: &'a Configuration,
    pub(super) addresses: &'a Addresses,
    pub(super) cluster: &'a Cluster,
    pub(super) progress: &'a Progress,
}

/// A pod in the queue of kube-scheduler.
struct Entry {
    namespace: String,
    name: String,
    warnings: Vec<String>,
    cycles: usize,
    last: Cycle,
}

impl DemoCluster<'_> {
    /// Creates and schedules the pods and returns the outcome; `shown` names the pod whose injection is shown.
    pub(super) async fn run(&self, pods: &[Value], shown: Option<&str>) -> Result<DemoOutcome, CommandError> {
        let started = clock();
        let mut outcome = self.empty_outcome();
        let mut entries = self.create(pods, shown, &mut outcome).await?;
        self.schedule(&mut entries).await?;
        self.add_jobs(&entries, &mut outcome)?;
        outcome.seconds = started.elapsed().as_secs_f64();
        outcome.metrics = self.client.get(&self.addresses.metrics, SCRAPE_LIMIT).await?;
        outcome.requests = self.client.calls();
        let pods = self.api.pods();
        let pods = pods
            .iter()
            .map(|pod| project(pod).map_err(CommandError::failed))
            .collect::<Result<Vec<Pod>, CommandError>>()?;
        outcome.checks = self.check(&pods);
        outcome.nodes = self.node_outcomes(&pods, &outcome);
        Ok(outcome)
    }

    /// Creates every pod before the first is scheduled: a bucket includes PEs that wait.
    async fn create(
        &self,
        pods: &[Value],
        shown: Option<&str>,
        outcome: &mut DemoOutcome,
    ) -> Result<Vec<Entry>, CommandError> {
        let mut entries = Vec::new();
        let mut most = 0;
        for (number, pod) in pods.iter().enumerate() {
            let (namespace, name) = (metadata_text(pod, "namespace").to_owned(), metadata_text(pod, "name").to_owned());
            self.progress.say(&format!("creating pods   {:>3} of {}  {name}", number + 1, pods.len()));
            match admit(self.client, &self.addresses.admission, pod, number).await? {
                AdmissionResult::Denied(message) => {
                    outcome.denied.insert(format!("{namespace}/{name}"), message);
                }
                AdmissionResult::Admitted(admitted) => {
                    let Admitted { pod: after, operations, warnings } = *admitted;
                    let stored = self.api.create(after.clone()).map_err(CommandError::input)?;
                    self.deliver();
                    if self.is_ours(&stored) {
                        entries.push(Entry { namespace, name, warnings, cycles: 0, last: Cycle::default() });
                    } else {
                        outcome.not_ours.push(format!("{namespace}/{name}"));
                    }
                    let pod_name = format!("{}/{}", metadata_text(&after, "namespace"), metadata_text(&after, "name"));
                    // The pod that the user names, or else the first pod with the most changed fields.
                    let worth = match shown {
                        Some(asked) => usize::from(asked == pod_name || asked == metadata_text(&after, "name")),
                        None => changed_places(pod, &after),
                    };
                    if worth > most {
                        most = worth;
                        outcome.injection = Some(Injection { pod: pod_name, operations, before: pod.clone(), after });
                    }
                }
            }
        }
        // The queue of kube-scheduler: the highest priority first, then in the order of creation.
        entries.sort_by_key(|entry| std::cmp::Reverse(self.priority(entry)));
        Ok(entries)
    }

    /// Runs one scheduling cycle for each pod that waits, and repeats while any of them finds a node.
    async fn schedule(&self, entries: &mut [Entry]) -> Result<(), CommandError> {
        let scheduler = Scheduler {
            client: self.client,
            api: self.api,
            configuration: self.configuration,
            extender: &self.addresses.extender,
            nodes: &self.cluster.nodes,
        };
        let all = entries.len();
        loop {
            let mut moved = false;
            for (number, entry) in entries.iter_mut().enumerate() {
                if matches!(entry.last.end, End::Bound(_)) {
                    continue;
                }
                self.progress.say(&format!("placing PEs     {:>3} of {all}  {}", number + 1, entry.name));
                let Some(pod) = self.api.pod(&entry.namespace, &entry.name) else { continue };
                entry.last = tokio::select! {
                    cycle = scheduler.schedule(&pod) => cycle?,
                    never = self.watch() => match never {},
                };
                entry.cycles += 1;
                moved |= matches!(entry.last.end, End::Bound(_));
                self.deliver();
            }
            if !moved {
                return Ok(());
            }
        }
    }

    /// Delivers the writes of bind while bind runs, because bind waits until the watch shows them.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    async fn watch(&self) -> Infallible {
        loop {
            self.api.written().await;
            self.deliver();
        }
    }

    /// Delivers the events of the watch to the store.
    fn deliver(&self) {
        self.store.apply(self.api.changes());
    }

    /// True for a pod with the scheduler name of the profile that a policy governs.
    fn is_ours(&self, pod: &Value) -> bool {
        let scheduler = pod.pointer("/spec/schedulerName").and_then(Value::as_str);
        scheduler == Some(&self.configuration.scheduler_name) && self.pe(pod).is_some()
    }

    fn pe(&self, pod: &Value) -> Option<Pe> {
        let view = self.store.view();
        view.policies.pe(&Arc::new(project(pod).ok()?), view.snapshot.declared())
    }

    fn priority(&self, entry: &Entry) -> i64 {
        let pod = self.api.pod(&entry.namespace, &entry.name);
        pod.and_then(|pod| pod.pointer("/spec/priority").and_then(Value::as_i64)).unwrap_or(0)
    }

    fn add_jobs(&self, entries: &[Entry], outcome: &mut DemoOutcome) -> Result<(), CommandError> {
        for entry in entries {
            let pod = self.api.pod(&entry.namespace, &entry.name);
            let pod = pod.ok_or_else(|| CommandError::failed(format!("pod {} is gone", entry.name)))?;
            let Some(pe) = self.pe(&pod) else { continue };
            let pe_outcome = self.pe_outcome(entry, &pod, &pe);
            outcome.pes += 1;
            outcome.placed += usize::from(pe_outcome.node.is_some());
            let job = pe.job.to_string();
            match outcome.jobs.iter_mut().find(|known| known.job == job) {
                Some(known) => known.pes.push(pe_outcome),
                None => outcome.jobs.push(DemoJob {
                    job,
                    policy: pe.policy.to_string(),
                    scheme: pe.spec.as_ref().map_or("", |spec| spec.scheme.as_str()),
                    pes: vec![pe_outcome],
                }),
            }
        }
        Ok(())
    }

    fn pe_outcome(&self, entry: &Entry, pod: &Value, pe: &Pe) -> DemoPe {
        let cycle = &entry.last;
        let node = pod.pointer("/spec/nodeName").and_then(Value::as_str);
        let manifest = node.and_then(|name| self.cluster.nodes.iter().find(|(_, node)| node.name.as_str() == name));
        let zone = manifest.and_then(|(_, node)| node.labels.get(ZONE));
        let record = pod.get("metadata").and_then(|metadata| metadata.get("annotations"));
        let record = record.and_then(|annotations| annotations.get(keys::PLACEMENT)).and_then(Value::as_str);
        let scores = cycle.scores.iter().take(SCORES_KEPT);
        DemoPe {
            pe: pe.name.to_string(),
            pod: pe.pod.to_string(),
            node: node.map(str::to_owned),
            zone: zone.map(str::to_owned),
            spec: spec(pe),
            warnings: entry.warnings.clone(),
            cycles: entry.cycles,
            rejected_in_tree: cycle.rejected_in_tree.clone(),
            asked: cycle.asked,
            rejected: cycle.rejected.clone(),
            left: cycle.left,
            scores: scores.map(|(node, score)| Score { node: node.clone(), score: *score }).collect(),
            message: match &cycle.end {
                End::Unschedulable(message) | End::Failed(message) => Some(message.clone()),
                End::Bound(_) | End::Open => None,
            },
            record: record.and_then(|record| serde_json::from_str(record).ok()),
        }
    }

    fn check(&self, pods: &[Pod]) -> Vec<checks::Check> {
        let nodes: Vec<Node> = self.cluster.nodes.iter().map(|(_, node)| node.clone()).collect();
        checks::check(pods, &nodes, &self.cluster.pools, &self.store.view().policies)
    }

    fn node_outcomes(&self, pods: &[Pod], outcome: &DemoOutcome) -> Vec<DemoNode> {
        let own: BTreeSet<&str> = outcome.pes().map(|(_, pe)| pe.pod.as_str()).collect();
        let is_other = |pod: &&Pod| pod.phase != PodPhase::Finished && !own.contains(pod.key.to_string().as_str());
        let mut nodes: Vec<DemoNode> = Vec::new();
        for (_, node) in &self.cluster.nodes {
            let other = pods.iter().filter(|pod| pod.node.as_ref() == Some(&node.name)).filter(is_other);
            nodes.push(DemoNode {
                node: node.name.to_string(),
                zone: node.labels.get(ZONE).unwrap_or_default().to_owned(),
                schedulable: node.schedulable,
                other_pods: other.count(),
            });
        }
        nodes.sort_by(|left, right| left.node.cmp(&right.node));
        nodes
    }

    fn empty_outcome(&self) -> DemoOutcome {
        DemoOutcome {
            version: 1,
            nodes: Vec::new(),
            pes: 0,
            placed: 0,
            jobs: Vec::new(),
            not_ours: Vec::new(),
            denied: BTreeMap::new(),
            injection: None,
            checks: Vec::new(),
            servers: self.addresses.clone(),
            requests: BTreeMap::new(),
            metrics: String::new(),
            seconds: 0.0,
        }
    }
}

/// How many members of the metadata and of the spec differ between two pods.
fn changed_places(before: &Value, after: &Value) -> usize {
    ["metadata", "spec"]
        .into_iter()
        .map(|part| {
            let old = before.get(part);
            let new = after.get(part).and_then(Value::as_object).into_iter().flatten();
            new.filter(|(key, member)| old.and_then(|old| old.get(key)) != Some(member)).count()
        })
        .sum()
}

#[expect(clippy::disallowed_methods, reason = "how long it took is part of what is shown")]
fn clock() -> Instant {
    Instant::now()
}
