use super::*;

fn list<T: DeserializeOwned>(text: &str) -> Vec<T> {
    serde_json::from_str::<List<T>>(text).unwrap().items
}

fn reference() -> PodReference {
    PodReference { namespace: "ns".into(), pod: "p".into() }
}

fn measured(containers: &str) -> (Measured, usize) {
    let text = format!(
        r#"{{"items":[{{"metadata":{{"name":"p","namespace":"ns"}},"timestamp":"2026-11-24T12:00:00Z","window":"15s",
            "containers":[{containers}]}}]}}"#
    );
    let mut measurements = Measurements::nothing(Timestamp::UNIX_EPOCH);
    for pod in list::<PodMetrics>(&text) {
        pod.add_to(&mut measurements);
    }
    (measurements.pods[&reference()].measured, measurements.rejected)
}

#[test]
fn containers_are_added_up_and_the_time_is_that_of_the_measurement() {
    let (measured, rejected) = measured(
        r#"{"name":"a","usage":{"cpu":"1500000n","memory":"1Ki"}},{"name":"b","usage":{"cpu":"1","memory":"2Mi"}}"#,
    );
    assert_eq!(measured.at.to_string(), "2026-11-24T12:00:00Z");
    assert_eq!((measured.cpu, measured.memory, rejected), (Some(1_002.0), Some(2_098_176.0), 0));
}

#[test]
fn a_sum_without_one_of_its_containers_is_no_measurement() {
    let (unread, rejected) =
        measured(r#"{"name":"a","usage":{"cpu":"1","memory":"1"}},{"name":"b","usage":{"cpu":"much","memory":"1"}}"#);
    assert_eq!((unread.cpu, unread.memory, rejected), (None, None, 1));
    let (missing, rejected) =
        measured(r#"{"name":"a","usage":{"cpu":"1","memory":"1"}},{"name":"b","usage":{"memory":"1"}}"#);
    assert_eq!((missing.cpu, missing.memory, rejected), (None, Some(2.0), 0));
    assert_eq!(measured("").0.cpu, None);
}

#[test]
fn nodes_are_measured_by_name() {
    let text = r#"{"items":[{"metadata":{"name":"n1"},"timestamp":"2026-11-24T12:00:00Z","usage":{"cpu":"2","memory":"-1"}}]}"#;
    let mut measurements = Measurements::nothing(Timestamp::UNIX_EPOCH);
    for node in list::<NodeMetrics>(text) {
        node.add_to(&mut measurements);
    }
    let node = measurements.nodes["n1"];
    assert_eq!((node.cpu, node.memory, measurements.rejected), (Some(2_000.0), None, 1));
}

#[test]
fn what_the_api_server_says_of_a_failure_is_told() {
    assert_eq!(
        message_of(br#"{"kind":"Status","message":"pods.metrics.k8s.io is forbidden"}"#),
        "pods.metrics.k8s.io is forbidden"
    );
    assert_eq!(message_of(b"gone"), "gone");
}
