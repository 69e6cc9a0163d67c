//! Random pods on nodes, with resizes under way, and the decisions of kube-scheduler on pods that just fit, or just do not.
//!
//! Each node carries many pods and offers exactly what they request, as we add it up, and what one pod more requests. That
//! pod has to be placed; a pod that asks for one unit more of every resource has to lack every resource. So one sum that
//! is wrong by one unit, in either direction, changes a decision.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stderr, reason = "numbers, for whoever runs the tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use hyper::Request;
use kube::Client;
use outrigger::api::NodeObject;
use outrigger::extender::{SchedulingContext, decode_arguments, filter};
use outrigger::model::{Node, Pod, Pool, Reason, Resources, StreamJob};
use outrigger::policy::{PolicySet, Source};
use outrigger::state::{Cluster as ClusterState, Event, NodeState};
use serde_json::{Map, Value, json};

use super::random::Random;
use super::{PARALLEL, cases, patch, post, read};
use crate::cluster::wait::until;
use crate::cluster::{Cluster, SchedulerSettings};

const PODS_PER_NODE: usize = 20;
const RUNTIME_CLASSES: [&str; 3] = ["heavy-0", "heavy-1", "heavy-2"];
const RESOURCES: [&str; 5] = ["cpu", "memory", "ephemeral-storage", "example.com/gpu", "hugepages-2Mi"];
/// How long kube-scheduler may take for all decisions.
const DECIDED: Duration = Duration::from_mins(3);
const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn requests_of_pods_add_up_as_in_kube_scheduler() {
    let cluster = Cluster::start().await.unwrap();
    let client = cluster.client().await.unwrap();
    create_runtime_classes(&client).await;
    // Nobody else writes status: not for the nodes, and not for the pods.
    cluster.controller_manager().suspend().unwrap();
    cluster.kwok().suspend().unwrap();

    let count = cases(200).div_ceil(PODS_PER_NODE);
    in_parallel(0..count, async |node| create_node(&client, node).await).await;
    let created = in_parallel(0..count * PODS_PER_NODE, async |number| create_pod(&client, number).await).await;
    let written = created.iter().filter(|created| **created == Created::WithStatus).count();
    let bound = created.iter().filter(|created| **created != Created::Rejected).count();
    assert!(bound > count * PODS_PER_NODE / 2 && written > bound / 2, "{bound} pods, {written} with a status");

    let state = state(&client).await;
    let probes = in_parallel(0..count, async |node| Probe::prepare(&client, &state, node).await).await;
    let state = self::state(&client).await;
    let _scheduler = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await.unwrap();
    let mut wrong = Vec::new();
    for which in [Which::OneUnitMore, Which::Exact] {
        let create =
            async |number: usize| post(&client, PODS, &probes[number].pod(which)).await?.map_err(anyhow::Error::msg);
        let stored = in_parallel(0..count, create).await;
        let decisions = decisions(&client, &probes, which).await;
        for ((probe, pod), theirs) in probes.iter().zip(stored).zip(decisions) {
            let (ours, expected) = (fits(&state, pod, &probe.node), probe.expected(which));
            if theirs == expected && ours == theirs.is_empty() {
                continue;
            }
            let says = if ours { "fits" } else { "rejected" };
            let node = &probe.node;
            wrong.push(format!(
                "{node} {which:?}: kube-scheduler lacks {theirs:?}, should {expected:?}; filter: {says}"
            ));
        }
    }
    eprintln!("{bound} pods, {written} of them with a status, on {count} nodes; {} wrong decisions", wrong.len());
    if !wrong.is_empty() {
        cluster.keep_logs();
    }
    assert!(wrong.is_empty(), "{} of {} decisions differ:\n{}", wrong.len(), 2 * count, wrong.join("\n"));
}

async fn in_parallel<T>(numbers: std::ops::Range<usize>, act: impl AsyncFn(usize) -> Result<T>) -> Vec<T> {
    let act = &act;
    let all = futures::stream::iter(numbers).map(|number| async move { act(number).await });
    all.buffered(PARALLEL).try_collect().await.unwrap()
}

async fn create_runtime_classes(client: &Client) {
    for (seed, name) in RUNTIME_CLASSES.into_iter().enumerate() {
        let mut class = Random::new(seed).runtime_class(name);
        class["scheduling"] = Value::Null;
        class["overhead"] = json!({"podFixed": {"cpu": (["100m", "1500u", "1"])[seed], "memory": "12.3Mi"}});
        post(client, "/apis/node.k8s.io/v1/runtimeclasses", &class).await.unwrap().unwrap();
    }
    let pod = json!({
        "metadata": {"name": "probe"},
        "spec": {"runtimeClassName": RUNTIME_CLASSES[2], "containers": [{"name": "main", "image": "none"}]},
    });
    until("the API server knows the runtime classes", DECIDED, async || {
        post(client, &format!("{PODS}?dryRun=All"), &pod).await?.map_err(anyhow::Error::msg)
    })
    .await
    .unwrap();
}

fn node_name(number: usize) -> String {
    format!("n{number}")
}

async fn create_node(client: &Client, number: usize) -> Result<()> {
    let amounts = json!({
        "cpu": "100k", "memory": "100Ti", "pods": "500", "ephemeral-storage": "100Ti", "example.com/gpu": "100k",
        "hugepages-2Mi": "10Ti",
    });
    let node = json!({
        "metadata": {"name": node_name(number)},
        "status": {
            "capacity": amounts, "allocatable": amounts,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    });
    post(client, "/api/v1/nodes", &node).await?.map(drop).map_err(anyhow::Error::msg)
}

#[derive(Debug, PartialEq, Eq)]
enum Created {
    Rejected,
    WithoutStatus,
    WithStatus,
}

/// A random pod on the node that its number belongs to.
async fn create_pod(client: &Client, number: usize) -> Result<Created> {
    let mut random = Random::new(number);
    let name = format!("p{number}");
    let mut pod = random.pod(&name, "default", &RUNTIME_CLASSES);
    pod["spec"]["nodeName"] = json!(node_name(number / PODS_PER_NODE));
    let Ok(stored) = post(client, PODS, &pod).await? else { return Ok(Created::Rejected) };
    let status = json!({"status": status(&mut random, &stored["spec"])});
    match patch(client, &format!("{PODS}/{name}/status"), &status).await? {
        Ok(_) => Ok(Created::WithStatus),
        Err(problem) => {
            eprintln!("the status of {name} is rejected: {problem}");
            Ok(Created::WithoutStatus)
        }
    }
}

/// What a kubelet may report in the midst of resizes in any direction.
fn status(random: &mut Random, spec: &Value) -> Value {
    let phase = match random.below(20) {
        0 => "Succeeded",
        1 => "Failed",
        2..6 => "Pending",
        _ => "Running",
    };
    let mut status = json!({"phase": phase});
    let resize = match random.below(5) {
        0 => Some(("PodResizePending", "Infeasible")),
        1 => Some(("PodResizePending", "Deferred")),
        2 => Some(("PodResizeInProgress", "")),
        _ => None,
    };
    if let Some((kind, reason)) = resize {
        status["conditions"] = json!([{"type": kind, "status": "True", "reason": reason}]);
    }
    for (list, statuses) in [("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")] {
        let containers = spec[list].as_array().into_iter().flatten();
        let reported: Vec<Value> = containers.filter_map(|container| container_status(random, container)).collect();
        if !reported.is_empty() {
            status[statuses] = json!(reported);
        }
    }
    if spec["resources"].is_object() && random.chance(60) {
        let mut reported = json!({});
        report(random, &mut reported, true);
        json_patch::merge(&mut status, &reported);
    }
    status
}

fn container_status(random: &mut Random, container: &Value) -> Option<Value> {
    if random.chance(10) {
        return None;
    }
    let mut status = json!({
        "name": container["name"], "image": "none", "imageID": "", "ready": true, "restartCount": 0,
        "state": {"running": {}},
    });
    report(random, &mut status, false);
    Some(status)
}

/// `allocatedResources` and `resources`, each with some probability.
fn report(random: &mut Random, status: &mut Value, of_pod: bool) {
    let amounts = |random: &mut Random| {
        let mut resources = random.resources();
        for list in ["requests", "limits"] {
            if let Some(amounts) = resources[list].as_object_mut() {
                amounts.retain(|name, _| name == "cpu" || name == "memory" || !of_pod && name == "ephemeral-storage");
            }
        }
        resources
    };
    if random.chance(60) {
        status["allocatedResources"] = amounts(random)["requests"].take();
    }
    if random.chance(60) {
        status["resources"] = amounts(random);
    }
}

/// The cluster as the extender sees it.
async fn state(client: &Client) -> ClusterState {
    let list = async |path: &str| {
        let answer: Value = client.request(Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
        answer["items"].as_array().unwrap().clone()
    };
    let nodes = list("/api/v1/nodes").await.into_iter().map(|node| {
        let object: NodeObject = serde_json::from_value(node).unwrap();
        Node::try_from(&object).unwrap()
    });
    let nodes: Vec<Node> = nodes.collect();
    let pods: Vec<Pod> = list(PODS).await.iter().map(|pod| read(pod).unwrap()).collect();
    let mut state = ClusterState::new(policies());
    state.apply(Event::listed(nodes));
    state.apply(Event::listed::<Pool>(Vec::new()));
    state.apply(Event::listed::<StreamJob>(Vec::new()));
    state.apply(Event::listed(pods));
    state
}

fn policies() -> PolicySet {
    let text = include_str!("../../../policies/annotations.yaml").to_owned();
    PolicySet::parse(&[Source { file: "annotations.yaml".to_owned(), text }]).unwrap()
}

fn node_state<'s>(state: &'s ClusterState, name: &str) -> &'s NodeState {
    let snapshot = state.snapshot();
    snapshot.find(name).and_then(|index| snapshot.node(index)).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Exact,
    OneUnitMore,
}

/// What is tried on one node.
struct Probe {
    node: String,
    /// A random pod with a request of each resource.
    spec: Value,
    /// What it requests, and what the node has left.
    requests: Resources,
    /// Every tenth node has no place for a pod more.
    is_full: bool,
}

impl Probe {
    /// Leaves on the node exactly what a random pod requests.
    async fn prepare(client: &Client, state: &ClusterState, number: usize) -> Result<Self> {
        let node = node_name(number);
        let (spec, requests) = Self::some_pod(client, number).await?;
        let used = node_state(state, &node);
        let mut allocatable = used.requested.clone();
        allocatable.add(&requests);
        let is_full = number % 10 == 9;
        let mut amounts = quantities(&allocatable, 0);
        amounts.insert("pods".to_owned(), json!((used.pods + u64::from(!is_full)).to_string()));
        let change = json!({"status": {"allocatable": amounts}});
        let changed = patch(client, &format!("/api/v1/nodes/{node}/status"), &change).await?;
        changed.map_err(anyhow::Error::msg)?;
        Ok(Self { node, spec, requests, is_full })
    }

    async fn some_pod(client: &Client, number: usize) -> Result<(Value, Resources)> {
        for seed in 0..100 {
            let mut random = Random::new(5_000_000 + number * 100 + seed);
            let mut pod = random.pod("probe", "default", &RUNTIME_CLASSES);
            let one = json!({"cpu": "1m", "memory": "1", "ephemeral-storage": "1", "example.com/gpu": "1", "hugepages-2Mi": "2Mi"});
            let one = json!({"name": "one", "image": "none", "resources": {"requests": one, "limits": one}});
            pod["spec"]["containers"].as_array_mut().unwrap().push(one);
            if let Ok(stored) = post(client, &format!("{PODS}?dryRun=All"), &pod).await? {
                let requests = read(&stored).map_err(anyhow::Error::msg)?.resources.requests.clone();
                return Ok((pod["spec"].take(), requests));
            }
        }
        anyhow::bail!("no random pod is accepted")
    }

    fn name(&self, which: Which) -> String {
        format!("{}-{}", self.node, if which == Which::Exact { "exact" } else { "more" })
    }

    fn pod(&self, which: Which) -> Value {
        let mut spec = match which {
            Which::Exact => self.spec.clone(),
            Which::OneUnitMore => {
                let more = quantities(&self.requests, 1);
                json!({"containers": [{"name": "main", "image": "none", "resources": {"requests": more, "limits": more}}]})
            }
        };
        spec["tolerations"] = json!([{"operator": "Exists"}]);
        let own_node = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [self.node]}]});
        spec["affinity"] = json!({
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [own_node]}},
        });
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": self.name(which), "namespace": "default"}, "spec": spec})
    }

    /// What the node lacks for the pod.
    fn expected(&self, which: Which) -> BTreeSet<String> {
        let lacking = RESOURCES.into_iter().filter(|_| which == Which::OneUnitMore);
        lacking.chain(self.is_full.then_some("pods")).map(str::to_owned).collect()
    }
}

/// Amounts as a manifest states them, each with some of its smallest units more.
fn quantities(resources: &Resources, more: u64) -> Map<String, Value> {
    let quantity = |name: &str| match name {
        "cpu" => json!(format!("{}m", resources.get(name) + more)),
        "hugepages-2Mi" => json!((resources.get(name) + (more << 21)).to_string()),
        _ => json!((resources.get(name) + more).to_string()),
    };
    RESOURCES.into_iter().map(|name| (name.to_owned(), quantity(name))).collect()
}

/// What the node of each pod lacks, as kube-scheduler says; nothing where the pod has its node.
async fn decisions(client: &Client, probes: &[Probe], which: Which) -> Vec<BTreeSet<String>> {
    let decided = until("kube-scheduler has decided on all pods", DECIDED, async || {
        let answer: Value = client.request(Request::get(PODS).body(Vec::new())?).await?;
        let pods = answer["items"].as_array().context("no list")?;
        let by_name: std::collections::BTreeMap<&str, &Value> =
            pods.iter().filter_map(|pod| Some((pod["metadata"]["name"].as_str()?, pod))).collect();
        let decisions = probes.iter().map(|probe| {
            let pod = by_name.get(&*probe.name(which)).context("a pod is missing")?;
            decision(pod).with_context(|| format!("{} waits", probe.name(which)))
        });
        decisions.collect::<Result<Vec<BTreeSet<String>>>>()
    });
    decided.await.unwrap()
}

fn decision(pod: &Value) -> Result<BTreeSet<String>> {
    if pod["spec"]["nodeName"].is_string() {
        return Ok(BTreeSet::new());
    }
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let message = conditions
        .filter(|condition| condition["reason"] == "Unschedulable")
        .find_map(|condition| condition["message"].as_str());
    let message = message.context("no decision")?;
    let parts =
        message.split([',', ':']).flat_map(|part| part.split(". ")).map(|part| part.trim().trim_end_matches('.'));
    let lacking = parts.filter_map(|part| {
        let what = part.split_once(' ')?.1;
        if what == "Too many pods" {
            Some("pods".to_owned())
        } else {
            what.strip_prefix("Insufficient ").map(str::to_owned)
        }
    });
    let lacking: BTreeSet<String> = lacking.collect();
    ensure!(!lacking.is_empty(), "kube-scheduler says something else: {message}");
    Ok(lacking)
}

/// True where filter lets a pod go to a node, if the pod is a PE.
fn fits(state: &ClusterState, mut pod: Value, node: &str) -> bool {
    pod["metadata"]["labels"] = json!({"outrigger.dev/job": "probe"});
    let body = serde_json::to_vec(&json!({"Pod": pod, "NodeNames": [node]})).unwrap();
    let arguments = decode_arguments(&body).unwrap();
    let context =
        SchedulingContext { filter_decides: false, ..SchedulingContext::new(state.snapshot(), state.policies()) };
    let filtered = filter(&arguments, context);
    let rejected: Vec<Reason> = filtered.attempt.rejected.keys().copied().collect();
    assert!(filtered.pe.is_some() && filtered.error.is_none(), "{filtered:?}");
    assert!(rejected.is_empty() || rejected == [Reason::InsufficientResources], "{rejected:?}");
    !filtered.passed.is_empty()
}
