//! `outrigger simulate` as users meet it: every form of its output, exit codes, and input that cannot be read.
//!
//! After a wanted change of an output: `cargo test --test it simulate -- --ignored`, and read the difference.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::ApiServer;
use crate::objects::{extender_args, node, pod};
use crate::program::{Program, Settings};

/// The forms of the output, and the files that hold them.
const GOLDEN: [(&str, &str); 4] =
    [("table", "outcome.txt"), ("json", "outcome.json"), ("dot", "outcome.dot"), ("svg", "outcome.svg")];

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/simulate").join(name)
}

/// Runs the command from the folder of the golden files; exit code, standard output, standard error.
pub(crate) fn simulate(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("outrigger").unwrap();
    command.env_remove("COLUMNS").current_dir(golden("")).arg("simulate").args(arguments).write_stdin(input);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn small(form: &str) -> (i32, String, String) {
    simulate(&["--cluster", "cluster.yaml", "--workload", "workload.yaml", "-o", form, "--width", "100"], "")
}

#[test]
fn a_small_cluster_comes_out_as_it_did_in_every_form() {
    for (form, file) in GOLDEN {
        let (code, out, error) = small(form);
        assert_eq!((code, &out), (3, &std::fs::read_to_string(golden(file)).unwrap()), "{form}");
        let notes = "note: skipped kinds that placement does not read: 1 ConfigMap\n\
                     note: pods of the workload that no policy governs, which take room and are not listed: 1\n";
        assert_eq!(error, notes, "{form}");
    }
}

/// The forms that show the parts of the risk by demand, and the files that hold them.
const GOLDEN_WITH_DEMAND: [(&str, &str); 2] = [("table", "demand.txt"), ("json", "demand.json")];

fn small_with_demand(form: &str) -> (i32, String, String) {
    let files = ["--cluster", "cluster.yaml", "--workload", "workload.yaml", "--demand", "demand.yaml"];
    simulate(&[&files[..], &["-o", form, "--width", "100"]].concat(), "")
}

#[test]
fn demand_is_shown_with_its_parts() {
    for (form, file) in GOLDEN_WITH_DEMAND {
        let (code, out, _) = small_with_demand(form);
        assert_eq!((code, &out), (3, &std::fs::read_to_string(golden(file)).unwrap()), "{form}");
    }
}

#[test]
fn a_demand_file_that_cannot_be_read_is_named_with_the_place() {
    let files = Files::new();
    let path = files.write("demand.yaml", "at: 2026-05-04T12:00:00Z\nstep: soon\n");
    let (code, _, error) =
        simulate(&["--cluster", "cluster.yaml", "--workload", "workload.yaml", "--demand", &path], "");
    assert_eq!(code, 2);
    assert!(error.contains("demand.yaml:2:7: step: `soon` is not a duration from 1s to 24h"), "{error}");
}

#[test]
#[ignore = "writes the golden files"]
fn write_the_golden_files() {
    for (form, file) in GOLDEN {
        std::fs::write(golden(file), small(form).1).unwrap();
    }
    for (form, file) in GOLDEN_WITH_DEMAND {
        std::fs::write(golden(file), small_with_demand(form).1).unwrap();
    }
}

/// Files to simulate, in a folder of their own.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<str>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text.as_ref()).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    pub(crate) fn write_bytes(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    /// Writes a file into a folder of its own, and returns the folder.
    pub(crate) fn folder(&self, name: &str, text: &str) -> String {
        let folder = self.0.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("mine.yaml"), text).unwrap();
        folder.into_os_string().into_string().unwrap()
    }

    pub(crate) fn list(&self, name: &str, items: &[Value]) -> String {
        self.write(name, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())
    }
}

/// What `-o json` says: the exit code, and the node of each pod.
pub(crate) fn placed(cluster: &str, workload: &str, more: &[&str]) -> (i32, Vec<(String, Option<String>)>, Value) {
    let (code, out, error) =
        simulate(&[&["--cluster", cluster, "--workload", workload, "-o", "json"], more].concat(), "");
    let document: Value = serde_json::from_str(&out).unwrap_or_default();
    assert!(document.is_object(), "{out}{error}");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let placements = document["placements"].as_array().unwrap();
    let nodes = placements.iter().map(|one| (text(&one["pod"]).unwrap(), text(&one["node"]))).collect();
    (code, nodes, document)
}

fn asking(cpu: &str, mut pod: Value) -> Value {
    pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!(cpu);
    pod
}

#[test]
fn the_exit_code_says_whether_every_pe_is_placed() {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let fits = files.list("fits.json", &[pod("a")]);
    let does_not = files.list("does-not.json", &[pod("a"), asking("64", pod("b"))]);
    assert_eq!(placed(&cluster, &fits, &[]).0, 0);
    let (code, nodes, document) = placed(&cluster, &does_not, &[]);
    assert_eq!((code, nodes), (3, vec![("ns/a".into(), Some("n1".into())), ("ns/b".into(), None)]));
    assert_eq!(document["placements"][1]["reasons"], json!({"InsufficientResources": 1}));
    assert_eq!(document["placements"][1]["record"], Value::Null);
}

#[test]
fn pods_are_decided_by_priority_then_by_time_then_as_they_stand_there() {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let with = |name: &str, priority: i32, created: Option<&str>| {
        let mut pod = asking("1", pod(name));
        pod["spec"]["priority"] = json!(priority);
        pod["metadata"]["creationTimestamp"] = json!(created);
        pod
    };
    let workload = [
        with("undated", 0, None),
        with("late", 0, Some("2026-05-04T12:00:00Z")),
        with("early-z", 0, Some("2026-05-04T11:00:00Z")),
        with("early-a", 0, Some("2026-05-04T11:00:00Z")),
        with("urgent", 1, Some("2026-05-04T12:30:00Z")),
    ];
    let (code, nodes, _) = placed(&cluster, &files.list("pods.json", &workload), &[]);
    let order: Vec<&str> = nodes.iter().map(|(pod, _)| pod.as_str()).collect();
    assert_eq!(order, ["ns/urgent", "ns/early-z", "ns/early-a", "ns/late", "ns/undated"]);
    let waits: Vec<bool> = nodes.iter().map(|(_, node)| node.is_none()).collect();
    assert_eq!(
        (code, waits),
        (3, vec![false, false, false, true, true]),
        "a sidecar takes the rest of the fourth core"
    );
}

#[test]
fn bound_pods_count_and_are_not_decided_and_unbound_ones_of_the_cluster_do_not_exist() {
    let files = Files::new();
    let mut bound = asking("3", pod("bound"));
    bound["spec"]["nodeName"] = json!("n1");
    let mut own = pod("own");
    own["spec"]["nodeName"] = json!("n2");
    own["metadata"]["annotations"]["outrigger.dev/placement"] = json!("{\"node\":\"n2\",\"version\":1}");
    // Were it there, the bucket of both would fit nowhere.
    let in_bucket = |mut pod: Value| {
        pod["metadata"]["annotations"]["outrigger.dev/colocation"] = json!("both");
        pod
    };
    let unbound = in_bucket(asking("4", pod("waits")));
    let cluster = files.list("cluster.json", &[node("n1"), node("n2"), bound, unbound]);
    let workload = files.list("pods.json", &[in_bucket(asking("2", pod("new"))), own]);
    let (code, nodes, document) = placed(&cluster, &workload, &[]);
    let expected = vec![("ns/new".into(), Some("n2".into())), ("ns/own".into(), Some("n2".into()))];
    assert_eq!((code, nodes), (0, expected));
    assert_eq!(document["placements"][1]["record"], json!({"node": "n2", "version": 1}));
    assert_eq!(document["nodes"][0]["cpuRequested"], json!("3000m"));
    assert_eq!(document["jobs"], json!([{"job": "ns/j", "placed": 3, "of": 3, "cutTraffic": 0.0}]));
}

#[test]
fn a_gang_is_placed_as_a_whole_or_not_at_all_on_both_paths() {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1"), node("n2")]);
    let member = |name: &str, cpu: &str| {
        let mut pod = asking(cpu, pod(name));
        pod["metadata"]["annotations"]["outrigger.dev/gang"] = json!("3");
        pod
    };
    let gang = |cpu: &str| files.list("gang.json", &[member("a", cpu), member("b", cpu), member("c", cpu)]);
    for path in ["full", "planned"] {
        let (code, nodes, _) = placed(&cluster, &gang("1500m"), &["--path", path]);
        assert_eq!((code, nodes.iter().filter(|(_, node)| node.is_some()).count()), (0, 3), "{path}");
        let (code, nodes, document) = placed(&cluster, &gang("3"), &["--path", path]);
        assert_eq!((code, nodes.iter().filter(|(_, node)| node.is_some()).count()), (3, 0), "{path}");
        assert_eq!(document["placements"][0]["reasons"], json!({"GangInfeasible": 2}), "{path}");
        let (_, out, _) = simulate(&["--cluster", &cluster, "--workload", &gang("3"), "--path", path], "");
        assert!(out.contains("Gang ns/j: no nodes for a, b, c together"), "{out}");
        let two = files.list("two.json", &[member("a", "1"), member("b", "1")]);
        let (_, _, document) = placed(&cluster, &two, &["--path", path]);
        assert_eq!(document["placements"][0]["reasons"], json!({"GangIncomplete": 2}), "{path}");
    }
}

#[test]
fn a_stream_job_says_what_its_pes_wish() {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1"), node("n2")]);
    let job = json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamJob", "metadata": {"name": "j", "namespace": "ns"},
        "spec": {"pes": [{"name": "a", "hosts": ["n2"]}, {"name": "b"}],
                 "connections": [{"from": "a", "to": "b", "bytesPerSecond": 4096}]},
    });
    let workload = files.list("job.json", &[job.clone(), pod("a"), pod("b")]);
    let (code, nodes, document) = placed(&cluster, &workload, &[]);
    assert_eq!((code, nodes[0].1.as_deref(), nodes[1].1.as_deref()), (0, Some("n2"), Some("n1")));
    assert_eq!(document["jobs"][0]["cutTraffic"], json!(1.0));
    let mut wrong = job;
    wrong["spec"]["connections"][0]["to"] = json!("c");
    let path = files.write("wrong.json", wrong.to_string());
    let (code, _, error) = simulate(&["--cluster", &cluster, "--workload", &path], "");
    assert_eq!(
        (code, error.contains("wrong.json:1:"), error.contains("spec.connections: ")),
        (2, true, true),
        "{error}"
    );
}

#[test]
fn the_time_is_that_of_the_newest_object_or_the_one_that_is_given() {
    let files = Files::new();
    let mut old = node("n1");
    old["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-05-04T10:00:00Z");
    let cluster = files.list("cluster.json", &[old]);
    let workload = files.list("pods.json", &[pod("a")]);
    let time = |more: &[&str]| placed(&cluster, &workload, more).2["placements"][0]["record"]["time"].clone();
    assert_eq!(time(&[]), json!("2026-05-04T10:00:00Z"));
    assert_eq!(time(&["--now", "2026-06-01T00:00:00Z"]), json!("2026-06-01T00:00:00Z"));
}

#[test]
fn yaml_json_folders_and_standard_input_are_read_alike() {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let folder = files.0.path().join("jobs");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.yaml"), "apiVersion: v1\nkind: PodList\nitems: []\n---\n").unwrap();
    std::fs::write(folder.join("b.json"), pod("b").to_string()).unwrap();
    std::fs::write(folder.join("notes.txt"), "no manifest").unwrap();
    assert_eq!(placed(&cluster, folder.to_str().unwrap(), &[]).1, [("ns/b".into(), Some("n1".into()))]);
    let mut nameless = pod("p");
    nameless.as_object_mut().unwrap().remove("kind");
    let piped = json!({"apiVersion": "v1", "kind": "PodList", "items": [nameless]}).to_string();
    let (code, out, error) = simulate(&["--cluster", &cluster, "--workload", "-"], &piped);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(out.contains("1 of 1 PEs of the workload are placed."), "{out}");
}

const PROTECTING: &str = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: mine}
spec:
  selector: {podSelector: {matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}}
  loadProtection: {cpu: {upper: 75}}
";

#[test]
fn t14_busy_nodes_take_no_pe_unless_the_job_overrides_load_protection() {
    let files = Files::new();
    let policies = files.folder("policies", PROTECTING);
    let mut own = node("n2");
    own["metadata"]["annotations"] = json!({"outrigger.dev/load": r#"{"cpu":76,"at":"2026-11-24T12:00:00Z"}"#});
    let cluster = files.list("cluster.json", &[node("n1"), own]);
    let load = files.write("load.yaml", "nodes: {n1: {cpu: 75.1, at: 2026-11-24T12:00:01Z}}\n");
    let arguments = ["--policies", &policies, "--load", &load];
    let waits = files.list("waits.json", &[pod("a")]);
    for path in ["full", "planned"] {
        let (code, nodes, document) = placed(&cluster, &waits, &[&arguments[..], &["--path", path]].concat());
        assert_eq!((code, nodes), (3, vec![("ns/a".into(), None)]), "the newest time of the input is its time");
        assert_eq!(document["placements"][0]["reasons"], json!({"NodeOverloaded": 2}));
    }
    let later = [&arguments[..], &["--now", "2026-11-24T12:02:01Z"]].concat();
    assert_eq!(placed(&cluster, &waits, &later).1, [("ns/a".into(), Some("n2".into()))], "two minutes, no more");
    let job = json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamJob",
        "metadata": {"name": "j", "namespace": "ns"}, "spec": {"overrideLoadProtection": true}});
    let overrides = files.list("overrides.json", &[pod("a"), job]);
    assert_eq!(placed(&cluster, &overrides, &arguments).0, 0);
    let (_, _, error) = simulate(&["--cluster", &cluster, "--workload", &waits, "--load", &load], "");
    assert_eq!(error, "note: --load has no effect: no policy sets loadProtection\n");
}

#[test]
fn a_load_that_cannot_be_read_ends_with_2_and_says_where() {
    let files = Files::new();
    let (cluster, workload) = (files.list("cluster.json", &[node("n1")]), files.list("good.json", &[pod("p")]));
    let load = files.write("load.yaml", "at: 2026-11-24T12:00:00Z\nnodes:\n  n1: {cpu: -5}\n");
    let (code, out, error) = simulate(&["--cluster", &cluster, "--workload", &workload, "--load", &load], "");
    assert_eq!((code, out.as_str()), (2, ""), "{error}");
    assert!(error.contains("load.yaml:3:13: nodes.n1.cpu: `-5` is not a percentage"), "{error}");
    let (code, _, error) = simulate(&["--cluster", &cluster, "--workload", &workload, "--load", "/nowhere"], "");
    assert!(code == 2 && error.contains("/nowhere"), "{error}");
    let annotated = "kind: Node\napiVersion: v1\nmetadata:\n  name: n1\n  annotations:\n    \
                     outrigger.dev/load: '{\"cpu\":200000}'\n";
    let cluster = files.write("annotated.yaml", annotated);
    let (code, _, error) = simulate(&["--cluster", &cluster, "--workload", &workload], "");
    let said = "annotated.yaml:6:25: Node n1: metadata.annotations[outrigger.dev/load]: at: is missing";
    assert!(code == 2 && error.contains(said), "{error}");
}

#[test]
fn what_cannot_be_read_ends_with_2_and_says_where() {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: {outrigger.dev/job: j}\n";
    let spec = "spec: {containers: [{name: c, image: i}]}\n";
    let wish = |wish: &str| format!("{pod}  annotations:\n    outrigger.dev/{wish}\n{spec}");
    for (name, text, said) in [
        ("cut.yaml", "kind: Pod\nmetadata: {name: [\n".to_owned(), "cut.yaml:2:18: "),
        ("scalar.yaml", "just text\n".to_owned(), "scalar.yaml:1:1: is no Kubernetes object"),
        ("kindless.yaml", "metadata: {name: p}\n".to_owned(), "kindless.yaml:1:1: p: kind: is missing"),
        ("empty.yaml", "# nothing\n".to_owned(), "empty.yaml: the input holds no Pod"),
        (
            "amount.yaml",
            format!("{pod}spec:\n  containers:\n    - {{name: c, resources: {{limits: {{cpu: lots}}}}}}\n"),
            "amount.yaml:8:43: Pod default/p: spec.containers[0].resources.limits.cpu: `lots` is not a quantity",
        ),
        ("shape.yaml", format!("{pod}spec:\n  containers: 5\n"), "shape.yaml:7:15: Pod default/p: spec.containers: "),
        (
            "flag.yaml",
            wish("isolated: maybe"),
            "flag.yaml:7:29: Pod default/p: metadata.annotations[outrigger.dev/isolated]: `maybe` is neither",
        ),
        ("both.yaml", wish("host-pool: a\n    outrigger.dev/host-tags: b"), "both.yaml:8:30: Pod default/p: "),
        (
            "twice.yaml",
            format!("{pod}{spec}---\n{pod}{spec}"),
            "twice.yaml:11:9: Pod default/p: metadata.name: is the name of another Pod, in ",
        ),
        (
            "count.yaml",
            "kind: Deployment\nmetadata: {name: d}\nspec: {replicas: many, template: {}}\n".to_owned(),
            "count.yaml:3:18: Deployment default/d: spec.replicas: \"many\" is not a number",
        ),
        (
            "template.yaml",
            "kind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec: {containers: 1}\n".to_owned(),
            "template.yaml:5:24: Deployment default/d-0: spec.template.spec.containers: ",
        ),
        (
            "pool.yaml",
            "kind: HostPool\napiVersion: outrigger.dev/v1alpha1\nmetadata: {name: p, namespace: ns}\n\
            spec: {tags: [a], hosts: [b]}\n"
                .to_owned(),
            "pool.yaml:4:26: HostPool ns/p: spec.hosts: ",
        ),
    ] {
        let path = files.write(name, text);
        let (code, out, error) = simulate(&["--cluster", &cluster, "--workload", &path], "");
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {error}");
        assert!(error.contains(said), "{name}: {error}");
    }
}

#[test]
fn what_is_asked_for_wrongly_ends_with_2_and_says_what() {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let workload = files.list("good.yaml", &[pod("p")]);
    for (arguments, said) in [
        (&["--cluster", workload.as_str(), "--workload", workload.as_str()][..], "good.yaml: the input holds no Node"),
        (&["--cluster", &cluster, "--workload", "/nowhere.yaml"], "/nowhere.yaml: "),
        (&["--cluster", &cluster, "--workload", &workload, "--policies", "/nowhere"], "/nowhere"),
        (&["--cluster", &cluster, "--workload", &workload, "--now", "noon"], "--now"),
        (&["--cluster", &cluster, "--workload", &workload, "--path", "crow"], "--path"),
        (&["--cluster", &cluster], "--workload"),
    ] {
        let (code, out, error) = simulate(arguments, "");
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

#[tokio::test]
async fn an_autoscaler_sends_whole_nodes_and_nothing_is_remembered_of_it() {
    let api = ApiServer::start(vec![node("n1"), node("n2"), pod("a")]);
    let program = Program::start(&api, Settings::default()).await;
    let mut unknown = node("new");
    unknown["status"]["allocatable"]["cpu"] = json!("64");
    let nodes = json!([node("n1"), unknown]);
    let question = json!({"Pod": api.pod("a"), "Nodes": {"items": nodes}, "NodeNames": null}).to_string();
    let names = extender_args(&api.pod("a"), &["n1", "n2"]).to_string();
    let before = program.extender.post("/extender/prioritize", names.clone()).await.unwrap().body;
    let placements = program.operations.get("/metrics").await.unwrap().body.matches("outrigger_placements").count();
    for _ in 0..3 {
        let filtered = program.extender.post("/simulate/filter", question.clone()).await.unwrap();
        assert_eq!(filtered.status, 200, "{}", filtered.body);
        assert_eq!(filtered.json()["Nodes"]["items"], nodes, "whole nodes go back as they came");
        let scores = program.extender.post("/simulate/prioritize", question.clone()).await.unwrap().json();
        let best = json!([{"Host": "new", "Score": 10}, {"Host": "n1", "Score": 1}]);
        assert_eq!(scores, best, "the larger node is less crowded");
    }
    let after = program.extender.post("/extender/prioritize", names).await.unwrap().body;
    assert_eq!(before, after, "no proposal was made to another node");
    let metrics = program.operations.get("/metrics").await.unwrap().body;
    assert_eq!(metrics.matches("outrigger_placements").count(), placements, "{metrics}");
    assert!(metrics.contains(r#"verb="simulate_filter""#), "{metrics}");
    let wrong = program.extender.post("/simulate/filter", r#"{"Pod": {"metadata": {}}, "Nodes": {"items": [5]}}"#);
    let wrong = wrong.await.unwrap();
    assert_eq!((wrong.status, wrong.body.starts_with("Nodes: ")), (400, true), "{}", wrong.body);
}

/// Objects of group `streams.ibm.com` as `kubectl get -o yaml` prints them, and the pods that the operator creates.
const OPEN_STREAMS: &str = r"
apiVersion: v1
kind: List
items:
  - apiVersion: streams.ibm.com/v1
    kind: Job
    metadata: {name: app, namespace: ns, annotations: {outrigger.dev/scheme: pack}}
    spec: {id: 0, status: Submitted, statistics: {processingElementCount: 3, hostPoolCount: 2}}
  - apiVersion: streams.ibm.com/v1
    kind: HostPool
    metadata: {name: app-1, namespace: ns, labels: {streams.ibm.com/job: app}}
    spec: {hostpool: {name: P, index: 1, membershipMode: shared, hosts: [], tags: [a, b], size: null}}
  - apiVersion: streams.ibm.com/v1
    kind: ParallelRegion
    metadata: {name: app-0, namespace: ns}
    spec: {index: 0, alias: R, width: 2}
  - apiVersion: streams.ibm.com/v1
    kind: ConsistentRegion
    metadata: {name: app-0, namespace: ns}
  - apiVersion: streams.ibm.com/v1
    kind: ProcessingElement
    metadata: {name: app-0, namespace: ns, uid: pe-0, labels: {streams.ibm.com/job: app}}
    spec:
      id: 0
      placement:
        {host: null, coLocations: [], exLocations: [], isolation: null, hostPoolLocation: {poolIndex: 1, inpoolIndex: null}}
  - apiVersion: streams.ibm.com/v1
    kind: ProcessingElement
    metadata: {name: app-1, namespace: ns, uid: pe-1, labels: {streams.ibm.com/job: app}}
    spec:
      id: 1
      placement:
        host: n1
        rack: r7
";

/// The pod of PE `pe` as the operator creates it.
fn streams_pod(pe: &str) -> Value {
    let mut made = pod(&format!("app-{pe}-x7k2p"));
    made["metadata"]["labels"] = json!({
        "app": "streams", "svc": "pe", "streams.ibm.com/job": "app", "streams.ibm.com/pe": pe,
        "streams.ibm.com/generation": "0",
    });
    made["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "streams.ibm.com/v1", "kind": "ProcessingElement", "name": format!("app-{pe}"),
        "uid": format!("pe-{pe}"), "controller": true, "blockOwnerDeletion": true,
    }]);
    made
}

fn tagged(name: &str, tags: &[&str]) -> Value {
    let mut made = node(name);
    for tag in tags {
        made["metadata"]["labels"][format!("tag.outrigger.dev/{tag}")] = json!("");
    }
    made
}

#[test]
fn objects_of_open_streams_say_what_their_pods_wish() {
    let files = Files::new();
    let objects = files.write("objects.yaml", OPEN_STREAMS);
    let nodes = files.list("nodes.json", &[tagged("n1", &["a"]), tagged("n2", &["b"]), tagged("n3", &["a", "b"])]);
    let pods = files.list("pods.json", &[streams_pod("0"), streams_pod("1")]);
    let (code, out, error) =
        simulate(&["--cluster", &nodes, "--cluster", &objects, "--workload", &pods, "-o", "json"], "");
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{error}"));
    let placed = |at: usize| document["placements"][at]["node"].clone();
    assert_eq!((code, placed(0), placed(1)), (0, json!("n3"), json!("n1")), "{error}");
    let record = &document["placements"][0]["record"];
    assert_eq!((&record["scheme"], &record["pool"]), (&json!("pack"), &json!("ns/streams.ibm.com/app-1")));
    assert_eq!(document["jobs"][0]["parallelRegions"], json!({"R": 2}));
    assert_eq!(
        error,
        format!(
            "note: skipped kinds that placement does not read: 1 ConsistentRegion.streams.ibm.com\n\
             note: {objects}:34:15: ProcessingElement ns/app-1: spec.placement.rack: is not known, and not read\n"
        )
    );
    // What comes with the workload takes the place of what is there.
    let other = OPEN_STREAMS.replace("host: n1", "host: n2");
    let both = [files.write("other.yaml", &other), pods];
    let arguments = ["--cluster", &nodes, "--cluster", &objects, "--workload", &both[0], "--workload", &both[1]];
    let (_, out, error) = simulate(&[&arguments[..], &["-o", "json"]].concat(), "");
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{error}"));
    assert_eq!(document["placements"][1]["node"], json!("n2"));
}

#[test]
fn what_is_not_understood_of_an_object_is_told_where_it_stands() {
    let files = Files::new();
    let nodes = files.list("nodes.json", &[node("n1")]);
    let objects = files.write("objects.yaml", OPEN_STREAMS.replace("host: n1", "host: [n1]"));
    let fault = format!("{objects}:33:15: ProcessingElement ns/app-1: spec.placement.host: `[\"n1\"]` is no text\n");
    let with = |pod: Value| {
        let pods = files.list("pods.json", &[pod]);
        simulate(&["--cluster", &nodes, "--cluster", &objects, "--workload", &pods], "")
    };
    let (code, _, error) = with(streams_pod("1"));
    assert_eq!((code, error), (2, format!("error: {fault}")));
    let (code, _, error) = with(streams_pod("0"));
    assert_eq!(code, 3, "the other PE waits for a pool with tags: {error}");
    assert!(error.contains(&fault), "{error}");
    let (code, _, error) = with(streams_pod("2"));
    assert_eq!(code, 2);
    let unseen = "metadata.ownerReferences: belongs to ProcessingElement ns/app-2, which is in none of the files";
    assert!(error.contains(unseen), "{error}");
}
