//! `outrigger demo` as its users meet it: every rule holds, the one PE without a node is named with its reason, and the
//! report can be read at 80 columns, in a pipe, and by a program.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a missing value in an answer is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::{Value, json};

/// A demo that takes so long hangs.
const LONGEST: Duration = Duration::from_secs(90);

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("outrigger").unwrap();
    for variable in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command.arg("demo").args(arguments).timeout(LONGEST);
    command
}

/// Exit code, standard output and standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().expect("it ends in time, by itself"), text(output.stdout), text(output.stderr))
}

fn account() -> Value {
    let (code, out, error) = run(&mut demo(&["-o", "json"]));
    assert_eq!((code, error.as_str()), (0, ""));
    serde_json::from_str(&out).unwrap()
}

/// Job, PE and the rest, for every PE.
fn pes(account: &Value) -> Vec<(String, String, Value)> {
    let jobs = account["jobs"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of_job = |job: &Value| {
        let name = text(&job["job"]);
        job["pes"].as_array().unwrap().iter().map(move |pe| (name.clone(), pe.clone())).collect::<Vec<_>>()
    };
    jobs.iter().flat_map(of_job).map(|(job, pe)| (job, text(&pe["pe"]), pe)).collect()
}

/// The nodes of the placed PEs of each job that share a token, by job and token.
fn groups(account: &Value, rule: &str) -> BTreeMap<(String, String), Vec<String>> {
    let mut groups: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (job, _, pe) in pes(account) {
        let Some(node) = pe["node"].as_str() else { continue };
        let spec = pe["wishes"].as_array().unwrap().iter().filter_map(Value::as_str);
        for tokens in spec.filter_map(|wish| wish.strip_prefix(rule)) {
            for token in tokens.trim().split(',') {
                groups.entry((job.clone(), token.to_owned())).or_default().push(node.to_owned());
            }
        }
    }
    groups
}

fn width(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn every_pe_is_placed_but_the_one_that_cannot_be_and_it_says_why() {
    let account = account();
    assert_eq!((&account["version"], &account["pes"], &account["placed"]), (&json!(1), &json!(35), &json!(34)));
    let waiting: Vec<_> = pes(&account).into_iter().filter(|(_, _, pe)| pe["node"].is_null()).collect();
    let [(job, name, pe)] = waiting.as_slice() else { panic!("one PE waits: {waiting:?}") };
    assert_eq!((job.as_str(), name.as_str()), ("shop/clickstream", "source-4"));
    assert_eq!(
        pe["refused"],
        json!({"ExlocationConflict": 4}),
        "four nodes are in its pool, each holds another source"
    );
    assert_eq!((&pe["asked"], &pe["left"], &pe["record"]), (&json!(4), &json!(0), &Value::Null));
    assert!(pe["message"].as_str().unwrap().contains("4 ExlocationConflict"), "{pe}");
    for (_, name, pe) in pes(&account) {
        let rejected: u64 = pe["refused"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        let in_tree: u64 = pe["refusedInTree"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        let (asked, left) = (pe["asked"].as_u64().unwrap(), pe["left"].as_u64().unwrap());
        assert_eq!((in_tree + asked, rejected + left), (40, asked), "every node is accounted for: {name}");
    }
}

#[test]
fn exlocation_keeps_apart_colocation_together_and_isolation_alone() {
    let account = account();
    let exlocation = groups(&account, "exlocation");
    assert_eq!(exlocation.len(), 3, "{exlocation:?}");
    for (group, nodes) in exlocation {
        assert!(nodes.len() >= 2, "{group:?} is no group");
        assert_eq!(nodes.iter().collect::<BTreeSet<_>>().len(), nodes.len(), "{group:?} shares a node: {nodes:?}");
    }
    let colocation = groups(&account, "colocation");
    assert_eq!(colocation.len(), 2, "{colocation:?}");
    let bucket: BTreeSet<&String> = colocation.values().flatten().collect();
    assert_eq!(bucket.len(), 1, "two tokens, one bucket, one node: {colocation:?}");

    let pes = pes(&account);
    let on = |node: &Value| pes.iter().filter(|(_, _, pe)| pe["node"] == *node).count();
    let (_, _, score) = pes.iter().find(|(_, name, _)| name == "score").unwrap();
    assert_eq!((&score["wishes"], on(&score["node"])), (&json!(["tags gpu", "isolated"]), 1));
    let exclusive: BTreeSet<&str> =
        pes.iter().filter(|(job, _, _)| job == "payments/fraud").filter_map(|(_, _, pe)| pe["node"].as_str()).collect();
    assert_eq!(exclusive, BTreeSet::from(["c09", "c10", "c11"]), "three nodes, and not c13, where another job's PE is");
    for (_, name, pe) in pes.iter().filter(|(job, _, _)| job == "payments/fraud") {
        assert_eq!(pe["refused"]["PoolNodeInUse"], 1, "{name} may not join c13");
    }
    assert_eq!(exclusive.iter().map(|node| on(&json!(node))).sum::<usize>(), 8, "and nobody else's");

    for check in account["checks"].as_array().unwrap() {
        assert_eq!(check["broken"], json!([]), "{check}");
    }
}

#[test]
fn two_runs_are_alike() {
    let steady = |account: &Value| {
        let mut jobs = account["jobs"].clone();
        for pe in jobs.as_array_mut().unwrap().iter_mut().flat_map(|job| job["pes"].as_array_mut().unwrap()) {
            if let Some(record) = pe["record"].as_object_mut() {
                record.remove("time").expect("a record says when");
            }
        }
        (jobs, account["requests"].clone(), account["injection"].clone())
    };
    assert_eq!(steady(&account()), steady(&account()));
}

#[test]
fn the_servers_were_asked_over_https_and_counted_what_they_did() {
    let account = account();
    let asked = &account["requests"];
    // Each pod is reviewed once; the one that waits is tried again; filter names the best node alone, so that nothing is
    // left to prioritize.
    assert_eq!((&asked["admission/mutate"], &asked["admission/validate"]), (&json!(35), &Value::Null));
    assert_eq!((&asked["extender/filter"], &asked["extender/bind"]), (&json!(36), &json!(34)));
    assert_eq!(asked["extender/prioritize"], Value::Null);
    for server in ["extender", "admission"] {
        assert!(account["servers"][server].as_str().unwrap().starts_with("https://127.0.0.1:"), "{account}");
    }
    let sum = |name: &str| -> f64 {
        let series = account["metrics"].as_str().unwrap().lines().filter(|line| line.starts_with(&format!("{name}{{")));
        series.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    };
    assert!((sum("outrigger_placements_total") - 34.0).abs() < 0.1);
    assert!((sum("outrigger_injections_total") - 35.0).abs() < 0.1);
    let reported: u64 = pes(&account)
        .iter()
        .flat_map(|(_, _, pe)| pe["refused"].as_object().unwrap().clone())
        .filter_map(|(_, n)| n.as_u64())
        .sum();
    // source-4 was refused by four nodes in each of its two cycles.
    assert_eq!(format!("{}", sum("outrigger_node_refusals_total")), format!("{}", reported + 4));
}

#[test]
fn the_pod_that_is_shown_was_injected() {
    let injection = &account()["injection"];
    let after = &injection["after"]["spec"];
    assert_eq!(injection["pod"], "shop/clickstream-source-0");
    assert_eq!(
        (&injection["before"]["spec"]["schedulerName"], &after["schedulerName"]),
        (&json!("default-scheduler"), &json!("outrigger"))
    );
    assert_eq!(after["initContainers"][0]["restartPolicy"], "Always", "a native sidecar");
    assert!(after["affinity"].to_string().contains("tag.outrigger.dev/net25g"), "{after}");

    let (code, out, _) = run(&mut demo(&["-o", "json", "--pod", "clickstream-sink-0"]));
    let account: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &account["injection"]["pod"]), (0, &json!("shop/clickstream-sink-0")));
    let (code, _, error) = run(&mut demo(&["--pod", "nobody"]));
    assert_eq!((code, error.contains("nobody")), (2, true), "{error}");
}

#[test]
fn the_report_fits_80_columns_and_has_no_colours_in_a_pipe() {
    let (code, out, error) = run(&mut demo(&[]));
    assert_eq!((code, error.as_str()), (0, ""), "nobody watches, so there is no progress either");
    assert!(!out.contains('\u{1b}'), "no colours in a pipe");
    assert!(width(&out) <= 80, "{out}");
    for said in [
        "34 of 35 PEs are placed",
        "source-4    pool ingest, exlocation source  none        0  ExlocationConflict×4",
        "+  schedulerName: outrigger",
        "outrigger_placements_total",
        "result=\"bound\" pool=\"shop/ingest\"",
        "otel-collector",
    ] {
        assert!(out.contains(said), "`{said}` is missing in\n{out}");
    }
    // What waits, and why, stands at the end: as a table whose second column begins where the first line says.
    let (_, waits) = out.split_once("\nwaits  ").unwrap();
    let column = waits.find(|c: char| c != ' ').unwrap() + "waits  ".len();
    let lines = waits.lines().skip(1).take(8).map(|line| line.chars().skip(column).collect::<String>());
    let unbroken = lines.collect::<Vec<_>>().join(" ");
    assert!(waits.trim_start().starts_with("source-4 of shop/clickstream"), "{out}");
    assert!(
        unbroken.starts_with("4 of 40 nodes by its own filters ExlocationConflict×4 ExlocationConflict: A PE"),
        "{out}"
    );
    assert!(unbroken.contains("0/40 nodes are available: ") && unbroken.contains("4 ExlocationConflict."), "{out}");
}

#[test]
fn the_report_takes_the_columns_that_there_are() {
    for columns in [60, 80, 100, 120, 140] {
        let (_, out, _) = run(demo(&[]).env("COLUMNS", columns.to_string()));
        assert!(width(&out) <= columns, "{columns}:\n{out}");
        assert_eq!(out.contains("PES/CORE"), columns >= 104, "more columns where there is room:\n{out}");
        let (_, by_flag, _) = run(&mut demo(&["--width", &columns.to_string()]));
        assert_eq!(width(&by_flag), width(&out));
    }
}

#[test]
fn colours_are_a_choice_and_take_no_room() {
    let (_, coloured, _) = run(demo(&[]).env("CLICOLOR_FORCE", "1"));
    assert!(coloured.contains("\u{1b}["), "asked for");
    let mut plain = String::new();
    for (place, part) in coloured.split("\u{1b}[").enumerate() {
        plain.push_str(if place == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert!(width(&plain) <= 80, "{plain}");
    let (_, declined, _) = run(demo(&[]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
    assert!(!declined.contains('\u{1b}'), "declined");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let program = assert_cmd::cargo::cargo_bin("outrigger");
    for (form, reader) in [("text", "head -1"), ("json", "true")] {
        let script = format!("'{}' demo -o {form} | {reader}; exit ${{PIPESTATUS[0]}}", program.display());
        Command::new("bash").args(["-c", &script]).timeout(LONGEST).assert().code(0).stderr("");
    }
}

#[test]
fn own_manifests_are_played() {
    let folder = tempfile::tempdir().unwrap();
    let node = |name: &str, cpu: u32| {
        json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
            "status": {
                "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": 10},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        })
    };
    let pod = |name: &str, cpu: &str| {
        let labels = json!({"outrigger.dev/job": "mine", "outrigger.dev/pe": name});
        let annotations = json!({"outrigger.dev/exlocation": "x"});
        let containers = json!([{"name": "main", "image": "i", "resources": {"requests": {"cpu": cpu}}}]);
        let metadata = json!({"name": name, "labels": labels, "annotations": annotations});
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}})
    };
    let write = |name: &str, items: &[Value]| {
        let path = folder.path().join(name);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        std::fs::write(&path, list.to_string()).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let cluster = write("cluster.yaml", &[node("n1", 4), node("n2", 4)]);
    let play = |jobs: &str| {
        let (code, out, error) = run(&mut demo(&["-o", "json", "--cluster", &cluster, "--jobs", jobs]));
        assert_eq!(error, "");
        (code, serde_json::from_str::<Value>(&out).unwrap())
    };

    let (code, account) = play(&write("fits.yaml", &[pod("a", "1"), pod("b", "1")]));
    assert_eq!((code, &account["placed"]), (0, &json!(2)), "{account}");
    let nodes: BTreeSet<String> =
        pes(&account).iter().map(|(_, _, pe)| pe["node"].as_str().unwrap().to_owned()).collect();
    assert_eq!(nodes, BTreeSet::from(["n1".to_owned(), "n2".to_owned()]));

    let (code, account) = play(&write("large.yaml", &[pod("a", "1"), pod("b", "5")]));
    assert_eq!((code, &account["placed"]), (3, &json!(1)), "{account}");
    let (_, _, large) = pes(&account).into_iter().find(|(_, name, _)| name == "b").unwrap();
    assert_eq!(large["refusedInTree"], json!({"Insufficient cpu": 2}));
}

#[test]
fn what_cannot_be_read_ends_with_2_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\nspec:\n  containers:\n";
    for (flag, name, text, said) in [
        ("--jobs", "broken.yaml", "kind: Pod\nmetadata: {name: [\n", "broken.yaml:"),
        (
            "--jobs",
            "deployment.yaml",
            "# a comment\n---\nkind: Deployment\n",
            "deployment.yaml:3:7: Deployment: kind: the demo does not read this kind",
        ),
        ("--jobs", "empty.yaml", "# nothing\n", "empty.yaml: the file holds no Pod"),
        (
            "--jobs",
            "twice.yaml",
            &format!("{pod}    - {{name: c, image: i}}\n---\n{pod}    - {{name: c, image: i}}\n"),
            "already exists",
        ),
        (
            "--jobs",
            "amount.yaml",
            &format!("{pod}    - {{name: c, resources: {{requests: {{cpu: lots}}}}}}\n"),
            "amount.yaml:6:45: Pod ns/p: spec.containers[0].resources.requests.cpu: `lots`",
        ),
        (
            "--jobs",
            "shape.yaml",
            &format!("{pod}    - name: [c]\n"),
            "shape.yaml:6:13: Pod ns/p: spec.containers[0].name: ",
        ),
        (
            "--cluster",
            "nodeless.yaml",
            "kind: HostPool\napiVersion: outrigger.dev/v1alpha1\nmetadata: {name: p, namespace: ns}\nspec: {}\n",
            "nodeless.yaml: the file holds no Node",
        ),
        (
            "--cluster",
            "pool.yaml",
            "kind: HostPool\napiVersion: outrigger.dev/v1alpha1\nmetadata: {name: p, namespace: ns}\nspec: {mode: Exclusive}\n",
            "pool.yaml:4:14: HostPool ns/p: spec.mode: spec.size",
        ),
    ] {
        let (code, out, error) = run(&mut demo(&[flag, &file(name, text)]));
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {error}");
        assert!(error.contains(said), "{name}: {error}");
    }
    let (code, _, error) = run(&mut demo(&["--cluster", "/nowhere.yaml"]));
    assert_eq!((code, error.contains("/nowhere.yaml")), (2, true), "{error}");
}
