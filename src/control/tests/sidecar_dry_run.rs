use super::*;

fn status(code: u16, message: &str) -> Status {
    Status { code, message: message.to_owned(), ..Status::default() }
}

#[test]
fn only_what_the_api_server_calls_invalid_is_rejected() {
    let invalid = "Pod \"outrigger-sidecar-check\" is invalid: \
                   spec.initContainers[0].securityContext.privileged: Forbidden: disallowed by cluster policy";
    let Answer::Invalid(problem) = read(&status(422, invalid)) else { panic!("it is invalid") };
    assert_eq!(problem, "securityContext.privileged: Forbidden: disallowed by cluster policy");
    let unreadable = "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal";
    assert!(matches!(read(&status(400, unreadable)), Answer::Invalid(_)));

    let pod_security = "pods \"outrigger-sidecar-check\" is forbidden: violates PodSecurity \"restricted:latest\"";
    assert!(matches!(read(&status(403, pod_security)), Answer::Valid), "validation was before");

    for (code, message) in [
        (403, "pods is forbidden: User \"a\" cannot create resource \"pods\" in API group \"\""),
        (400, "admission webhook \"images.example\" denied the request: no such registry"),
        (422, "pods \"outrigger-sidecar-check\" is forbidden: ValidatingAdmissionPolicy 'a' denied request"),
        (500, "etcdserver: request timed out"),
        (404, "namespaces \"outrigger-system\" not found"),
        (429, "too many requests"),
    ] {
        assert!(matches!(read(&status(code, message)), Answer::Unknown(_)), "{message}");
    }
}

#[test]
fn the_pod_of_a_dry_run_has_the_volumes_of_the_sidecar_once_each() {
    let sidecar = json!({
        "name": "main",
        "volumeMounts": [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/b"}, {"name": "a", "mountPath": "/c"}],
        "volumeDevices": [{"name": "d", "devicePath": "/d"}],
    });
    let pod = pod(Some(&sidecar));
    let volumes: Vec<&str> =
        pod["spec"]["volumes"].as_array().unwrap().iter().map(|volume| volume["name"].as_str().unwrap()).collect();
    assert_eq!(volumes, ["a", "b", "d"]);
    assert_eq!(pod["spec"]["containers"][0]["name"], "other");
}
