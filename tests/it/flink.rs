//! Dialect `flink` against pods as Apache Flink really creates them: recorded ones, which lie beside the checkout. Where
//! they are absent these tests say so and end.
#![expect(clippy::print_stderr, reason = "whoever runs the tests wants to know what was not tested")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use outrigger::admission::{Context, Decision, KnownDemand, SkipReason, decide};
use outrigger::api::PodObject;
use outrigger::files::embedded;
use outrigger::model::{Declarations, Namespace, Pe, Pod, Pools, ResourceConstraints};
use serde_json::{Value, json};

/// Every recorded object, with the name of its file.
fn recorded() -> Vec<(String, Value)> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/flink");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: there are no recorded pods in {}", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut objects = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for mut document in documents {
            let items = document.get_mut("items").map(Value::take);
            let each = items.and_then(|items| items.as_array().cloned()).unwrap_or_else(|| vec![document]);
            objects.extend(each.into_iter().map(|object| (name.clone(), object)));
        }
    }
    assert!(objects.len() > 10, "the recorded objects are there");
    objects
}

/// The recorded pods of one component, as Flink asked for them: without what came later.
fn asked(component: &str) -> Vec<(String, Value)> {
    let mut pods = recorded();
    pods.retain(|(_, object)| object["kind"] == "Pod" && object["metadata"]["labels"]["component"] == component);
    for (_, pod) in &mut pods {
        let spec = pod["spec"].as_object_mut().unwrap();
        spec.remove("nodeName");
        pod.as_object_mut().unwrap().remove("status");
    }
    pods
}

fn pe(pod: &Value) -> Option<Pe> {
    let object: PodObject = serde_json::from_value(pod.clone()).unwrap();
    embedded().unwrap().pe(&Arc::new(Pod::try_from(&object).unwrap()), &Declarations::default())
}

fn admitted(pod: &Value) -> Decision {
    let (policies, pools, declared) = (embedded().unwrap(), Pools::new(), Declarations::default());
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &declared,
        constraints: &ResourceConstraints::default(),
        demand: KnownDemand::default(),
    };
    decide(pod, &Namespace::from("default"), context)
}

#[test]
fn every_task_manager_is_a_pe_of_its_deployment_and_no_job_manager_is() {
    for (file, pod) in asked("taskmanager") {
        let pe = pe(&pod).unwrap_or_else(|| panic!("{file}"));
        let app = pod["metadata"]["labels"]["app"].as_str().unwrap();
        assert_eq!((&*pe.policy, pe.job.to_string()), ("flink", format!("default/{app}")), "{file}");
        assert_eq!(pod["metadata"]["ownerReferences"][0]["name"], app, "{file}");
        assert!(pe.spec.is_ok() && pe.object.is_none(), "{file}");
        assert_eq!(pe.owner_uid, None, "{file}: a successor has another name, so that nobody comes back");
        assert!(pe.pod.resources.requests.memory.0 >= 1 << 30, "{file}: what Flink has reckoned counts");
    }
    for (file, pod) in asked("jobmanager") {
        assert!(pe(&pod).is_none(), "{file}");
    }
}

#[test]
fn admission_gives_a_task_manager_its_scheduler_and_leaves_its_containers_alone() {
    for (file, pod) in asked("taskmanager") {
        let decision = admitted(&pod);
        if pod["spec"]["schedulerName"] != "default-scheduler" {
            let foreign = decision.skip_reason() == Some(SkipReason::ForeignScheduler);
            assert!(foreign && decision.patch().is_empty(), "{file}: {decision:?}");
            continue;
        }
        assert_eq!(decision.warnings(), [""; 0], "{file}");
        let mut patched = pod.clone();
        json_patch::patch(&mut patched, decision.patch()).unwrap();
        assert_eq!(patched["spec"]["schedulerName"], "outrigger", "{file}");
        assert_eq!(patched["metadata"]["labels"]["outrigger.dev/job"], pod["metadata"]["labels"]["app"], "{file}");
        for toleration in patched["spec"]["tolerations"].as_array().unwrap() {
            assert_eq!(toleration["tolerationSeconds"], 30, "{file}");
        }
        // Flink reckons memory and threads from these, and finds its pods by their labels.
        for part in ["containers", "initContainers", "volumes", "restartPolicy", "affinity", "serviceAccountName"] {
            assert_eq!(patched["spec"].get(part), pod["spec"].get(part), "{file}: {part}");
        }
        for (label, value) in pod["metadata"]["labels"].as_object().unwrap() {
            assert_eq!(&patched["metadata"]["labels"][label], value, "{file}");
        }
        assert!(admitted(&patched).patch().is_empty(), "{file}: a second look adds nothing");
        assert_eq!(pe(&patched).unwrap().job, pe(&pod).unwrap().job, "{file}");
    }
    for (file, pod) in asked("jobmanager") {
        assert!(admitted(&pod).patch().is_empty(), "{file}");
    }
}

#[test]
fn task_managers_that_ask_for_it_are_kept_apart_as_is_one_that_replaces_another() {
    let mut pods = asked("taskmanager");
    pods.retain(|(file, _)| file.contains("bare"));
    let Some((_, first)) = pods.first().cloned() else { return };
    // Asked for by the pod template; a replacement takes the next number.
    for (at, name) in ["bare-taskmanager-1-3", "bare-taskmanager-2-1"].into_iter().enumerate() {
        let mut next = first.clone();
        next["metadata"]["name"] = json!(name);
        next["metadata"]["uid"] = json!(format!("next-{at}"));
        pods.push((name.to_owned(), next));
    }
    for (_, pod) in &mut pods {
        pod["metadata"]["annotations"]["outrigger.dev/exlocation"] = json!("task-managers");
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, items: &[Value]| {
        let path = folder.path().join(name);
        std::fs::write(&path, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let nodes = write("nodes.json", &["n1", "n2", "n3", "n4"].map(crate::objects::node));
    let workload = write("pods.json", &pods.into_iter().map(|(_, pod)| pod).collect::<Vec<Value>>());
    let mut command = assert_cmd::Command::cargo_bin("outrigger").unwrap();
    let output =
        command.args(["simulate", "--cluster", &nodes, "--workload", &workload, "-o", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes: std::collections::BTreeSet<&str> =
        outcome["placements"].as_array().unwrap().iter().filter_map(|one| one["node"].as_str()).collect();
    assert_eq!(nodes.len(), 4, "{outcome}");
}
