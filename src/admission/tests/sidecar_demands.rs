use serde_json::json;

use crate::admission::tests::support::{pod, policy, prepared};

#[test]
fn a_sidecar_is_left_out_of_a_pod_that_does_not_meet_its_demands() {
    let claim = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}]);
    let empty = json!([{"name": "d", "emptyDir": {}}]);
    for (fields, meets, lacks, words) in [
        (
            "lifecycle: {preStop: {sleep: {seconds: 20}}}",
            json!({}),
            json!({"terminationGracePeriodSeconds": 10}),
            "it sleeps 20 s, and terminationGracePeriodSeconds is 10",
        ),
        (
            "lifecycle: {postStart: {sleep: {seconds: 31}}}",
            json!({"terminationGracePeriodSeconds": 31}),
            json!({}),
            "terminationGracePeriodSeconds is 30",
        ),
        (
            "resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]",
            json!({"restartPolicy": "Always"}),
            json!({"restartPolicy": "Never"}),
            "restartPolicy is Never",
        ),
        (
            "volumeDevices: [{name: d, devicePath: /d}]",
            json!({"volumes": claim}),
            json!({"volumes": empty}),
            "volume `d` is no claim",
        ),
        (
            "volumeDevices: [{name: d, devicePath: /d}]",
            json!({"volumes": claim, "hostUsers": true}),
            json!({"volumes": claim, "hostUsers": false}),
            "hostUsers is false",
        ),
        (
            "volumeMounts: [{name: d, mountPath: /d, bindMountOptions: [noexec]}]",
            json!({"volumes": empty}),
            json!({"volumes": [{"name": "d", "image": {"reference": "a"}}]}),
            "takes no bindMountOptions",
        ),
    ] {
        let policy = policy(&format!("\n  injection:\n    sidecars: [{{name: relay, image: a, {fields}}}]\n"));
        let (after, warnings) = prepared(&policy, &pod(&json!({"spec": meets})));
        assert_eq!(after["spec"]["initContainers"][0]["name"], "relay", "{fields} {warnings:?}");
        let (after, warnings) = prepared(&policy, &pod(&json!({"spec": lacks})));
        assert!(after["spec"]["initContainers"].is_null(), "{fields}");
        assert!(warnings.iter().any(|warning| warning.contains(words)), "{warnings:?}");
    }
}

#[test]
fn a_host_port_on_the_host_network_is_the_container_port() {
    let policy = policy(
        "\n  injection:\n    sidecars: [{name: relay, image: a, ports: [{containerPort: 80, hostPort: 8080}]}]\n",
    );
    let asks = json!({"metadata": {"annotations": {"outrigger.dev/inject": "true"}}, "spec": {"hostNetwork": true}});
    let (after, warnings) = prepared(&policy, &pod(&asks));
    assert!(after["spec"]["initContainers"].is_null() && warnings[0].contains("host port"), "{warnings:?}");
}
