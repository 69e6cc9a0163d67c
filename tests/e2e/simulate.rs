//! `outrigger simulate` and kube-scheduler with the extender say the same of one cluster.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]
#![expect(clippy::disallowed_methods, reason = "files of a user")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::cluster::installation::Part;
use crate::cluster::{Cluster, FakeNode};
use crate::installation::installed;
use crate::placement::pe::{Pe, Team, wish};

/// Four with the tag `ssd`; one that is closed; two that take no PE; of three sizes and in two zones.
async fn nodes(cluster: &Cluster) {
    let node = |name: &str, cpu: &str| {
        let zone = name.get(..1).unwrap();
        FakeNode::new(name).resource("cpu", cpu).label("topology.kubernetes.io/zone", zone)
    };
    let with_ssd = |node: FakeNode| node.label("tag.outrigger.dev/ssd", "");
    let closed = |node: FakeNode| node.label("tag.outrigger.dev/gpu", "").label("restrict.outrigger.dev/gpu", "");
    let nodes = [
        with_ssd(node("a1", "8")),
        with_ssd(node("a2", "8")),
        with_ssd(node("a3", "4")),
        node("a4", "8"),
        node("a5", "4"),
        node("a6", "8"),
        with_ssd(node("b1", "16")),
        node("b2", "16"),
        node("b3", "4"),
        node("b4", "4"),
        closed(node("b5", "8")),
        node("b6", "16"),
        node("b7", "8").taint("kept", "", "NoSchedule"),
    ];
    cluster.create_nodes(&nodes).await.unwrap();
    cluster.kubectl().run(&["cordon", "b6"]).await.unwrap();
}

/// What is there before: priority classes, pools, a job that declares its PEs, and pods of others, which have a node.
async fn objects(cluster: &Cluster) {
    let class = |place: usize| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": format!("place-{place}")},
            "value": 1_000 - place, "preemptionPolicy": "Never",
        })
    };
    let ours = |kind: &str, name: &str, spec: Value| {
        let metadata = json!({"name": name, "namespace": "agree"});
        json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    };
    let of_others = |name: &str, node: &str, cpu: &str| {
        let container = json!({"name": "main", "image": "none", "resources": {"requests": {"cpu": cpu}}});
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "kube-system"},
            "spec": {"nodeName": node, "containers": [container]},
        })
    };
    let mut items: Vec<Value> = (0..workload().len()).map(class).collect();
    items.extend([
        ours("HostPool", "sized", json!({"tags": ["ssd"], "size": 2})),
        ours("HostPool", "own", json!({"hosts": ["b3", "b4"], "size": 1, "mode": "Exclusive"})),
        ours(
            "StreamJob",
            "declared",
            json!({
                "pes": [
                    {"name": "split", "colocation": ["window"]},
                    {"name": "window", "colocation": ["window"]},
                    {"name": "sink", "exlocation": ["ends"]},
                    {"name": "spare", "exlocation": ["ends"]},
                ],
                "connections": [
                    {"from": "split", "to": "window", "bytesPerSecond": 12_582_912},
                    {"from": "window", "to": "sink"},
                ],
            }),
        ),
        of_others("agent", "b2", "3"),
        of_others("agent-of-a4", "a4", "2500m"),
    ]);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    cluster.kubectl().apply(&list.to_string()).await.unwrap();
}

/// The PEs, in the order of their priorities.
fn workload() -> Vec<Pe> {
    let of = |job: &str, name: &str, cpu: &str| Pe::new(job, name).cpu(cpu);
    let sized =
        |name: &str, index: &str| of("aggregate", name, "500m").wish("host-pool", "sized").wish("pool-index", index);
    let in_bucket = |name: &str, cpu: &str, tokens: &str| of("bucket", name, cpu).wish("colocation", tokens);
    let apart = |name: &str| of("clicks", name, "250m").wish("host-tags", "ssd").wish("exlocation", "sources");
    let pes = vec![
        of("lone", "lone", "1").wish("isolated", "true").wish("hosts", "a4,a5,a6"),
        of("own", "own-0", "500m").wish("host-pool", "own"),
        in_bucket("bucket-b", "1500m", "y"),
        apart("clicks-2"),
        apart("clicks-0"),
        of("single", "single-3", "1").wish("host-tags", "gpu"),
        in_bucket("bucket-a", "1", "x"),
        apart("clicks-4"),
        sized("aggregate-1", "1"),
        apart("clicks-1"),
        of("heavy", "heavy", "6"),
        in_bucket("bucket-c", "700m", "x,y"),
        of("declared", "sink", "100m"),
        sized("aggregate-0", "0"),
        of("own", "own-1", "500m").wish("host-pool", "own"),
        of("declared", "split", "300m"),
        // No node is left for the last one of five.
        apart("clicks-3"),
        of("declared", "spare", "100m"),
        of("packed", "packed-0", "200m").wish("scheme", "pack"),
        sized("aggregate-2", "0"),
        // Requests by the policy, and a sidecar.
        Pe::new("single", "single-0").wish("inject", "true"),
        of("declared", "window", "300m"),
        of("packed", "packed-1", "200m").wish("scheme", "pack").wish("connects-to", "packed-0=4Mi"),
        of("single", "single-1", "1500m").wish("hosts", "b2,elsewhere"),
        of("single", "single-2", "100m").wish("scheme", "legacy"),
    ];
    pes.into_iter().enumerate().map(|(place, pe)| pe.priority_class(&format!("place-{place}"))).collect()
}

/// What simulate says of each PE, by its pod, as JSON; the exit code beside it.
pub(crate) async fn simulated(cluster: &Cluster, policies: &Path) -> (Option<i32>, Value) {
    let kinds = "nodes,pods,hostpools,streamjobs,persistentvolumes,persistentvolumeclaims";
    let dump = cluster.kubectl().run(&["get", kinds, "-A", "-o", "yaml"]).await.unwrap();
    let file = cluster.folder().join("dump.yaml");
    std::fs::write(&file, dump).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrigger"));
    // Pods that have a node count as they are in both; those that wait are what is to be placed.
    command.arg("simulate").arg("--cluster").arg(&file).arg("--workload").arg(&file);
    command.arg("--policies").arg(policies).args(["-o", "json"]).env("KUBECONFIG", "/nowhere").env_remove("RUST_LOG");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    std::fs::write(cluster.folder().join("simulated.json"), &printed).unwrap();
    let outcome: Result<Value, String> =
        serde_json::from_str(&printed).map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), outcome.unwrap())
}

/// How the scheduler comes by the PEs that wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Each is let through a gate when the one before it is decided.
    OneByOne,
    /// It is started when all exist, and goes on to the next before the bind of the last one has been verified.
    AtOnce,
}

/// One PE, as simulate has it and as it came.
struct Compared {
    name: String,
    placement: Value,
    /// The record on the pod, or why it waits.
    came: Result<Value, String>,
}

/// What was said and what came, PE by PE; and how many binds were turned away on the way.
async fn compared(arrival: Arrival) -> (Vec<Compared>, usize) {
    let installation = installed(|all| all.without(Part::Scheduler)).await;
    let cluster = &installation.cluster;
    nodes(cluster).await;
    let team = Team::new(cluster, "agree").await;
    objects(cluster).await;
    for pe in workload() {
        team.create(if arrival == Arrival::OneByOne { pe.gated() } else { pe }).await;
    }
    let (code, outcome) = simulated(cluster, installation.release.policies()).await;
    assert_eq!(code, Some(3), "one of them has no node left: {outcome:#}");
    let placements = outcome["placements"].as_array().unwrap();
    assert_eq!(placements.len(), workload().len(), "{outcome:#}");

    let extender = installation.extender.as_ref().unwrap();
    let _scheduler = installation.start_scheduler("late-scheduler", extender).await.unwrap();
    let mut compared = Vec::new();
    for placement in placements {
        let name = placement["pod"].as_str().unwrap().strip_prefix("agree/").unwrap();
        if arrival == Arrival::OneByOne {
            team.let_go(name).await;
        }
        let came = if placement["node"].is_null() {
            Err(team.rejected(name).await)
        } else {
            let node = team.node_of(name).await;
            let pod = team.pods.get(name).await.unwrap();
            let record: Value = serde_json::from_str(wish(&pod, "placement").unwrap()).unwrap();
            assert_eq!(record["node"], node.as_str());
            Ok(record)
        };
        compared.push(Compared { name: name.to_owned(), placement: placement.clone(), came });
    }
    let log = std::fs::read_to_string(cluster.folder().join("extender.log")).unwrap();
    (compared, log.lines().filter(|line| line.contains("not bound")).count())
}

/// Those that came otherwise, for people.
fn differing(compared: &[Compared], is_alike: impl Fn(&Value, &Value) -> bool) -> String {
    let differs = |one: &&Compared| match &one.came {
        Ok(record) => !is_alike(&one.placement["record"], record),
        Err(rejection) => !tells(rejection, &one.placement["reasons"]),
    };
    let differing = compared.iter().filter(differs);
    let reported = differing.map(|Compared { name, placement, came }| format!("{name}: {placement}\n  came {came:?}"));
    reported.collect::<Vec<String>>().join("\n")
}

/// Whether kube-scheduler tells of every reason that it leaves to the extender: it drops nodes by its own filters first.
fn tells(rejection: &str, reasons: &Value) -> bool {
    // The tags of a pool are node affinity. A closed node without them has the earlier code `RestrictedTag`.
    let of_nodes = ["NodeUnschedulable", "UntoleratedTaint", "NodeAffinityMismatch", "InsufficientResources"];
    let of_tags = ["RestrictedTag", "PoolTagMissing"];
    let its_own = [&of_nodes[..], &of_tags].concat();
    let reasons = reasons.as_object().unwrap().iter().filter(|(reason, _)| !its_own.contains(&reason.as_str()));
    let reported: Vec<bool> = reasons.map(|(reason, count)| rejection.contains(&format!("{count} {reason}"))).collect();
    reported.contains(&true) && !reported.contains(&false)
}

/// The record as it came is the one that was said, but for its time and the number of the snapshot.
fn is_said(said: &Value, came: &Value) -> bool {
    let but_when = |record: &Value| {
        let mut record = record.clone();
        for member in ["snapshot", "time"] {
            record.as_object_mut().unwrap().remove(member).unwrap();
        }
        record
    };
    but_when(said) == but_when(came)
}

async fn everything_is_foretold(arrival: Arrival) {
    let (compared, turned_away) = compared(arrival).await;
    let differing = differing(&compared, is_said);
    assert!(differing.is_empty(), "{turned_away} binds were turned away; {differing}");
    assert_eq!(turned_away, 0);
}

#[tokio::test]
async fn simulate_foretells_nodes_and_records_where_each_pe_is_decided_after_the_one_before_it() {
    everything_is_foretold(Arrival::OneByOne).await;
}

#[tokio::test]
async fn simulate_foretells_nodes_and_records_where_all_come_at_once() {
    everything_is_foretold(Arrival::AtOnce).await;
}
