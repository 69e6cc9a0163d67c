//! Jobs of open-streams: given by the objects that their operator writes, and by the labels of its pods.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

use crate::cluster::wait::until;
use crate::cluster::{Cluster, FakeNode, Installation};
use crate::explain::explained;
use crate::installation::installed;
use crate::placement::pe::{DECIDED, Pe, Team, node, wish};

/// How long the API server may take until it serves what was defined.
const SERVED: Duration = Duration::from_secs(30);

/// The definitions of the group as far as they are read; their schema is open.
async fn define(cluster: &Cluster) {
    let kinds = [
        ("Job", "streamsjobs", "streamsjob"),
        ("ProcessingElement", "streamspes", "streamspe"),
        ("HostPool", "streamshostpools", "streamshostpool"),
        ("ParallelRegion", "streamsprs", "streamspr"),
    ];
    for (kind, plural, singular) in kinds {
        let spec = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        let schema = json!({ "openAPIV3Schema": { "type": "object", "properties": { "spec": spec } } });
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.streams.ibm.com") },
            "spec": {
                "group": "streams.ibm.com",
                "scope": "Namespaced",
                "names": { "kind": kind, "plural": plural, "singular": singular },
                "versions": [{ "name": "v1", "served": true, "storage": true, "schema": schema }],
            },
        });
        cluster.kubectl().apply(&definition.to_string()).await.unwrap();
    }
    until("the kinds of streams.ibm.com are served", SERVED, async || {
        for (_, plural, _) in kinds {
            cluster.kubectl().run(&["get", &format!("{plural}.streams.ibm.com")]).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

/// Makes or changes an object of the group, of job `app`.
async fn put(cluster: &Cluster, team: &Team, kind: &str, name: &str, spec: &Value) {
    let object = json!({
        "apiVersion": "streams.ibm.com/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": team.namespace,
            "labels": { "app": "streams", "streams.ibm.com/job": "app", "streams.ibm.com/generation": "0" },
        },
        "spec": spec,
    });
    cluster.kubectl().apply(&object.to_string()).await.unwrap();
}

async fn place_by(cluster: &Cluster, team: &Team, pe: &str, placement: &Value) {
    let spec = json!({ "id": 0, "launchCount": 1, "placement": placement });
    put(cluster, team, "ProcessingElement", &format!("app-{pe}"), &spec).await;
}

/// Terms as the operator writes them: any tag, which no node has by its label; tokens of all jobs; an isolated PE.
fn native() -> Value {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    let selects = |key: &str, value: &str| json!([{ "key": key, "operator": "In", "values": [value] }]);
    let tag = |value: &str| json!({ "matchExpressions": selects("streams.ibm.com/hostpool", value) });
    let token = |key: &str| {
        let selector = json!({ "matchExpressions": selects(&format!("streams.ibm.com/{key}"), "x") });
        json!({ "labelSelector": selector, "topologyKey": "kubernetes.io/hostname" })
    };
    json!({
        "nodeAffinity": { REQUIRED: { "nodeSelectorTerms": [tag("a"), tag("b")] } },
        "podAffinity": { REQUIRED: [token("hostcolocation.0001"), token("hostcolocation.0002")] },
        "podAntiAffinity": { REQUIRED: [token("hostexlocation.0003"), token("hostisolation.0004")] },
    })
}

/// A pod of a PE as the operator creates it, owned by the `ProcessingElement`; one of its labels is illegal.
async fn pod_of(cluster: &Cluster, team: &Team, pe: &str, suffix: &str) -> Value {
    let object = format!("streamspes.streams.ibm.com/app-{pe}");
    let owner = cluster.kubectl().json(&["get", "-n", &team.namespace, &object]).await.unwrap();
    json!({
        "metadata": {
            "name": format!("app-{pe}-{suffix}"),
            "labels": {
                "app": "streams", "svc": "pe", "streams.ibm.com/job": "app", "streams.ibm.com/pe": pe,
                "streams.ibm.com/generation": "0", "streams.ibm.com/launch-count": "1",
                "streams.ibm.com/hostexlocation.0003": "x", "streams.ibm.com/hostisolation.0005": "Op-3-",
            },
            "ownerReferences": [{
                "apiVersion": "streams.ibm.com/v1", "kind": "ProcessingElement", "name": format!("app-{pe}"),
                "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "affinity": native(),
            "containers": [{ "name": "pe", "image": "none" }],
        },
    })
}

async fn create(team: &Team, pod: Value) {
    let pod: Pod = serde_json::from_value(pod).unwrap();
    team.pods.create(&PostParams::default(), &pod).await.unwrap();
}

fn tagged(name: &str, tags: &[&str]) -> FakeNode {
    tags.iter().fold(FakeNode::new(name), |node, tag| node.label(&format!("tag.outrigger.dev/{tag}"), ""))
}

async fn with_nodes() -> Installation {
    let installation = installed(|all| all).await;
    let nodes = [tagged("n1", &["a"]), tagged("n2", &["b"]), tagged("n3", &["a", "b"]), tagged("n4", &["a", "b"])];
    installation.cluster.create_nodes(&nodes).await.unwrap();
    installation
}

#[tokio::test]
async fn a_job_given_by_its_objects_is_placed_though_their_kinds_are_defined_after_the_start() {
    let installation = with_nodes().await;
    let cluster = &installation.cluster;
    define(cluster).await;
    let team = Team::new(cluster, "streams").await;
    put(cluster, &team, "Job", "app", &json!({ "id": 0, "statistics": { "processingElementCount": 4 } })).await;
    let pool = json!({ "hostpool": { "name": "P", "index": 1, "membershipMode": "shared", "tags": ["a", "b"] } });
    put(cluster, &team, "HostPool", "app-1", &pool).await;
    let in_pool = json!({ "poolIndex": 1, "inpoolIndex": null });
    let apart = json!({ "exLocations": ["apart"], "coLocations": [], "hostPoolLocation": in_pool });
    let near = json!({ "exLocations": ["apart"], "coLocations": ["to, gether"], "hostPoolLocation": in_pool });
    for (pe, placement) in [
        ("0", &near),
        ("1", &apart),
        ("2", &json!({ "coLocations": ["to, gether"] })),
        ("3", &json!({ "host": "n2", "isolation": "Op[3]", "isolationLabels": [] })),
    ] {
        place_by(cluster, &team, pe, placement).await;
        // At once: it has to wait until the kind, and its own object, have been seen.
        create(&team, pod_of(cluster, &team, pe, "x1").await).await;
    }
    let [first, second] = [team.node_of("app-0-x1").await, team.node_of("app-1-x1").await];
    let mut pair = [first.as_str(), second.as_str()];
    pair.sort_unstable();
    assert_eq!(pair, ["n3", "n4"], "both tags, and apart");
    assert_eq!(team.node_of("app-2-x1").await, first, "a token may be any text");
    assert_eq!(team.node_of("app-3-x1").await, "n2");
    let placed = team.pods.get("app-0-x1").await.unwrap();
    let record: Value = serde_json::from_str(wish(&placed, "placement").unwrap()).unwrap();
    assert_eq!(record["pool"], "streams/streams.ibm.com/app-1");

    widths_are_told(&installation, &team, "app-0-x1").await;

    // The isolated one keeps others off its node, and a changed object changes the next placement.
    place_by(cluster, &team, "2", &json!({ "host": "n2" })).await;
    team.delete("app-2-x1").await;
    create(&team, pod_of(cluster, &team, "2", "x2").await).await;
    let rejection = team.rejected("app-2-x2").await;
    assert!(rejection.contains("NodeHoldsIsolatedPe") && rejection.contains("HostMismatch"), "{rejection}");
    // kube-scheduler, which sees nothing of an object that changes, is told; whether or not that helps.
    place_by(cluster, &team, "2", &json!({ "host": "nowhere" })).await;
    let requeued = until("the PE is woken", DECIDED, async || {
        let pod = team.pods.get("app-2-x2").await?;
        wish(&pod, "wake").map(str::to_owned).context("not yet")
    });
    requeued.await.unwrap();
    place_by(cluster, &team, "2", &json!({ "host": "n1" })).await;
    assert_eq!(team.node_of("app-2-x2").await, "n1");

    // Another object of the same name is another PE: its pod waits for it, and takes nothing over.
    let objects = ["delete", "-n", &team.namespace, "--wait", "streamspes.streams.ibm.com/app-2"];
    cluster.kubectl().run(&objects).await.unwrap();
    gone(&team.pods, "app-2-x2").await;
    place_by(cluster, &team, "2", &json!({ "host": "n4" })).await;
    create(&team, pod_of(cluster, &team, "2", "x3").await).await;
    assert_eq!(team.node_of("app-2-x3").await, "n4");

    // What kubectl prints is all that it takes to say where a replacement would go, and why not elsewhere.
    let mut next = pod_of(cluster, &team, "1", "x2").await;
    json_patch::merge(&mut next, &json!({ "kind": "Pod", "metadata": { "namespace": team.namespace } }));
    let placement = simulated(cluster, &next).await;
    let reasons = json!({ "ExlocationConflict": 2, "PoolTagMissing": 2 });
    assert_eq!((&placement["node"], &placement["reasons"]), (&Value::Null, &reasons), "both places are taken");
}

/// Nothing is decided by a parallel region; who asks is told its width.
async fn widths_are_told(installation: &Installation, team: &Team, pod: &str) {
    for width in [2, 3] {
        let region = json!({ "index": 0, "alias": "Work", "width": width });
        put(&installation.cluster, team, "ParallelRegion", "app-0", &region).await;
        let reported = until("the width is told", DECIDED, async || {
            let explanation = explained(installation, &team.namespace, pod).await;
            ensure!(explanation["parallelRegions"] == json!({ "Work": width }), "{explanation}");
            Ok(())
        });
        reported.await.unwrap();
    }
}

/// Where `simulate` would place a pod, from nothing but what kubectl prints of the cluster.
#[expect(clippy::disallowed_methods, reason = "writes what a person would have written")]
async fn simulated(cluster: &Cluster, pod: &Value) -> Value {
    let kinds = "nodes,hostpools.outrigger.dev,streamjobs,streamsjobs,streamspes,streamshostpools,streamsprs,pods";
    let printed = cluster.kubectl().run(&["get", kinds, "-A", "-o", "yaml"]).await.unwrap();
    let folder = cluster.folder().join("simulated");
    std::fs::create_dir_all(&folder).unwrap();
    let files = [("cluster.yaml", printed), ("pod.json", pod.to_string())].map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrigger"));
    command.args(["simulate", "-o", "json", "--cluster"]).arg(&files[0]).arg("--workload").arg(&files[1]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    outcome["placements"][0].clone()
}

/// Waits until a pod is gone, as its owner is.
async fn gone(pods: &Api<Pod>, name: &str) {
    until("the pod goes with its owner", DECIDED, async || {
        let pod = pods.get_opt(name).await?;
        if let Some(pod) = &pod {
            ensure!(node(pod).is_some(), "it waits");
            pods.delete(name, &DeleteParams::default().grace_period(0)).await?;
        }
        ensure!(pod.is_none(), "it is there");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_kinds_that_go_leave_the_rest_running() {
    let mut installation = with_nodes().await;
    define(&installation.cluster).await;
    let team = Team::new(&installation.cluster, "streams").await;
    let cluster = &installation.cluster;
    place_by(cluster, &team, "0", &json!({ "host": "n1", "isolation": "Op" })).await;
    create(&team, pod_of(cluster, &team, "0", "x1").await).await;
    assert_eq!(team.node_of("app-0-x1").await, "n1");

    // Whoever starts now sees the isolated PE before its object says that it is isolated; nobody may slip in between.
    let extender = installation.extender.as_mut().unwrap();
    extender.restart().await.unwrap();
    team.create(Pe::new("other", "guest").wish("hosts", "n1")).await;
    let rejection = team.rejected("guest").await;
    assert!(rejection.contains("NodeHoldsIsolatedPe"), "{rejection}");

    let cluster = &installation.cluster;
    cluster.kubectl().run(&["delete", "-n", &team.namespace, "streamspes.streams.ibm.com", "--all"]).await.unwrap();
    let kinds = ["streamspes", "streamshostpools", "streamsjobs", "streamsprs"]
        .map(|plural| format!("{plural}.streams.ibm.com"));
    let [pes, pools, jobs, regions] = &kinds;
    cluster.kubectl().run(&["delete", "crd", pes, pools, jobs, regions]).await.unwrap();
    gone(&team.pods, "app-0-x1").await;
    assert_eq!(team.node_of("guest").await, "n1");
    until("the watches have found out", SERVED, async || {
        let metrics = installation.extender.as_ref().unwrap().metrics().await?;
        let age = metrics.lines().find_map(|line| line.strip_prefix("outrigger_snapshot_age_seconds "));
        ensure!(age == Some("0"), "the view is {age:?} s old");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(team.place(Pe::new("other", "late").wish("hosts", "n2")).await, "n2");
    // And come again.
    define(&installation.cluster).await;
    place_by(cluster, &team, "1", &json!({ "host": "n3" })).await;
    create(&team, pod_of(cluster, &team, "1", "x1").await).await;
    assert_eq!(team.node_of("app-1-x1").await, "n3");
}
