use serde_json::json;

use super::*;

fn sidecar(container: Value, listens_on: &[u16]) -> Sidecar {
    Sidecar { name: "relay".into(), container, listens_on: listens_on.to_vec(), rejection: None }
}

fn pod(container: &Value) -> Value {
    json!({"spec": {"containers": [{"name": "pe"}, container]}})
}

#[test]
fn declared_probed_and_stated_ports_are_the_ports_that_a_container_listens_on() {
    let probe = |handler: Value| json!({"name": "relay", "startupProbe": handler});
    let sidecars = [
        sidecar(json!({"name": "relay", "ports": [{"containerPort": 4317}]}), &[]),
        sidecar(json!({"name": "relay"}), &[4317]),
        sidecar(probe(json!({"httpGet": {"port": 4317}})), &[]),
        sidecar(probe(json!({"tcpSocket": {"port": 4317}})), &[]),
        sidecar(probe(json!({"grpc": {"port": 4317}})), &[]),
    ];
    let others = [
        json!({"name": "other", "ports": [{"containerPort": 80}, {"containerPort": 4317}]}),
        json!({"name": "other", "livenessProbe": {"httpGet": {"port": 4317}}}),
        json!({"name": "other", "readinessProbe": {"grpc": {"port": 4317}}}),
    ];
    for (sidecar, other) in sidecars.iter().flat_map(|sidecar| others.iter().map(move |other| (sidecar, other))) {
        let words = "container `other` listens on TCP port 4317";
        assert_eq!(in_use(&pod(other), sidecar, false).as_deref(), Some(words), "{sidecar:?}, {other}");
    }
}

#[test]
fn other_ports_protocols_and_hosts_are_no_conflict() {
    let sidecar = sidecar(json!({"name": "relay", "ports": [{"containerPort": 4317}]}), &[]);
    for other in [
        json!({"name": "other", "ports": [{"containerPort": 4317, "protocol": "UDP"}]}),
        json!({"name": "other", "ports": null}),
        json!({"name": "other", "ports": [{"containerPort": "4317"}, {"containerPort": 0}, {"containerPort": 70_000}]}),
        json!({"name": "other", "livenessProbe": {"httpGet": {"port": 4317, "host": "example.com"}}}),
        json!({"name": "relay", "ports": [{"containerPort": 4317}]}),
    ] {
        assert_eq!(in_use(&pod(&other), &sidecar, true), None, "{other}");
    }
}

#[test]
fn init_containers_count_where_they_last() {
    let sidecar = sidecar(json!({"name": "relay"}), &[4317]);
    let mut first = json!({"name": "first", "ports": [{"containerPort": 4317}]});
    let with = |first: &Value| json!({"spec": {"containers": [], "initContainers": [first]}});
    assert_eq!(in_use(&with(&first), &sidecar, true), None);
    first["restartPolicy"] = json!("Always");
    assert!(in_use(&with(&first), &sidecar, true).is_some());
}

#[test]
fn two_collectors_are_taken_to_listen_on_the_same_ports_unless_the_pod_asks_for_both() {
    let image = |image: &str| json!({"name": "mine", "image": image});
    let collector = sidecar(image("ghcr.io/x/opentelemetry-collector:0.150.0"), &[]);
    for other in [
        "otel/opentelemetry-collector-contrib:0.1",
        "localhost:5000/opentelemetry-collector@sha256:00",
        "public.ecr.aws/aws-observability/aws-otel-collector",
        "otelcol",
    ] {
        let words = "container `mine` is a collector too";
        assert_eq!(in_use(&pod(&image(other)), &collector, true).as_deref(), Some(words), "{other}");
        assert_eq!(in_use(&pod(&image(other)), &collector, false), None);
        assert_eq!(in_use(&pod(&image(other)), &sidecar(image("relay:1"), &[]), true), None, "no collector itself");
    }
    for other in ["example.com/opentelemetry-collector/pe:1", "pe:1", ""] {
        assert_eq!(in_use(&pod(&image(other)), &collector, true), None, "{other}");
    }
}
