//! Sidecars that make no pod fail, on a real API server and with the rights of `deploy/`: they are fitted to the namespace or
//! withheld, and the pod says why.
#![expect(clippy::indexing_slicing, reason = "fields of JSON that is made here")]

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::cluster::Installation;
use crate::cluster::wait::until;
use crate::installation::{RUNNING, shared};

/// A namespace with its constraints, a PE, and what has to become of the collector of the shipped policy.
struct Case {
    namespace: &'static str,
    /// The `spec` of a `LimitRange`.
    limit_range: Option<Value>,
    /// `spec.hard` of a `ResourceQuota`.
    quota: Option<Value>,
    /// Merged over a PE with a container of 50m, 32Mi requested and 100m, 64Mi at most.
    spec: Value,
    expected: Expected,
}

enum Expected {
    /// The resources of the collector.
    Added(Value),
    Withheld(&'static str),
}

impl Case {
    /// A namespace without constraints, where the collector is added as the policy has it.
    fn in_namespace(namespace: &'static str) -> Self {
        let expected = added(&json!({"cpu": "20m", "memory": "64Mi"}), &json!({"memory": "128Mi"}));
        Self { namespace, limit_range: None, quota: None, spec: json!({}), expected }
    }

    fn container_range(mut self, bounds: &Value) -> Self {
        let mut item = bounds.clone();
        item["type"] = json!("Container");
        self.limit_range = Some(json!({"limits": [item]}));
        self
    }

    fn quota(self) -> Self {
        let hard = json!({"requests.cpu": "2", "requests.memory": "4Gi", "limits.cpu": "2", "limits.memory": "4Gi"});
        Self { quota: Some(hard), ..self }
    }

    fn spec(self, spec: Value) -> Self {
        Self { spec, ..self }
    }

    /// With a container beside that of the PE.
    fn beside(self, container: &Value) -> Self {
        self.spec(json!({"containers": [main(), container]}))
    }

    fn withheld(self, reason: &'static str) -> Self {
        Self { expected: Expected::Withheld(reason), ..self }
    }

    fn limits(self, limits: &Value) -> Self {
        Self { expected: added(&json!({"cpu": "20m", "memory": "64Mi"}), limits), ..self }
    }
}

fn added(requests: &Value, limits: &Value) -> Expected {
    Expected::Added(json!({"requests": requests, "limits": limits}))
}

fn cases() -> Vec<Case> {
    let mut all = in_constrained_namespaces();
    all.extend(of_special_pods());
    all
}

fn in_constrained_namespaces() -> Vec<Case> {
    let case = Case::in_namespace;
    let defaults =
        json!({"default": {"cpu": "100m", "memory": "128Mi"}, "defaultRequest": {"cpu": "50m", "memory": "32Mi"}});
    let ratio = json!({"maxLimitRequestRatio": {"cpu": "2", "memory": "2"}, "default": {"cpu": "1"}});
    let small = json!({"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}});
    let minimum = Case {
        expected: added(&json!({"cpu": "50m", "memory": "64Mi"}), &json!({"memory": "128Mi"})),
        ..case("sidecar-minimum").container_range(&json!({"min": {"cpu": "50m"}}))
    };
    let of_sums = Case {
        limit_range: Some(json!({"limits": [{"type": "Pod", "max": {"memory": "128Mi"}}]})),
        ..case("sidecar-sum").withheld("LimitRangeViolated")
    };
    vec![
        case("sidecar-free"),
        case("sidecar-quota").quota().limits(&json!({"cpu": "20m", "memory": "128Mi"})),
        case("sidecar-quota-with-defaults")
            .quota()
            .container_range(&defaults)
            .limits(&json!({"cpu": "100m", "memory": "128Mi"})),
        case("sidecar-maximum")
            .container_range(&json!({"max": {"memory": "100Mi"}}))
            .limits(&json!({"memory": "100Mi"})),
        case("sidecar-too-large")
            .container_range(&json!({"max": {"memory": "63Mi"}}))
            .spec(json!({"containers": [{"name": "main", "image": "none", "resources": small}]}))
            .withheld("LimitRangeViolated"),
        case("sidecar-ratio").container_range(&ratio).limits(&json!({"cpu": "40m", "memory": "128Mi"})),
        minimum,
        of_sums,
    ]
}

fn of_special_pods() -> Vec<Case> {
    let case = Case::in_namespace;
    vec![
        case("sidecar-windows")
            .spec(json!({"os": {"name": "windows"}, "nodeSelector": {"kubernetes.io/os": "windows"}}))
            .withheld("WindowsPod"),
        case("sidecar-host-network").spec(json!({"hostNetwork": true})).withheld("HostNetwork"),
        case("sidecar-port")
            .beside(&json!({"name": "mine", "image": "none", "ports": [{"containerPort": 4317}]}))
            .withheld("PortInUse"),
        case("sidecar-second-collector")
            .beside(&json!({"name": "mine", "image": "otel/opentelemetry-collector-contrib:0.150.0"}))
            .withheld("PortInUse"),
        case("sidecar-of-the-user")
            .beside(&json!({"name": "otel-collector", "image": "none"}))
            .withheld("ContainerNameTaken"),
    ]
}

fn main() -> Value {
    json!({"name": "main", "image": "none", "resources": {
        "requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"},
    }})
}

#[test]
fn sidecars_make_no_pod_fail_and_the_pod_says_which_were_withheld() {
    shared(async |installation| {
        let client = installation.cluster.client().await.unwrap();
        for case in cases() {
            prepare(installation, &case).await.unwrap();
        }
        for case in cases() {
            let what = format!("{}: the collector is as expected", case.namespace);
            until(&what, RUNNING, async || check(&create(&client, &case, true).await?, &case.expected)).await.unwrap();
            check(&create(&client, &case, false).await.unwrap(), &case.expected).unwrap();
        }
        let metrics = installation.admission.as_ref().unwrap().metrics().await.unwrap();
        for reason in ["WindowsPod", "HostNetwork", "PortInUse", "LimitRangeViolated", "ContainerNameTaken"] {
            let counted = format!("outrigger_admission_withheld_sidecars_total{{reason=\"{reason}\"}}");
            assert!(metrics.contains(&counted), "{counted}");
        }
        assert!(metrics.contains("outcome=\"partly_injected\""));
    });
}

async fn prepare(installation: &Installation, case: &Case) -> Result<()> {
    let cluster = &installation.cluster;
    cluster.create_namespace(case.namespace).await?;
    let object =
        |kind: &str, spec: Value| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "o"}, "spec": spec});
    let limit_range = case.limit_range.clone().map(|spec| object("LimitRange", spec));
    let quota = case.quota.clone().map(|hard| object("ResourceQuota", json!({"hard": hard})));
    for object in limit_range.into_iter().chain(quota) {
        cluster.kubectl().feed(&["create", "-n", case.namespace, "-f", "-"], &object.to_string()).await?;
    }
    Ok(())
}

/// Creates the PE, or (dry run) returns what would be created.
async fn create(client: &Client, case: &Case, dry_run: bool) -> Result<Pod> {
    let mut pod = json!({
        "metadata": {"name": "pe", "labels": {"outrigger.dev/job": "sidecars"}},
        "spec": {"containers": [main()]},
    });
    json_patch::merge(&mut pod["spec"], &case.spec);
    let pods: Api<Pod> = Api::namespaced(client.clone(), case.namespace);
    Ok(pods.create(&PostParams { dry_run, ..PostParams::default() }, &serde_json::from_value(pod)?).await?)
}

fn check(pod: &Pod, expected: &Expected) -> Result<()> {
    let pod = serde_json::to_value(pod)?;
    let note = pod["metadata"]["annotations"]["outrigger.dev/withheld"].as_str();
    let native = pod["spec"]["initContainers"].as_array().into_iter().flatten().next();
    match expected {
        Expected::Added(resources) => {
            let found = native.map(|sidecar| &sidecar["resources"]);
            ensure!(note.is_none() && found == Some(resources), "{note:?}, {found:?}, not {resources}");
        }
        Expected::Withheld(reason) => {
            let expected = format!("otel-collector={reason}");
            ensure!(note == Some(&expected) && native.is_none(), "{note:?}, {native:?}, not {expected}");
        }
    }
    Ok(())
}
