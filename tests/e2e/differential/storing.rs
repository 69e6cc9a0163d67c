//! Random manifests through the storing steps of `simulate` and through a server-side dry run.
#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]
#![expect(clippy::print_stderr, reason = "numbers, for whoever runs the tests")]

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use kube::Client;
use outrigger::admission::{Context, KnownDemand};
use outrigger::model::{Declarations, Namespace, ObjectId, Pools, ResourceConstraints, ResourceList, Resources};
use outrigger::policy::PolicySet;
use outrigger::simulate::api_server::ApiServer;
use outrigger::simulate::controllers::{Controller, ControllerKind, created_pods};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::random::Random;
use super::{PARALLEL, cases, post, read};
use crate::cluster::Cluster;
use crate::cluster::wait::until;

const NAMESPACES: [&str; 6] = ["free", "limits-1", "limits-2", "limits-3", "limits-4", "limits-5"];
const PRIORITY_CLASSES: [&str; 6] = ["low", "high", "low", "high", "system-node-critical", "missing"];
const RUNTIME_CLASSES: [&str; 6] = ["runtime-0", "runtime-1", "runtime-2", "runtime-3", "runtime-4", "runtime-5"];
/// How long the API server's own watches may take to show it an object.
const SEEN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn simulate_stores_and_rejects_pods_as_the_api_server_does() {
    let cluster = Cluster::start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let mut server = prepare(&cluster, &client).await;
    let total = cases(60);
    // The second half of the pods gets a default class.
    let mut disagreements = Vec::new();
    let (mut stored, mut rejected) = (0_usize, 0_usize);
    for half in [0..total / 2, total / 2..total] {
        let outcomes = futures::stream::iter(half.map(Case::new)).map(|case| case.compare(&client, &server));
        let outcomes: Vec<(Verdict, Case)> = outcomes.buffer_unordered(PARALLEL).try_collect().await.unwrap();
        for (verdict, case) in outcomes {
            match verdict {
                Verdict::Stored => stored += 1,
                Verdict::Rejected => rejected += 1,
                Verdict::Differs(difference) => disagreements.push((case.number, difference, case.manifest)),
            }
        }
        if half_is_first(&server) {
            add_default_class(&client, &mut server).await;
        }
    }
    eprintln!("{total} manifests: {stored} stored and {rejected} rejected by both, {} differ", disagreements.len());
    disagreements.sort_by_key(|(number, ..)| *number);
    let report: Vec<String> = disagreements
        .iter()
        .take(12)
        .map(|(number, difference, manifest)| format!("case {number}: {difference}\n{manifest}"))
        .collect();
    assert!(report.is_empty(), "{} of {total} differ\n{}", disagreements.len(), report.join("\n\n"));
    assert!(stored > total / 3 && rejected > total / 20, "the cases say little: {stored} stored, {rejected} rejected");
}

fn half_is_first(server: &ApiServer) -> bool {
    !server.priority_classes.contains_key("default")
}

/// A random manifest.
#[derive(Debug)]
struct Case {
    number: usize,
    manifest: Value,
}

enum Verdict {
    Stored,
    Rejected,
    Differs(String),
}

impl Case {
    fn new(number: usize) -> Self {
        let mut random = Random::new(number);
        let namespace = if random.chance(40) { "free" } else { NAMESPACES[random.below(NAMESPACES.len())] };
        let name = format!("case-{number}");
        let mut pod = random.pod(&name, namespace, &RUNTIME_CLASSES);
        random.add_requirements(&mut pod, &PRIORITY_CLASSES);
        if random.chance(25) {
            random.damage(&mut pod);
        }
        // The command reads `null` as absent before anything is stored.
        remove_nulls(&mut pod);
        let manifest = if random.chance(30) { controller(&mut random, pod) } else { pod };
        Self { number, manifest }
    }

    async fn compare(self, client: &Client, server: &ApiServer) -> Result<(Verdict, Self)> {
        let theirs = self.stored_by_api_server(client).await?;
        let ours = self.stored_by_simulate(server);
        let verdict = match (theirs, ours) {
            (Err(_), Err(_)) => Verdict::Rejected,
            (Ok(theirs), Ok(ours)) => {
                let differences = differences(&theirs, &ours);
                if differences.is_empty() { Verdict::Stored } else { Verdict::Differs(differences.join("\n")) }
            }
            (Err(theirs), Ok(_)) => Verdict::Differs(format!("only the API server rejects it: {theirs}")),
            (Ok(_), Err(ours)) => Verdict::Differs(format!("only simulate rejects it: {ours}")),
        };
        Ok((verdict, self))
    }

    async fn stored_by_api_server(&self, client: &Client) -> Result<Result<Value, String>> {
        let answer = dry_run(client, &self.manifest).await?;
        let (Some(kind), Ok(stored)) = (self.controller_kind(), &answer) else { return Ok(answer) };
        // Lists and dry runs leave the kind of an object out.
        let mut controller = stored.clone();
        controller["kind"] = self.manifest["kind"].clone();
        controller["apiVersion"] = self.manifest["apiVersion"].clone();
        dry_run(client, &first_pod(kind, &controller).unwrap()).await
    }

    fn stored_by_simulate(&self, server: &ApiServer) -> Result<Value, String> {
        let pod = match self.controller_kind() {
            Some(kind) => first_pod(kind, &self.manifest)?,
            None => self.manifest.clone(),
        };
        // The webhook is not part of this test.
        let policies = PolicySet::parse(&[]).unwrap();
        let (pools, declared) = (Pools::default(), Declarations::default());
        let context = Context {
            policies: &policies,
            pools: &pools,
            declared: &declared,
            constraints: &ResourceConstraints::default(),
            demand: KnownDemand::default(),
        };
        let stored = server.create(pod, context).map_err(|rejection| rejection.to_string())?;
        read(&stored)?;
        Ok(stored)
    }

    fn controller_kind(&self) -> Option<ControllerKind> {
        ControllerKind::of(None, self.manifest["kind"].as_str()?)
    }
}

fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(remove_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A controller with a pod as its template.
fn controller(random: &mut Random, mut pod: Value) -> Value {
    let (kind, group) =
        [("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("Job", "batch/v1"), ("ReplicaSet", "apps/v1")]
            [random.below(4)];
    let metadata = json!({"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]});
    let labels = json!({"app": "random"});
    let mut spec = json!({});
    if kind == "Job" {
        pod["spec"]["restartPolicy"] = json!("Never");
    } else {
        spec["selector"] = json!({"matchLabels": labels});
    }
    spec["template"] = json!({"metadata": {"labels": labels}, "spec": pod["spec"]});
    json!({"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec})
}

fn first_pod(kind: ControllerKind, controller: &Value) -> Result<Value, String> {
    let controllers = [Controller { kind, object: controller }];
    let created = created_pods(&controllers, &[]).map_err(|(_, invalid)| invalid.to_string())?;
    Ok(created.into_iter().flat_map(|created| created.pods).next().unwrap())
}

async fn dry_run(client: &Client, object: &Value) -> Result<Result<Value, String>> {
    let version = object["apiVersion"].as_str().unwrap();
    let version = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
    let namespace = object["metadata"]["namespace"].as_str().unwrap();
    let kind = object["kind"].as_str().unwrap().to_lowercase();
    post(client, &format!("{version}/namespaces/{namespace}/{kind}s?dryRun=All"), object).await
}

/// Everything that placement reads and in which two stored pods differ.
fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, theirs: String, ours: String| {
        if theirs != ours {
            found.push(format!("{what}: the API server has {theirs}, simulate {ours}"));
        }
    };
    let pods = [theirs, ours].map(|pod| read(pod).unwrap());
    let sums = |resources: &Resources| {
        let other = resources.other.iter().filter(|(_, units)| *units > 0);
        format!("{} {} {:?}", resources.cpu, resources.memory, other.collect::<Vec<_>>())
    };
    let [requests, limits] = [0, 1].map(|which| {
        pods.each_ref().map(|pod| sums(if which == 0 { &pod.resources.requests } else { &pod.resources.limits }))
    });
    let both = |values: [String; 2]| values;
    for (what, [theirs, ours]) in [
        ("requests", both(requests)),
        ("limits", both(limits)),
        ("node requirements", pods.each_ref().map(|pod| format!("{:?}", pod.node_requirements))),
        ("priority", pods.each_ref().map(|pod| pod.priority.to_string())),
        ("preferences", pods.each_ref().map(|pod| pod.has_preferences.to_string())),
    ] {
        compare(what, theirs, ours);
    }
    let specs = [theirs, ours].map(|pod| &pod["spec"]);
    for member in ["priorityClassName", "tolerations", "nodeSelector"] {
        let [theirs, ours] = specs.map(|spec| without_empty(&spec[member]).to_string());
        compare(member, theirs, ours);
    }
    for member in ["requests", "limits"] {
        let [theirs, ours] = specs.map(|spec| amounts(&spec["resources"][member]));
        compare(&format!("{member} of the pod"), theirs, ours);
        for list in ["containers", "initContainers"] {
            let all = specs.map(|spec| spec[list].as_array().map_or(&[][..], Vec::as_slice));
            for (theirs, ours) in all[0].iter().zip(all[1]) {
                let [theirs, ours] = [theirs, ours].map(|container| amounts(&container["resources"][member]));
                compare(&format!("{member} in {list}"), theirs, ours);
            }
        }
    }
    let [theirs, ours] = specs.map(|spec| amounts(&spec["overhead"]));
    compare("overhead", theirs, ours);
    found
}

fn without_empty(value: &Value) -> Value {
    let is_empty =
        value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty);
    if is_empty { Value::Null } else { value.clone() }
}

fn amounts(written: &Value) -> String {
    let mut list = ResourceList::default();
    for (name, amount) in written.as_object().into_iter().flatten() {
        list.set(name, amount.as_str().unwrap_or_default()).unwrap();
    }
    list.texts().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<String>>().join(" ")
}

/// Makes namespaces, limit ranges and classes; returns what of them `simulate` is given.
async fn prepare(cluster: &Cluster, client: &Client) -> ApiServer {
    for namespace in NAMESPACES {
        cluster.create_namespace(namespace).await.unwrap();
    }
    let mut server = ApiServer::default();
    let mut seeds = 1_000_000..;
    for (at, namespace) in NAMESPACES.into_iter().enumerate().skip(1) {
        for resource in ["cpu", "memory"].into_iter().take(1 + at % 2) {
            let path = format!("/api/v1/namespaces/{namespace}/limitranges");
            let make = |seed| Random::new(seed).limit_range(resource, namespace, resource);
            let written = first_accepted(client, &path, &mut seeds, make).await;
            let id = ObjectId::new(&Namespace::from(namespace), resource);
            server.limit_ranges.insert(id, typed(&written));
        }
    }
    for name in RUNTIME_CLASSES {
        let make = |seed| Random::new(seed).runtime_class(name);
        let written = first_accepted(client, "/apis/node.k8s.io/v1/runtimeclasses", &mut seeds, make).await;
        server.runtime_classes.insert(name.to_owned(), typed(&written));
    }
    for (name, value) in [("low", -5), ("high", 1_000)] {
        add_class(client, &mut server, name, value, false).await;
    }
    await_sentinels(client).await;
    server
}

/// Creates the first object that the API server accepts, and returns it as it was written.
async fn first_accepted(
    client: &Client,
    path: &str,
    seeds: &mut impl Iterator<Item = usize>,
    make: impl Fn(usize) -> Value,
) -> Value {
    for seed in seeds {
        let written = make(seed);
        if post(client, path, &written).await.unwrap().is_ok() {
            return written;
        }
    }
    Value::Null
}

async fn add_class(client: &Client, server: &mut ApiServer, name: &str, value: i32, is_default: bool) {
    let class = json!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
        "value": value, "globalDefault": is_default,
    });
    post(client, "/apis/scheduling.k8s.io/v1/priorityclasses", &class).await.unwrap().unwrap();
    server.priority_classes.insert(name.to_owned(), typed(&class));
}

async fn add_default_class(client: &Client, server: &mut ApiServer) {
    add_class(client, server, "default", 77, true).await;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sentinel", "namespace": "free"},
        "spec": {"containers": [{"name": "main", "image": "none"}]},
    });
    until("the API server knows the default class", SEEN, async || {
        let stored = dry_run(client, &pod).await?;
        ensure!(stored.as_ref().is_ok_and(|pod| pod["spec"]["priority"] == 77), "{stored:?}");
        Ok(())
    })
    .await
    .unwrap();
}

/// Waits until the API server's own watches have shown everything before: the last object of each kind.
async fn await_sentinels(client: &Client) {
    let limits = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "sentinel", "namespace": "default"},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": "3"}}]},
    });
    let class = json!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "sentinel"}, "value": 3,
    });
    let runtime = json!({
        "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "sentinel"}, "handler": "other",
    });
    for (path, object) in [
        ("/api/v1/namespaces/default/limitranges", limits),
        ("/apis/scheduling.k8s.io/v1/priorityclasses", class),
        ("/apis/node.k8s.io/v1/runtimeclasses", runtime),
    ] {
        post(client, path, &object).await.unwrap().unwrap();
    }
    let spec = json!({
        "priorityClassName": "sentinel", "runtimeClassName": "sentinel", "containers": [{"name": "main", "image": "none"}],
    });
    let metadata = json!({"name": "sentinel", "namespace": "default"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    until("the API server knows all limits and classes", SEEN, async || {
        let stored = dry_run(client, &pod).await?;
        let limit = stored.as_ref().map(|pod| pod.pointer("/spec/containers/0/resources/limits/cpu"));
        ensure!(limit.is_ok_and(|limit| limit.is_some_and(|cpu| cpu == "3")), "{stored:?}");
        Ok(())
    })
    .await
    .unwrap();
}

fn typed<T: DeserializeOwned>(object: &Value) -> T {
    serde_json::from_value(object.clone()).unwrap()
}
