//! The examples of `docs/placement.md` mean what the page says of them: each is read from the page, and placed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::objects::{node, pod};
use crate::simulate::{Files, placed};

const PAGE: &str = include_str!("../../docs/placement.md");

/// The blocks of a language, in the order of the page.
fn blocks(language: &str) -> Vec<&'static str> {
    let begun = PAGE.split(language).skip(1);
    begun.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The YAML examples.
struct Examples {
    pods: &'static str,
    stream_job: &'static str,
    host_pool: &'static str,
    load_protection: &'static str,
    load: &'static str,
}

impl Examples {
    /// All there are on the page: one that is added has to be tried too.
    fn read() -> Self {
        let blocks: Result<[&str; 5], Vec<&str>> = blocks("```yaml\n").try_into();
        let [pods, stream_job, host_pool, load_protection, load] = blocks.unwrap();
        Self { pods, stream_job, host_pool, load_protection, load }
    }
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// A node with tags, and with an address.
fn tagged(name: &str, tags: &[&str], address: &str) -> Value {
    let mut node = node(name);
    for tag in tags {
        node["metadata"]["labels"][format!("tag.outrigger.dev/{tag}")] = json!("");
    }
    node["status"]["addresses"] = json!([{"type": "InternalIP", "address": address}]);
    node
}

/// Nodes that qualify for the pool of the page, one that has half of its tags, and two that have none.
fn nodes(qualifying: usize) -> Vec<Value> {
    let mut nodes =
        vec![tagged("n1", &[], "10.0.0.1"), tagged("n2", &[], "10.0.0.7"), tagged("half", &["ssd"], "10.0.0.2")];
    nodes.extend((1..=qualifying).map(|number| tagged(&format!("fast-{number}"), &["ssd", "10g"], "10.0.1.1")));
    nodes
}

/// A pod of job `clicks` that only says which PE it is.
fn bare(name: &str) -> Value {
    let labels = json!({"outrigger.dev/job": "clicks", "outrigger.dev/pe": name});
    completed(&json!({"metadata": {"labels": labels}}))
}

/// What an example says of a pod, and what else a pod needs.
fn completed(said: &Value) -> Value {
    let name = said["metadata"]["labels"]["outrigger.dev/pe"].as_str().unwrap().to_owned();
    let mut pod = pod(&name);
    pod["metadata"]["namespace"] = json!("streams");
    json_patch::merge(&mut pod, said);
    pod
}

/// Where the PEs of the page are with its pool, by name; with the exit code and everything else that is said of them.
fn outcome(nodes: &[Value], workload: &[Value]) -> (i32, BTreeMap<String, String>, Vec<Value>) {
    let files = Files::new();
    let pool = yaml(Examples::read().host_pool);
    let cluster = files.list("cluster.json", &[nodes, &[pool]].concat());
    let (code, nodes, document) = placed(&cluster, &files.list("workload.json", workload), &[]);
    let nodes = nodes.into_iter().filter_map(|(pod, node)| Some((pod.strip_prefix("streams/")?.to_owned(), node?)));
    (code, nodes.collect(), document["placements"].as_array().unwrap().clone())
}

fn pods() -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(Examples::read().pods).unwrap();
    documents.iter().map(completed).collect()
}

/// The job of the page, and its pods, which say nothing themselves.
fn stream_job(names: &[&str]) -> Vec<Value> {
    let pods = names.iter().map(|name| bare(name));
    std::iter::once(yaml(Examples::read().stream_job)).chain(pods).collect()
}

const PES: [&str; 4] = ["source-0", "source-1", "parser", "sink"];

#[test]
fn two_sources_share_no_node_and_the_parser_is_where_the_first_one_is() {
    let pods = pods();
    assert_eq!(pods.len(), 3);
    let (code, at, _) = outcome(&nodes(4), &pods);
    assert_eq!((code, at.len()), (0, 3));
    assert_ne!(at["source-0"], at["source-1"]);
    assert_eq!(at["source-0"], at["parser"]);
    assert!(at.values().all(|node| node.starts_with("fast-")), "{at:?}");
}

#[test]
fn a_stream_job_is_placed_as_its_pes_wish() {
    let (code, at, placements) = outcome(&nodes(4), &stream_job(&PES));
    assert_eq!((code, at.len()), (0, 4), "{placements:?}");
    for source in ["source-0", "source-1"] {
        assert!(at[source].starts_with("fast-"), "{at:?}");
    }
    assert_ne!(at["source-0"], at["source-1"], "places of their own, and exlocated");
    assert!(!at["parser"].starts_with('n'), "it needs the tag `ssd`: {at:?}");
    assert!(["n1", "n2"].contains(&at["sink"].as_str()), "by name, or by address: {at:?}");
    assert_eq!(at.values().filter(|node| **node == at["sink"]).count(), 1, "isolated");
    let record = |name: &str| {
        let of = |placement: &&Value| placement["record"]["pe"] == name;
        placements.iter().find(of).unwrap()["record"].clone()
    };
    assert_eq!((&record("source-0")["poolIndex"], &record("source-1")["poolIndex"]), (&json!(0), &json!(1)));
    assert_eq!(record("parser")["scheme"], "pack");
    assert!(!record("parser")["traffic"].is_null(), "its connections count");
}

#[test]
fn an_isolated_pe_of_a_stream_job_finds_no_room_where_its_hosts_have_others() {
    let others = ["n1", "n2"].map(|node| {
        let mut other = pod(&format!("other-{node}"));
        other["metadata"]["namespace"] = json!("streams");
        other["spec"]["nodeName"] = json!(node);
        other
    });
    let (code, at, placements) = outcome(&[nodes(4), others.to_vec()].concat(), &stream_job(&PES));
    assert_eq!((code, at.len()), (3, 0), "a gang is not begun");
    assert_eq!(placements[0]["reasons"], json!({"GangInfeasible": 7}));
}

#[test]
fn a_stream_job_whose_gang_is_all_waits_for_all() {
    let (code, at, placements) = outcome(&nodes(4), &stream_job(&PES[..3]));
    assert_eq!((code, at.len()), (3, 0));
    for placement in placements {
        assert_eq!(placement["reasons"], json!({"GangIncomplete": 7}), "{placement}");
    }
}

#[test]
fn a_pool_takes_nodes_with_all_of_its_tags_and_as_many_as_its_size() {
    let (_, at, placements) = outcome(&nodes(3), &pods());
    assert_eq!(at.len(), 0);
    // The tags are node affinity, written when the pod is created.
    assert_eq!(placements[0]["reasons"], json!({"NodeAffinityMismatch": 3, "PoolTooSmall": 3}));
}

/// Where a PE goes under the load protection of the page, and why not elsewhere.
fn protected(nodes: &[Value], load: &str, now: &str) -> (Option<String>, Value) {
    let mut policy = json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamPolicy", "metadata": {"name": "mine"},
        "spec": {"selector": {"podSelector": {"matchExpressions": [{"key": "outrigger.dev/job", "operator": "Exists"}]}}},
    });
    json_patch::merge(&mut policy, &yaml(Examples::read().load_protection));
    let files = Files::new();
    let policies = files.folder("policies", &policy.to_string());
    let (cluster, load) = (files.list("cluster.json", nodes), files.write("load.yaml", load));
    let arguments = ["--policies", &policies, "--load", &load, "--now", now];
    let (_, nodes, document) = placed(&cluster, &files.list("workload.json", &[pod("a")]), &arguments);
    (nodes[0].1.clone(), document["placements"][0]["reasons"].clone())
}

#[test]
fn a_node_above_the_upper_threshold_takes_no_pe_until_its_measurement_is_too_old() {
    let both = [node("n1"), node("n2")];
    let load = Examples::read().load;
    let rejected = (Some("n2".to_owned()), json!({"NodeOverloaded": 1}));
    assert_eq!(protected(&both, load, "2026-11-24T12:00:01Z"), rejected);
    assert_eq!(protected(&both, load, "2026-11-24T12:01:59Z"), rejected);
    assert_eq!(protected(&both, load, "2026-11-24T12:02:01Z"), (Some("n1".to_owned()), json!({})), "maxAge is over");
}

#[test]
fn a_node_may_say_itself_that_it_is_too_busy() {
    let reported =
        PAGE.lines().find_map(|line| line.strip_prefix("kubectl annotate node n1 --overwrite outrigger.dev/load="));
    let mut busy = node("n1");
    busy["metadata"]["annotations"] = json!({"outrigger.dev/load": reported.unwrap().trim_matches('\'')});
    let nodes = [busy, node("n2")];
    let (node, reasons) = protected(&nodes, "nodes: {}", "2026-11-24T12:00:01Z");
    assert_eq!((node, reasons), (Some("n2".to_owned()), json!({"NodeOverloaded": 1})));
}

#[test]
fn the_record_of_the_page_has_the_fields_that_records_have() {
    let page = blocks("```json\n").into_iter().find(|block| block.contains("\"asked\"")).unwrap();
    let page: Value = serde_json::from_str(page).unwrap();
    let placements = [pods(), stream_job(&PES)].map(|workload| outcome(&nodes(4), &workload).2).concat();
    let records = placements.iter().filter_map(|placement| placement["record"].as_object());
    let fields: BTreeSet<&String> = records.flat_map(|record| record.keys()).collect();
    for field in page.as_object().unwrap().keys() {
        assert!(fields.contains(field), "{field} is in none of them: {fields:?}");
    }
}
