//! The examples of `docs/placement.md` mean what the page says of them: each is read from the page, and placed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::objects::{node, pod};
use crate::simulate::{Files, placed};

const PAGE: &str = include_str!("../../docs/placement.md");

/// Where the page has YAML examples, and how many: each has a test below, and one that is added needs one too.
const EXAMPLES: [(&str, usize); 14] = [
    ("Keys on the pod", 1),
    ("StreamJob", 1),
    ("Precedence", 1),
    ("Labels on nodes", 1),
    ("Pools", 1),
    ("Sized pools", 1),
    ("Exclusive pools", 1),
    ("Colocation", 1),
    ("Exlocation", 1),
    ("Isolation", 1),
    ("Gangs", 1),
    ("Gangs and buckets", 1),
    ("Load protection", 2),
    ("Scoring", 1),
];

#[test]
fn every_example_is_known() {
    let sections = PAGE.split("\n\n#").skip(1).map(|section| section.trim_start_matches('#').trim_start());
    let found = sections.filter_map(|section| {
        let examples = blocks(section, "```yaml\n").len();
        Some((section.lines().next()?, examples)).filter(|_| examples > 0)
    });
    assert_eq!(found.collect::<Vec<_>>(), EXAMPLES);
}

/// The blocks of a language in a part of the page.
fn blocks<'p>(part: &'p str, language: &str) -> Vec<&'p str> {
    part.split(language).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The YAML examples of a section.
fn examples(heading: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once(&format!("# {heading}\n")).unwrap();
    blocks(section.split("\n\n#").next().unwrap(), "```yaml\n")
}

fn example(heading: &str) -> &'static str {
    examples(heading)[0]
}

/// The objects of an example. What stands there of a pod is completed.
fn objects(heading: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(example(heading)).unwrap();
    documents.into_iter().map(|object| if object["kind"].is_null() { completed(&object) } else { object }).collect()
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
    outcome_with(nodes, workload, &[])
}

/// The same with more arguments.
fn outcome_with(nodes: &[Value], workload: &[Value], more: &[&str]) -> (i32, BTreeMap<String, String>, Vec<Value>) {
    let files = Files::new();
    let pool = yaml(example("Pools"));
    let cluster = files.list("cluster.json", &[nodes, &[pool]].concat());
    let (code, nodes, document) = placed(&cluster, &files.list("workload.json", workload), more);
    let nodes = nodes.into_iter().filter_map(|(pod, node)| Some((pod.strip_prefix("streams/")?.to_owned(), node?)));
    (code, nodes.collect(), document["placements"].as_array().unwrap().clone())
}

/// The cluster of the page: three nodes of four cores.
fn three() -> Vec<Value> {
    ["n1", "n2", "n3"].map(node).into()
}

fn pods() -> Vec<Value> {
    objects("Keys on the pod")
}

/// The job of the page, and its pods, which say nothing themselves.
fn stream_job(names: &[&str]) -> Vec<Value> {
    let pods = names.iter().map(|name| bare(name));
    std::iter::once(yaml(example("StreamJob"))).chain(pods).collect()
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
fn a_stream_job_is_placed_as_it_says() {
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
    // The tags are node affinity too, written when the pod is created.
    assert_eq!(placements[0]["reasons"], json!({"PoolTagMissing": 3, "PoolTooSmall": 3}));
}

#[test]
fn a_stream_job_wins_over_an_annotation_and_that_over_a_label() {
    let [mut pod, job]: [Value; 2] = objects("Precedence").try_into().unwrap();
    assert_eq!(outcome(&three(), &[pod.clone(), job]).1["sink"], "n2");
    assert_eq!(outcome(&three(), &[pod.clone()]).1["sink"], "n1");
    pod["metadata"]["annotations"] = json!({});
    assert_eq!(outcome(&three(), &[pod]).1["sink"], "n3");
}

#[test]
fn a_closed_node_takes_only_pes_that_ask_for_its_tag() {
    let mut closed = node("n1");
    json_patch::merge(&mut closed, &yaml(example("Labels on nodes")));
    let nodes = [closed, node("n2")];
    let mut asks = bare("a");
    asks["metadata"]["annotations"] = json!({"outrigger.dev/host-tags": "gpu"});
    assert_eq!(outcome(&nodes, &[asks]).1["a"], "n1");
    let (_, at, placements) = outcome(&nodes, &[bare("a")]);
    assert_eq!((&*at["a"], &placements[0]["reasons"]), ("n2", &json!({"RestrictedTag": 1})));
}

#[test]
fn pes_with_one_place_of_a_pool_share_a_node_and_two_places_are_two_nodes() {
    let (code, at, _) = outcome(&nodes(4), &objects("Sized pools"));
    assert_eq!((code, &at["source-0"]), (0, &at["parser"]));
    assert_ne!(at["source-0"], at["source-1"]);
}

#[test]
fn the_node_of_an_exclusive_pool_is_closed_to_other_jobs() {
    let (code, at, placements) = outcome(&three(), &objects("Exclusive pools"));
    assert_eq!((code, &*at["trades"]), (0, "n1"));
    assert_eq!(placements[1]["reasons"], json!({"PoolExclusiveToOtherJob": 1}));
    let (_, _, placements) = outcome(&[node("n1")], &objects("Exclusive pools"));
    assert_eq!(placements[1]["node"], json!(null));
}

#[test]
fn a_bucket_goes_where_all_of_it_fits() {
    let mut nodes = three();
    nodes[2]["status"]["allocatable"]["cpu"] = json!("8");
    let (code, at, placements) = outcome(&nodes, &objects("Colocation"));
    assert_eq!(code, 0);
    assert!(at.values().all(|node| node == "n3"), "{at:?}");
    assert_eq!(placements[0]["reasons"], json!({"BucketDoesNotFit": 2}));
    assert_eq!(placements[1]["reasons"], json!({"ColocationMismatch": 2}));
}

#[test]
fn an_exlocated_pe_leaves_the_only_node_of_another_to_it() {
    let (code, at, placements) = outcome(&three(), &objects("Exlocation"));
    assert_eq!((code, &*at["bound"]), (0, "n1"));
    assert_eq!(placements[0]["reasons"], json!({"ExlocationInfeasible": 1}));
}

#[test]
fn an_isolated_pe_keeps_a_pe_of_another_job_off_its_node() {
    let (code, at, placements) = outcome(&[node("n1")], &objects("Isolation"));
    assert_eq!((code, &*at["clock"], at.len()), (3, "n1", 1));
    assert_eq!(placements[1]["reasons"], json!({"NodeHoldsIsolatedPe": 1}));
    assert_eq!(outcome(&three(), &objects("Isolation")).0, 0);
}

#[test]
fn a_gang_that_does_not_fit_as_a_whole_is_not_begun() {
    let members = ["w-0", "w-1", "w-2", "w-3"].map(bare);
    let workload = [objects("Gangs"), members.to_vec()].concat();
    let (code, at, placements) = outcome(&three(), &workload);
    assert_eq!((code, at.len()), (3, 0));
    assert!(placements.iter().all(|placement| placement["reasons"] == json!({"GangInfeasible": 3})), "{placements:?}");
    let four = [three(), vec![node("n4")]].concat();
    assert_eq!(outcome(&four, &workload).1.values().collect::<BTreeSet<_>>().len(), 4);
}

#[test]
fn of_two_gangs_that_arrive_at_the_same_time_one_is_whole() {
    let (code, at, _) = outcome(&three(), &objects("Gangs and buckets"));
    assert_eq!((code, at.keys().map(String::as_str).collect::<Vec<_>>()), (3, vec!["east-0", "east-1"]));
}

#[test]
fn worth_risk_and_traffic_are_as_the_formula_says() {
    let mut sink = bare("sink");
    sink["spec"]["nodeName"] = json!("n2");
    let nodes = [node("n1"), node("n2"), sink];
    let mut source = bare("source");
    source["metadata"]["annotations"] = json!({"outrigger.dev/connects-to": "sink"});
    let rounded = |placement: &Value| format!("{:.2}", placement["score"].as_f64().unwrap());

    let (_, at, placements) = outcome(&nodes, std::slice::from_ref(&source));
    assert_eq!((&*at["source"], &*rounded(&placements[0])), ("n1", "0.90"));
    let (_, _, placements) = outcome(&nodes[1..], std::slice::from_ref(&source));
    assert_eq!(rounded(&placements[0]), "0.83");

    let files = Files::new();
    let policies = files.folder("policies", &policy(example("Scoring")).to_string());
    let (_, at, _) = outcome_with(&nodes, std::slice::from_ref(&source), &["--policies", &policies]);
    assert_eq!(at["source"], "n2");
    source["metadata"]["annotations"] = json!({"outrigger.dev/scheme": "pack"});
    assert_eq!(outcome(&nodes, &[source]).1["source"], "n2");
}

/// A policy for the PEs of all jobs, with what an example says of it.
fn policy(example: &str) -> Value {
    let mut policy = json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamPolicy", "metadata": {"name": "mine"},
        "spec": {"selector": {"podSelector": {"matchExpressions": [{"key": "outrigger.dev/job", "operator": "Exists"}]}}},
    });
    json_patch::merge(&mut policy, &yaml(example));
    policy
}

/// Where a PE goes under the load protection of the page, and why not elsewhere.
fn protected(nodes: &[Value], load: &str, now: &str) -> (Option<String>, Value) {
    let policy = policy(example("Load protection"));
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
    let load = examples("Load protection")[1];
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
    let page = blocks(PAGE, "```json\n").into_iter().find(|block| block.contains("\"asked\"")).unwrap();
    let page: Value = serde_json::from_str(page).unwrap();
    let placements = [pods(), stream_job(&PES)].map(|workload| outcome(&nodes(4), &workload).2).concat();
    let records = placements.iter().filter_map(|placement| placement["record"].as_object());
    let fields: BTreeSet<&String> = records.flat_map(|record| record.keys()).collect();
    for field in page.as_object().unwrap().keys() {
        assert!(fields.contains(field), "{field} is in none of them: {fields:?}");
    }
}
