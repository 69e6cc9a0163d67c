//! Sidecars that make no pod fail, on a real API server and with the rights of `deploy/`: they are fitted to the namespace or
//! withheld, and the pod says why.

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

fn cases() -> Vec<Case> {
    let container = |bounds: &Value| {
        let mut item = bounds.clone();
        item["type"] = json!("Container");
        Some(json!({"limits": [item]}))
    };
    let quota = json!({"requests.cpu": "2", "requests.memory": "4Gi", "limits.cpu": "2", "limits.memory": "4Gi"});
    let requests = json!({"cpu": "20m", "memory": "64Mi"});
    let none = || Case {
        namespace: "",
        limit_range: None,
        quota: None,
        spec: json!({}),
        expected: Expected::Added(json!({"requests": requests, "limits": {"memory": "128Mi"}})),
    };
    let sidecar = |container: Value| json!({"containers": [main(), container]});
    vec![
        Case { namespace: "sidecar-free", ..none() },
        Case {
            namespace: "sidecar-quota",
            quota: Some(quota.clone()),
            expected: Expected::Added(json!({"requests": requests, "limits": {"cpu": "20m", "memory": "128Mi"}})),
            ..none()
        },
        Case {
            namespace: "sidecar-quota-with-defaults",
            quota: Some(quota),
            limit_range: container(
                &json!({"default": {"cpu": "100m", "memory": "128Mi"}, "defaultRequest": {"cpu": "50m", "memory": "32Mi"}}),
            ),
            expected: Expected::Added(json!({"requests": requests, "limits": {"cpu": "100m", "memory": "128Mi"}})),
            ..none()
        },
        Case {
            namespace: "sidecar-maximum",
            limit_range: container(&json!({"max": {"memory": "100Mi"}})),
            expected: Expected::Added(json!({"requests": requests, "limits": {"memory": "100Mi"}})),
            ..none()
        },
        Case {
            namespace: "sidecar-too-large",
            limit_range: container(&json!({"max": {"memory": "63Mi"}})),
            spec: json!({"containers": [{"name": "main", "image": "none", "resources": {
                "requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"},
            }}]}),
            expected: Expected::Withheld("LimitRangeViolated"),
            ..none()
        },
        Case {
            namespace: "sidecar-minimum",
            limit_range: container(&json!({"min": {"cpu": "50m"}})),
            expected: Expected::Added(
                json!({"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}),
            ),
            ..none()
        },
        Case {
            namespace: "sidecar-ratio",
            limit_range: container(
                &json!({"maxLimitRequestRatio": {"cpu": "2", "memory": "2"}, "default": {"cpu": "1"}}),
            ),
            expected: Expected::Added(json!({"requests": requests, "limits": {"cpu": "40m", "memory": "128Mi"}})),
            ..none()
        },
        Case {
            namespace: "sidecar-sum",
            limit_range: Some(json!({"limits": [{"type": "Pod", "max": {"memory": "128Mi"}}]})),
            expected: Expected::Withheld("LimitRangeViolated"),
            ..none()
        },
        Case {
            namespace: "sidecar-windows",
            spec: json!({"os": {"name": "windows"}, "nodeSelector": {"kubernetes.io/os": "windows"}}),
            expected: Expected::Withheld("WindowsPod"),
            ..none()
        },
        Case {
            namespace: "sidecar-host-network",
            spec: json!({"hostNetwork": true}),
            expected: Expected::Withheld("HostNetwork"),
            ..none()
        },
        Case {
            namespace: "sidecar-port",
            spec: sidecar(json!({"name": "mine", "image": "none", "ports": [{"containerPort": 4317}]})),
            expected: Expected::Withheld("PortInUse"),
            ..none()
        },
        Case {
            namespace: "sidecar-second-collector",
            spec: sidecar(json!({"name": "mine", "image": "otel/opentelemetry-collector-contrib:0.150.0"})),
            expected: Expected::Withheld("PortInUse"),
            ..none()
        },
        Case {
            namespace: "sidecar-of-the-user",
            spec: sidecar(json!({"name": "otel-collector", "image": "none"})),
            expected: Expected::Withheld("ContainerNameTaken"),
            ..none()
        },
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
