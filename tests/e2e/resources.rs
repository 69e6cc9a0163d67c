//! The custom resources, as users meet them: what is refused and in which words, what `kubectl get` shows, and what
//! becomes known of jobs and pools.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};

use crate::cluster::installation::NAMESPACE;
use crate::cluster::outrigger::Outrigger;
use crate::cluster::wait::until;
use crate::cluster::{Cluster, FakeNode};
use crate::installation::{annotation, installed, shared};
use crate::placement::pe::{DECIDED, Pe, Team, nodes_of};

/// How long another process may take to gain the lease of the controllers: it runs out after 6 s, and is looked at
/// every 2 s.
const TAKEN_OVER: Duration = Duration::from_secs(30);

/// A `StreamJob` of namespace `default`.
fn stream_job(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "outrigger.dev/v1alpha1",
        "kind": "StreamJob",
        "metadata": { "name": name, "namespace": "default" },
        "spec": spec,
    })
}

/// What the API server says to a `StreamJob` that it refuses.
async fn rejection(cluster: &Cluster, spec: &Value) -> String {
    let object = stream_job("refused", spec).to_string();
    let dry_run = ["create", "--dry-run=server", "-f", "-"];
    cluster.kubectl().feed(&dry_run, &object).await.unwrap_or_else(|error| error.to_string())
}

#[test]
fn stream_jobs_that_contradict_themselves_are_refused_with_what_to_do() {
    shared(async |installation| {
        let pe = |spec: Value| {
            let mut pe = json!({ "name": "a" });
            json_patch::merge(&mut pe, &spec);
            json!({ "pes": [pe, { "name": "b" }] })
        };
        let streams =
            |connections: Value| json!({ "pes": [{ "name": "a" }, { "name": "b" }], "connections": connections });
        let table = [
            (pe(json!({ "hostPool": "p", "hostTags": ["ssd"] })), "cannot be combined: keep one of them"),
            (pe(json!({ "poolIndex": 1 })), "name the pool with hostPool"),
            (pe(json!({ "hostPool": "p", "poolIndex": -1 })), "should be greater than or equal to 0"),
            (pe(json!({ "isolated": true, "colocation": ["x"] })), "an isolated PE cannot share its node; keep one"),
            (pe(json!({ "isolated": true, "exlocation": ["x"] })), "leave its exlocation out"),
            (pe(json!({ "colocation": ["x,y"] })), "should match"),
            (pe(json!({ "scheme": "best" })), "supported values: \"balancedInstance\""),
            (pe(json!({ "name": "b" })), "Duplicate value: {\"name\":\"b\"}"),
            (streams(json!([{ "from": "a", "to": "c" }])), "leads to a PE that is not listed: add it to pes"),
            (streams(json!([{ "from": "c", "to": "a" }])), "comes from a PE that is not listed: add it to pes"),
            (streams(json!([{ "from": "a", "to": "a" }])), "leave it out"),
            (streams(json!([{ "from": "a", "to": "b", "bytesPerSecond": -1 }])), "greater than or equal to 0"),
            (streams(json!([{ "from": "a", "to": "b" }, { "from": "a", "to": "b" }])), "Duplicate value"),
            (json!({ "gang": {} }), "keep exactly one of them"),
            (json!({ "gang": { "all": true, "minMember": 2 } }), "keep exactly one of them"),
            (json!({ "gang": { "all": false } }), "leave gang out"),
            (json!({ "gang": { "minMember": 0 } }), "greater than or equal to 1"),
        ];
        for (spec, expected) in table {
            let said = rejection(&installation.cluster, &spec).await;
            assert!(said.contains("is invalid") && said.contains(expected), "{spec}: {said}");
        }
        // What the schema cannot see: PEs that contradict each other.
        let bridged = json!({ "pes": [
            { "name": "a", "colocation": ["t"], "exlocation": ["x"] },
            { "name": "b", "colocation": ["t", "u"] },
            { "name": "c", "colocation": ["u"], "exlocation": ["x"] },
        ] });
        let said = rejection(&installation.cluster, &bridged).await;
        let expected = "PE a: colocation against exlocation: it shares exlocation token `x` with PE c";
        assert!(said.contains("denied the request") && said.contains(expected), "{said}");
        let taken = rejection(&installation.cluster, &streams(json!([{ "from": "a", "to": "b" }]))).await;
        assert!(taken.contains("created"), "{taken}");
    });
}

/// Makes a `StreamJob` in a namespace.
async fn declare(cluster: &Cluster, namespace: &str, name: &str, spec: &Value) {
    let mut object = stream_job(name, spec);
    object["metadata"]["namespace"] = json!(namespace);
    cluster.kubectl().apply(&object.to_string()).await.unwrap();
}

/// The status of an object such as `streamjob/clicks`.
async fn status(cluster: &Cluster, namespace: &str, object: &str) -> Result<Value> {
    let object = cluster.kubectl().json(&["get", "-n", namespace, object]).await?;
    object.get("status").cloned().context("it has no status")
}

/// Waits until the status of an object holds these values, by their paths; returns it.
async fn shows(cluster: &Cluster, namespace: &str, object: &str, expected: &[(&str, Value)]) -> Value {
    let what = format!("the status of {object} is as it should be");
    let shown = until(&what, DECIDED, async || {
        let status = status(cluster, namespace, object).await?;
        for (path, value) in expected {
            ensure!(status.pointer(path) == Some(value), "{path} is not {value}: {status:#}");
        }
        Ok(status)
    });
    shown.await.unwrap()
}

/// Events by what they regard and their reason: `Pod/a Placed`, with the last note of each.
async fn events(cluster: &Cluster, namespace: &str) -> Result<BTreeMap<String, Event>> {
    let events: Api<Event> = Api::namespaced(cluster.client().await?, namespace);
    let ours = events
        .list(&ListParams::default())
        .await?
        .items
        .into_iter()
        .filter(|event| event.reporting_controller.as_deref() == Some("outrigger.dev/controller"));
    let named = ours.filter_map(|event| {
        let regarding = event.regarding.as_ref()?;
        let (kind, name) = (regarding.kind.as_deref()?, regarding.name.as_deref()?);
        Some((format!("{kind}/{name} {}", event.reason.as_deref()?), event))
    });
    Ok(named.collect())
}

/// What `kubectl get` prints, with single spaces and without the last column, the age.
fn columns(printed: &str) -> Vec<String> {
    let lines = printed.lines().filter(|line| !line.is_empty());
    let rows = lines.map(|line| line.split_whitespace().collect::<Vec<&str>>());
    rows.map(|cells| cells[..cells.len() - 1].join(" ")).collect()
}

#[test]
fn jobs_and_pools_show_what_a_person_wants_to_know() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_nodes(&nodes_of("shown", &["shown-1", "shown-2"])).await.unwrap();
        let team = Team::new(cluster, "shown").await;
        let namespace = team.namespace.as_str();
        team.pool(cluster, "fast", &json!({ "tags": ["shown"], "size": 2 })).await;
        let source = |name: &str| json!({ "name": name, "hostPool": "fast", "exlocation": ["sources"] });
        let sources = json!({ "pes": [source("a"), source("b"), source("c")] });
        declare(cluster, namespace, "clicks", &sources).await;
        shows(cluster, namespace, "streamjob/clicks", &[("/phase", json!("Pending")), ("/of", json!(3))]).await;

        // what the pods say is not what counts
        for name in ["a", "b"] {
            team.place(Pe::new("clicks", name).wish("exlocation", "others")).await;
        }
        team.create(Pe::new("clicks", "c")).await;
        let rejected = team.rejected("c").await;
        assert!(rejected.contains("2 ExlocationConflict"), "{rejected}");

        let status = shows(
            cluster,
            namespace,
            "streamjob/clicks",
            &[
                ("/phase", json!("Placing")),
                ("/placed", json!(2)),
                ("/placements/2/pe", json!("c")),
                ("/placements/2/refused/ExlocationConflict", json!(2)),
                ("/conditions/1/type", json!("SpecOverridden")),
                ("/conditions/1/status", json!("True")),
                ("/observedGeneration", json!(1)),
            ],
        )
        .await;
        let message = status["conditions"][1]["message"].as_str().unwrap();
        assert!(message.ends_with("PE a: outrigger.dev/exlocation; PE b: outrigger.dev/exlocation"), "{message}");
        let pool = shows(cluster, namespace, "hostpool/fast", &[("/jobs", json!(1)), ("/nodes", json!(2))]).await;
        let expected = json!([{ "job": "clicks", "pes": 2, "nodes": ["shown-1", "shown-2"] }]);
        assert_eq!(pool["allocations"], expected);

        let printed = cluster.kubectl().run(&["get", "-n", namespace, "hostpools,streamjobs"]).await.unwrap();
        assert_eq!(
            columns(&printed),
            [
                "NAME MODE SIZE NODES JOBS TAGS",
                "hostpool.outrigger.dev/fast Shared 2 2 1 [\"shown\"]",
                "NAME PES PLACED PHASE",
                "streamjob.outrigger.dev/clicks 3 2 Placing",
            ]
        );
        let short = cluster.kubectl().run(&["get", "-n", namespace, "sj,hp", "-o", "name"]).await.unwrap();
        let category = cluster.kubectl().run(&["get", "-n", namespace, "outrigger", "-o", "name"]).await.unwrap();
        assert_eq!((short.lines().count(), category.lines().count()), (2, 2), "{short}{category}");

        team.delete("a").await;
        team.node_of("c").await;
        shows(
            cluster,
            namespace,
            "streamjob/clicks",
            &[("/placed", json!(2)), ("/of", json!(3)), ("/placements/1/pe", json!("c"))],
        )
        .await;
    });
}

#[test]
fn status_follows_a_placement_within_a_second_and_events_tell_it() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_nodes(&nodes_of("told", &["told-1", "told-2"])).await.unwrap();
        let team = Team::new(cluster, "told").await;
        let job = json!({ "pes": [{ "name": "a", "hostTags": ["told"] }] });
        declare(cluster, &team.namespace, "news", &job).await;
        let names = ["a", "b", "c", "d", "e"];
        for name in names {
            team.place(Pe::new("news", name).wish("host-tags", "told")).await;
        }
        shows(cluster, &team.namespace, "streamjob/news", &[("/phase", json!("Placed")), ("/of", json!(5))]).await;
        team.create(Pe::new("news", "misfit").wish("host-tags", "told").wish("hosts", "elsewhere")).await;
        let reported = until("all is told", DECIDED, async || {
            let events = events(cluster, &team.namespace).await?;
            for what in ["Pod/misfit Waiting", "StreamJob/news Waiting", "StreamJob/news Placed"] {
                ensure!(events.contains_key(what), "{what} is not among {:?}", events.keys());
            }
            for name in names {
                ensure!(events.contains_key(&format!("Pod/{name} Placed")), "{name}: {:?}", events.keys());
            }
            Ok(events)
        });
        let reported = reported.await.unwrap();
        let waits = reported["Pod/misfit Waiting"].note.as_deref().unwrap();
        assert!(
            waits.starts_with("PE misfit waits for a node; nodes rejected: ") && waits.contains("2 HostMismatch"),
            "{waits}"
        );

        // both by one clock: the record has the time of the commitment, the event is written after the status
        let mut lags: Vec<SignedDuration> = Vec::new();
        for name in names {
            let pod = team.pods.get(name).await.unwrap();
            let record: Value = serde_json::from_str(annotation(&pod, "outrigger.dev/placement").unwrap()).unwrap();
            let committed: Timestamp = record["time"].as_str().unwrap().parse().unwrap();
            let event = &reported[&format!("Pod/{name} Placed")];
            assert!(event.note.as_deref().unwrap().contains(record["node"].as_str().unwrap()), "{event:?}");
            lags.push(event.event_time.as_ref().unwrap().0.duration_since(committed));
        }
        lags.sort_unstable();
        // The promise is kept by most; where two cores run several clusters at once one may come later.
        assert!(lags[names.len() / 2] < SignedDuration::from_secs(1), "{lags:?}");
        assert!(lags[names.len() - 1] < SignedDuration::from_secs(5), "{lags:?}");
    });
}

#[tokio::test]
async fn a_status_that_is_wiped_comes_back_also_after_a_restart() {
    let mut installation = installed(|all| all).await;
    let tagged = ["n1", "n2"].map(|name| FakeNode::new(name).label("tag.outrigger.dev/ssd", ""));
    installation.cluster.create_nodes(&tagged).await.unwrap();
    let team = Team::new(&installation.cluster, "wiped").await;
    team.pool(&installation.cluster, "fast", &json!({ "tags": ["ssd"], "size": 1 })).await;
    let job = json!({ "pes": [{ "name": "a", "hostPool": "fast" }, { "name": "b", "hosts": ["elsewhere"] }] });
    declare(&installation.cluster, "wiped", "j", &job).await;
    team.place(Pe::new("j", "a")).await;
    team.create(Pe::new("j", "b")).await;
    let placed = [("/placed", json!(1)), ("/placements/1/refused/HostMismatch", json!(2))];
    let used = [("/jobs", json!(1)), ("/allocations/0/pes", json!(1))];
    let job = shows(&installation.cluster, "wiped", "streamjob/j", &placed).await;
    let pool = shows(&installation.cluster, "wiped", "hostpool/fast", &used).await;

    for restarts in [false, true] {
        if restarts {
            installation.extender.as_mut().unwrap().restart().await.unwrap();
        }
        let cluster = &installation.cluster;
        for object in ["streamjob/j", "hostpool/fast"] {
            let wipe = ["patch", "-n", "wiped", object, "--subresource=status", "--type=merge"];
            cluster.kubectl().run(&[&wipe[..], &["-p", r#"{"status": null}"#]].concat()).await.unwrap();
        }
        let again = shows(cluster, "wiped", "streamjob/j", &placed[..1]).await;
        assert_eq!(again["placements"][0], job["placements"][0], "after a restart: {restarts}");
        assert_eq!(shows(cluster, "wiped", "hostpool/fast", &used).await, pool, "after a restart: {restarts}");
    }
}

/// Whether a process holds the lease of the controllers, and how many writes it has made.
async fn leads(outrigger: &Outrigger) -> Result<(bool, f64)> {
    let metrics = outrigger.metrics().await?;
    let values = |name: &str| -> Vec<f64> {
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
    };
    let held = values("outrigger_controller_lease_held").iter().sum::<f64>() > 0.5;
    Ok((held, values("outrigger_controller_writes_total").iter().sum()))
}

#[tokio::test]
async fn only_the_process_that_holds_the_lease_writes() {
    let mut installation = installed(|all| all).await;
    let cluster = &installation.cluster;
    cluster.create_nodes(&["n1", "n2"].map(FakeNode::new)).await.unwrap();
    let team = Team::new(cluster, "led").await;
    let first = installation.extender.as_ref().unwrap();
    until("the first process leads", TAKEN_OVER, async || {
        ensure!(leads(first).await?.0, "it does not hold the lease");
        Ok(())
    })
    .await
    .unwrap();
    let second = installation.start_extender("second").await.unwrap();
    declare(cluster, "led", "j", &json!({})).await;
    team.place(Pe::new("j", "a")).await;
    shows(cluster, "led", "streamjob/j", &[("/placed", json!(1))]).await;
    assert!(leads(first).await.unwrap().1 > 0.0);
    assert_eq!(leads(&second).await.unwrap(), (false, 0.0), "the second one has written nothing");

    // The first one is killed without a word, and the status goes on to be written.
    installation.scheduler = None;
    installation.extender = None;
    let cluster = &installation.cluster;
    team.delete("a").await;
    let status = until("the second process leads", TAKEN_OVER, async || {
        let status = status(cluster, "led", "streamjob/j").await?;
        ensure!(status["placed"] == json!(0), "{status}");
        Ok(status)
    });
    assert_eq!(status.await.unwrap()["of"], json!(0));
    assert!(leads(&second).await.unwrap().0);
    let leases: Api<Lease> = Api::namespaced(cluster.client().await.unwrap(), NAMESPACE);
    let transitions = leases.get("outrigger-controllers").await.unwrap().spec.unwrap().lease_transitions;
    assert_eq!(transitions, Some(2));
}

#[test]
fn load_protection_is_overridden_by_those_who_may() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let kubectl = cluster.kubectl();
        cluster.create_namespace("override").await.unwrap();
        for user in ["careful", "trusted"] {
            let grant = ["create", "rolebinding", user, "-n", "override", "--clusterrole=edit", "--user", user];
            kubectl.run(&grant).await.unwrap();
        }
        let role = "--clusterrole=outrigger-override-load-protection";
        kubectl.run(&["create", "rolebinding", "may", "-n", "override", role, "--user=trusted"]).await.unwrap();
        let apply = async |user: &str, spec: &Value| {
            let mut object = stream_job("j", spec);
            object["metadata"]["namespace"] = json!("override");
            kubectl.feed(&["apply", "-f", "-", "--as", user], &object.to_string()).await
        };
        let plain = json!({ "pes": [{ "name": "a" }] });
        let overriding = json!({ "pes": [{ "name": "a" }], "overrideLoadProtection": true });
        until("roles are aggregated and the guard stands", DECIDED, async || {
            apply("careful", &plain).await?;
            ensure!(apply("careful", &overriding).await.is_err(), "the guard lets it through");
            Ok(())
        })
        .await
        .unwrap();
        let rejected = apply("careful", &overriding).await.unwrap_err().to_string();
        assert!(rejected.contains("needs the verb override-load-protection on streamjobs"), "{rejected}");
        assert!(rejected.contains("leave the field out, or ask for the role"), "{rejected}");

        apply("trusted", &overriding).await.unwrap();
        let more = json!({ "pes": [{ "name": "a" }, { "name": "b" }], "overrideLoadProtection": true });
        apply("careful", &more).await.expect("whoever changes something else needs no such right");
        apply("careful", &plain).await.expect("nor who gives it up");
        apply("careful", &overriding).await.expect_err("but for taking it up again");
    });
}
