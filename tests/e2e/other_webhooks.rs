//! Other mutating webhooks, before and after Outrigger: what they write stays, and a pod is counted once.

use std::net::{SocketAddr, TcpListener};

use actix_web::web::{self, Json};
use actix_web::{App, HttpServer};
use anyhow::{Result, ensure};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use kube::{Api, Client};
use outrigger::tls::{self, ServingCertificate};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinHandle;

use crate::cluster::Cluster;
use crate::cluster::wait::until;
use crate::installation::{RUNNING, shared};

/// The annotation that holds the patch that the webhook applies to the pod.
const PATCH: &str = "test/patch";

/// A mutating webhook that applies to each pod the patch in the pod's annotation; it ends when it is dropped.
struct OtherWebhook {
    address: SocketAddr,
    authority: String,
    server: JoinHandle<std::io::Result<()>>,
}

impl OtherWebhook {
    #[expect(clippy::disallowed_methods, reason = "the server ends with this value")]
    fn start() -> Result<Self> {
        let names = ["127.0.0.1".to_owned()];
        let issued = tls::issue(&names, OffsetDateTime::now_utc(), Duration::hours(1))?;
        let config = ServingCertificate::from_issued("test", &issued)?.server_config()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = HttpServer::new(|| App::new().default_service(web::to(answer)));
        let server = server.workers(1).shutdown_timeout(0).disable_signals().listen_rustls_0_23(listener, config)?;
        Ok(Self { address, authority: issued.authority, server: tokio::spawn(server.run()) })
    }

    /// Registers the webhook for one namespace. The API server calls webhooks in the order of the names of their
    /// registrations.
    async fn register(&self, cluster: &Cluster, name: &str, namespace: &str) -> Result<()> {
        let registration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": { "name": name },
            "webhooks": [{
                "name": format!("{name}.test.example"),
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "clientConfig": {
                    "url": format!("https://{}/", self.address),
                    "caBundle": ByteString(self.authority.clone().into_bytes()),
                },
                "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            }],
        });
        cluster.kubectl().apply(&registration.to_string()).await?;
        let client = cluster.client().await?;
        let probe = pod("probe", &json!([{ "op": "add", "path": "/metadata/labels/called", "value": "yes" }]));
        until("the other webhook is called", RUNNING, async || {
            let probe = create(&client, namespace, &probe, true).await?;
            ensure!(probe.pointer("/metadata/labels/called") == Some(&json!("yes")), "{probe}");
            Ok(())
        })
        .await
    }
}

impl Drop for OtherWebhook {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(review: Json<Value>) -> Json<Value> {
    let request = review.get("request").cloned().unwrap_or_default();
    let annotations = request.pointer("/object/metadata/annotations");
    let mut response = json!({ "uid": request.get("uid"), "allowed": true });
    if let Some(patch) = annotations.and_then(|annotations| annotations.get(PATCH)?.as_str()) {
        let patch = json!({ "patchType": "JSONPatch", "patch": ByteString(patch.as_bytes().to_vec()) });
        json_patch::merge(&mut response, &patch);
    }
    Json(json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response }))
}

fn pod(name: &str, patch: &Value) -> Value {
    json!({
        "metadata": {
            "name": name,
            "labels": { "outrigger.dev/job": "j" },
            "annotations": { PATCH: patch.to_string() },
        },
        "spec": { "automountServiceAccountToken": false, "containers": [{ "name": "main", "image": "none" }] },
    })
}

/// Creates a pod, or (dry run) returns what would be created.
async fn create(client: &Client, namespace: &str, pod: &Value, dry_run: bool) -> Result<Value> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pod =
        pods.create(&PostParams { dry_run, ..PostParams::default() }, &serde_json::from_value(pod.clone())?).await?;
    Ok(serde_json::to_value(pod)?)
}

/// A patch that writes these requests, as the vertical pod autoscaler does.
fn requests(cpu: &str, memory: &str) -> Value {
    let value = json!({ "requests": { "cpu": cpu, "memory": memory } });
    json!([{ "op": "add", "path": "/spec/containers/0/resources", "value": value }])
}

const LIMIT_RANGE: &str = r"
apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec:
  limits:
  - type: Container
    defaultRequest: {cpu: 50m, memory: 64Mi}
";

#[test]
fn requests_that_another_webhook_writes_before_or_after_stay() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let client = cluster.client().await.unwrap();
        let webhook = OtherWebhook::start().unwrap();
        let said = json!({ "op": "add", "path": "/metadata/annotations/vpaUpdates", "value": "container 0: cpu, memory request" });
        let with_word = |patch: Value| -> Value { patch.as_array().unwrap().iter().chain([&said]).cloned().collect() };
        let remove = json!([{ "op": "remove", "path": "/spec/containers/0/resources" }]);
        let proxy =
            json!([{ "op": "add", "path": "/spec/containers/-", "value": { "name": "proxy", "image": "none" } }]);
        let (low, high) = (json!({ "cpu": "60m", "memory": "70Mi" }), json!({ "cpu": "587m", "memory": "700Mi" }));
        let (policy, filled_in) =
            (json!({ "cpu": "100m", "memory": "256Mi" }), json!({ "cpu": "50m", "memory": "64Mi" }));
        let before = [
            ("none", json!([]), &policy),
            ("high", requests("587m", "700Mi"), &high),
            ("high-said", with_word(requests("587m", "700Mi")), &high),
            ("low-said", with_word(requests("60m", "70Mi")), &low),
            ("proxy", proxy.clone(), &policy),
        ];
        let after = [
            ("none", json!([]), &policy),
            ("high", requests("587m", "700Mi"), &high),
            ("low", requests("60m", "70Mi"), &low),
            ("low-said", with_word(requests("60m", "70Mi")), &low),
            // The LimitRange fills in again what was removed.
            ("removed", remove, &filled_in),
            ("proxy", proxy, &policy),
        ];
        for (name, cases) in [("a-webhook-before", &before[..]), ("z-webhook-after", &after[..])] {
            cluster.create_namespace(name).await.unwrap();
            cluster.kubectl().feed(&["apply", "-n", name, "-f", "-"], LIMIT_RANGE).await.unwrap();
            webhook.register(cluster, name, name).await.unwrap();
            until("the LimitRange is in force", RUNNING, async || {
                let pod = create(&client, name, &pod("probe", &json!([])), true).await?;
                ensure!(pod.to_string().contains("kubernetes.io/limit-ranger"), "it is not");
                Ok(())
            })
            .await
            .unwrap();
            for (case, patch, expected) in cases {
                let pod = create(&client, name, &pod(case, patch), true).await.unwrap();
                let of = |index: usize| &pod["spec"]["containers"][index]["resources"]["requests"];
                assert_eq!(of(0), *expected, "{name}: {case}");
                assert_eq!(pod["metadata"]["annotations"]["outrigger.dev/policy"], "annotations", "{name}: {case}");
                if *case == "proxy" {
                    assert_eq!(of(1), &policy, "{name}: the container that was added");
                }
            }
        }
    });
}

#[test]
fn a_container_that_another_webhook_adds_gets_no_request_above_the_limit_that_is_filled_in_later() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let client = cluster.client().await.unwrap();
        let webhook = OtherWebhook::start().unwrap();
        cluster.create_namespace("a-small-limits").await.unwrap();
        // Less than the shipped policy requests.
        let limit_range =
            LIMIT_RANGE.replace("defaultRequest: {cpu: 50m, memory: 64Mi}", "default: {cpu: 80m, memory: 99Mi}");
        cluster.kubectl().feed(&["apply", "-n", "a-small-limits", "-f", "-"], &limit_range).await.unwrap();
        webhook.register(cluster, "a-small-limits", "a-small-limits").await.unwrap();
        let proxy =
            json!([{ "op": "add", "path": "/spec/containers/-", "value": { "name": "proxy", "image": "none" } }]);
        // The API server and the webhook see the LimitRange at different times.
        let created = until("the pod is created", RUNNING, async || {
            let pod = create(&client, "a-small-limits", &pod("proxied", &proxy), true).await?;
            ensure!(pod.to_string().contains("kubernetes.io/limit-ranger"), "the LimitRange is not in force");
            Ok(pod)
        });
        let created = created.await.unwrap();
        for container in created["spec"]["containers"].as_array().unwrap() {
            let small = json!({ "cpu": "80m", "memory": "99Mi" });
            assert_eq!(container["resources"], json!({ "requests": small, "limits": small }), "{created}");
        }
    });
}

#[test]
fn in_a_strict_namespace_what_another_webhook_takes_away_is_put_back_or_denied() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let client = cluster.client().await.unwrap();
        let webhook = OtherWebhook::start().unwrap();
        let strict = [("outrigger.dev/enforcement", "strict")];
        cluster.create_labelled_namespace("z-strict", &strict).await.unwrap();
        webhook.register(cluster, "z-strict", "z-strict").await.unwrap();
        let remove = json!([{ "op": "remove", "path": "/spec/initContainers" }]);
        let pod_back = create(&client, "z-strict", &pod("back", &remove), true).await.unwrap();
        assert_eq!(pod_back["spec"]["initContainers"][0]["name"], "otel-collector", "the second call puts it back");
        // A pod that carries another scheduler after all webhooks is a pod of that scheduler.
        let other = json!([{ "op": "add", "path": "/spec/schedulerName", "value": "another" }]);
        create(&client, "z-strict", &pod("other", &other), true).await.unwrap();
        // The other webhook has written a label that Outrigger's registration selects by after Outrigger was passed over.
        let late = json!([{ "op": "add", "path": "/metadata/labels/outrigger.dev~1job", "value": "late" }]);
        let mut unlabelled = pod("late", &late);
        unlabelled["metadata"]["labels"] = json!({ "app": "a" });
        let error = format!("{:#}", create(&client, "z-strict", &unlabelled, true).await.unwrap_err());
        assert!(error.contains("enforcement=strict") && error.contains("outrigger.dev/policy is missing"), "{error}");
    });
}

#[test]
fn a_pod_that_is_reviewed_twice_counts_once_and_dry_runs_count_apart() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let client = cluster.client().await.unwrap();
        let admission = installation.admission.as_ref().unwrap();
        let counted = async |series: &str| -> f64 {
            let metrics = admission.metrics().await.unwrap();
            let lines = metrics.lines().filter_map(|line| line.strip_prefix(series));
            lines.map(|value| value.trim().parse::<f64>().unwrap()).sum()
        };
        cluster.create_namespace("counts").await.unwrap();
        let webhook = OtherWebhook::start().unwrap();
        webhook.register(cluster, "z-counts", "counts").await.unwrap();
        let (injections, dry_runs) = (
            r#"outrigger_injections_total{policy="counts"}"#,
            r#"outrigger_admission_dry_runs_total{outcome="injected"}"#,
        );
        assert!(counted(injections).await < 0.5, "the probes were dry runs");
        let before = counted(dry_runs).await;
        let proxy =
            json!([{ "op": "add", "path": "/spec/containers/-", "value": { "name": "proxy", "image": "none" } }]);
        for _ in 0..3 {
            create(&client, "counts", &pod("counted", &proxy), true).await.unwrap();
        }
        assert!(counted(injections).await < 0.5, "three dry runs");
        assert!(counted(dry_runs).await > before + 2.5, "three dry runs");
        create(&client, "counts", &pod("counted", &proxy), false).await.unwrap();
        assert!((counted(injections).await - 1.0).abs() < 0.1, "one pod, reviewed twice");
    });
}
