//! A cluster of any size, the same at every run: nodes of 16 cores, ten PEs on each, every second node in the pool.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use outrigger::api::{NodeObject, PodObject};
use outrigger::model::{
    DemandForecasts, DemandKey, DemandPath, DemandShare, JobDemand, Labels, MOST_HORIZON_STEPS, Namespace, Node,
    NodeName, ObjectId, OfResources, Pod, Pool, PoolMembers, PoolMode, StreamJob, Tag,
};
use outrigger::policy::{PolicySet, Source};
use outrigger::state::{Cluster, Event};
use serde_json::{Value, json};

const GIB: f32 = 1_024.0 * 1_024.0 * 1_024.0;
/// PEs that run on each node.
pub(crate) const PES_PER_NODE: usize = 10;
/// PEs of one job: every job is spread over so many nodes.
const PES_PER_JOB: usize = 20;

/// The policies that are shipped.
pub(crate) fn policies() -> PolicySet {
    let text = include_str!("../../policies/annotations.yaml");
    PolicySet::parse(&[Source { file: "annotations.yaml".to_owned(), text: text.to_owned() }]).unwrap()
}

/// So many nodes with their PEs, all listed, and four PEs that wait.
pub(crate) fn cluster(nodes: usize) -> Cluster {
    waiting(nodes, group("waiting", 4))
}

/// So many nodes with their PEs, all listed, and these pods that wait.
pub(crate) fn waiting(nodes: usize, pods: Vec<Value>) -> Cluster {
    let mut cluster = Cluster::new(policies());
    for event in listed(nodes, pods) {
        cluster.apply(event);
    }
    assert!(cluster.snapshot().is_complete());
    cluster
}

/// The lists from which such a cluster comes.
pub(crate) fn listed(nodes: usize, pods: Vec<Value>) -> [Event; 4] {
    let waiting = pods.into_iter().map(|pod| read(&pod));
    let pods = (0..nodes * PES_PER_NODE).map(|number| running(number, nodes)).chain(waiting).collect();
    [
        Event::listed(vec![pool()]),
        Event::listed::<StreamJob>(Vec::new()),
        Event::listed::<Node>((0..nodes).map(node).collect()),
        Event::listed(pods),
    ]
}

/// So many nodes, and PEs that run on them, each in an event of its own.
pub(crate) fn one_by_one(nodes: usize, pes: usize) -> impl Iterator<Item = Event> {
    let pes = (0..pes).map(move |number| Event::put(running(number, nodes)));
    (0..nodes).map(|number| Event::put(node(number))).chain(pes)
}

/// The shared pool of every second node.
pub(crate) fn pool() -> Pool {
    let id = ObjectId { namespace: Namespace::from("streams"), name: "fast".into() };
    Pool { id, members: PoolMembers::Tagged([Tag::from("ssd")].into()), mode: PoolMode::Shared }
}

/// The question of filter and prioritize about one PE of the group, over all nodes.
pub(crate) fn question(nodes: usize) -> Vec<u8> {
    question_about(group("waiting", 4).first().unwrap(), nodes)
}

/// The question about this pod.
pub(crate) fn question_about(pod: &Value, nodes: usize) -> Vec<u8> {
    let names: Vec<String> = (0..nodes).map(name).collect();
    json!({"Pod": pod, "Nodes": null, "NodeNames": names}).to_string().into_bytes()
}

/// Another event: a PE that runs got a new label.
pub(crate) fn change(nodes: usize) -> Event {
    let number = nodes * PES_PER_NODE / 2;
    Event::put(running(number, nodes))
}

/// Two versions of the `StreamJob` of the job that [`change`] is about: each declares something else than the other.
pub(crate) fn stream_job_versions(nodes: usize) -> [Event; 2] {
    let job = running(nodes * PES_PER_NODE / 2, nodes).labels.get("outrigger.dev/job").unwrap().to_owned();
    [false, true].map(|override_load_protection| {
        Event::put(StreamJob {
            id: ObjectId::new(&Namespace::from("streams"), &job),
            version: None,
            pes: BTreeMap::new(),
            others: Labels::default(),
            override_load_protection,
            last_places: Vec::new(),
        })
    })
}

/// PEs of one job that wait, in fours: in the pool, two of them on one node, all but that pair on different nodes.
pub(crate) fn group(job: &str, pes: usize) -> Vec<Value> {
    (0..pes)
        .map(|number| {
            let pool = Some(("outrigger.dev/host-pool", "fast".to_owned()));
            let pair = (number % 4 < 2).then(|| ("outrigger.dev/colocation", format!("pair-{}", number / 4)));
            let apart = (number % 4 != 1).then(|| ("outrigger.dev/exlocation", format!("apart-{}", number / 4)));
            let rules: BTreeMap<&str, String> = pool.into_iter().chain(pair).chain(apart).collect();
            let labels = json!({"outrigger.dev/job": job, "outrigger.dev/pe": number.to_string()});
            pod(&format!("{job}-{number}"), &labels, &json!(rules), None)
        })
        .collect()
}

/// PEs that wait, each a job of its own, in the pool.
pub(crate) fn singles(pes: usize) -> Vec<Value> {
    (0..pes).flat_map(|number| group(&format!("single-{number}"), 2).into_iter().skip(1)).collect()
}

/// PEs of one job that wait, no two of which may share a node.
pub(crate) fn apart(pes: usize) -> Vec<Value> {
    pending(pes, &json!({"outrigger.dev/exlocation": "apart"}))
}

/// The same as a gang: all are placed or none.
pub(crate) fn gang(pes: usize) -> Vec<Value> {
    pending(pes, &json!({"outrigger.dev/exlocation": "apart", "outrigger.dev/gang": pes.to_string()}))
}

/// A PE that shares its node with no other PE of its namespace.
pub(crate) fn isolated() -> Vec<Value> {
    pending(1, &json!({"outrigger.dev/isolated": "true"}))
}

/// What every job and node of the cluster is expected to use. The PE of [`question`] is of a job with a forecast. A fifth of the
/// nodes come near to what they can give at one step.
pub(crate) fn forecasts(nodes: usize) -> DemandForecasts {
    let path = |mean: [f32; MOST_HORIZON_STEPS]| DemandPath { mean, deviation: mean.map(|mean| mean * 0.15) };
    let flat = |mean: f32| [mean; MOST_HORIZON_STEPS];
    let share = Some(DemandShare { of_job: 0.05, own_deviation: 0.2, peak: 0.0 });
    let demand = |cpu: [f32; MOST_HORIZON_STEPS]| {
        let total = OfResources { cpu: Some(path(cpu)), memory: Some(path(flat(20.0 * GIB))) };
        let interchangeable = OfResources { cpu: share, memory: share };
        Arc::new(JobDemand { total, interchangeable, ..JobDemand::default() })
    };
    let key = |job: String| DemandKey { namespace: Namespace::from("streams"), job: job.into() };
    let of_job = |number: usize| {
        let mut cpu = flat(10_000.0);
        if number.is_multiple_of(5) {
            cpu[number % MOST_HORIZON_STEPS] = 26_000.0;
        }
        (key(format!("job-{number}")), demand(cpu))
    };
    let jobs = (0..(nodes * PES_PER_NODE).div_ceil(PES_PER_JOB)).map(of_job);
    let waiting = (key("waiting".to_owned()), demand(flat(12_000.0)));
    let other = OfResources { cpu: Some(path(flat(500.0))), memory: Some(path(flat(GIB))) };
    DemandForecasts {
        step: SignedDuration::from_mins(5),
        steps: MOST_HORIZON_STEPS,
        jobs: jobs.chain([waiting]).collect(),
        others: (0..nodes).map(|number| (NodeName::from(&name(number)), other)).collect(),
        ..DemandForecasts::default()
    }
}

fn pending(pes: usize, annotations: &Value) -> Vec<Value> {
    (0..pes)
        .map(|number| {
            let labels = json!({"outrigger.dev/job": "waiting", "outrigger.dev/pe": number.to_string()});
            pod(&format!("waiting-{number}"), &labels, annotations, None)
        })
        .collect()
}

fn running(number: usize, nodes: usize) -> Pod {
    let job =
        json!({"outrigger.dev/job": format!("job-{}", number / PES_PER_JOB), "outrigger.dev/pe": number.to_string()});
    read(&pod(&format!("pe-{number}"), &job, &json!({}), Some(&name(number % nodes))))
}

fn pod(name: &str, labels: &Value, annotations: &Value, node: Option<&str>) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "streams", "uid": format!("uid-{name}"), "resourceVersion": "1",
            "labels": labels, "annotations": annotations, "creationTimestamp": Timestamp::UNIX_EPOCH,
        },
        "spec": {
            "nodeName": node,
            "containers": [{"name": "pe", "image": "pe:1", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}],
        },
        "status": {"phase": if node.is_some() { "Running" } else { "Pending" }},
    })
}

fn node(number: usize) -> Node {
    let tag = if number.is_multiple_of(2) { "tag.outrigger.dev/ssd" } else { "tag.outrigger.dev/hdd" };
    let object: NodeObject = serde_json::from_value(json!({
        "metadata": {"name": name(number), "labels": {
            tag: "", "kubernetes.io/hostname": name(number), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": format!("zone-{}", number % 3),
        }},
        "status": {
            "allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"},
            "addresses": [{"type": "InternalIP", "address": format!("10.0.{}.{}", number / 256, number % 256)}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }))
    .unwrap();
    Node::try_from(&object).unwrap()
}

fn name(number: usize) -> String {
    format!("worker-{number:05}.cluster.internal")
}

fn read(pod: &Value) -> Pod {
    let object: PodObject = serde_json::from_value(pod.clone()).unwrap();
    Pod::try_from(&object).unwrap()
}
