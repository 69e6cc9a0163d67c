use serde_json::json;

use crate::admission::Decision;
use crate::admission::tests::support::{SIDECAR, decided, decided_in, operations, pod, policy, prepared};
use crate::model::{
    DemandedQuantity, LimitRange, Namespace, ObjectId, QuotaDemand, RequestOutcome, RequestRange, ResourceConstraints,
    ResourceList, ResourceQuota, WithheldReason, WithheldSidecar,
};

fn init_containers(pod: &serde_json::Value) -> Vec<&str> {
    pod["spec"]["initContainers"].as_array().into_iter().flatten().map(|one| one["name"].as_str().unwrap()).collect()
}

const GUARANTEED: &str = r#"{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1024Mi"}}"#;

fn guaranteed() -> serde_json::Value {
    let resources: serde_json::Value = serde_json::from_str(GUARANTEED).unwrap();
    pod(&json!({"spec": {"containers": [{"name": "pe", "resources": resources}]}}))
}

#[test]
fn a_sidecar_goes_behind_the_users_init_containers() {
    for (before, wanted) in [
        (json!({}), vec!["relay"]),
        (json!({"initContainers": null}), vec!["relay"]),
        (json!({"initContainers": []}), vec!["relay"]),
        (json!({"initContainers": [{"name": "b"}, {"name": "a"}]}), vec!["b", "a", "relay"]),
    ] {
        let (after, _) = prepared(&policy(SIDECAR), &pod(&json!({"spec": before})));
        assert_eq!(init_containers(&after), wanted);
        let sidecar = after["spec"]["initContainers"].as_array().unwrap().last().unwrap();
        assert_eq!(*sidecar, json!({"name": "relay", "image": "relay:1", "restartPolicy": "Always"}));
    }
}

#[test]
fn the_array_is_not_rewritten() {
    let before = pod(&json!({"spec": {"initContainers": [{"name": "first", "unknown": 1}]}}));
    let decision = decided(&policy(SIDECAR), &before);
    let only = operations(&decision, "/spec/initContainers");
    assert_eq!(only[0]["path"], "/spec/initContainers/-");
    assert_eq!(only.as_array().unwrap().len(), 1);
}

#[test]
fn a_container_of_the_same_name_is_the_users_answer() {
    for list in ["containers", "initContainers"] {
        let before = pod(&json!({"spec": {list: [{"name": "relay", "image": "mine"}]}}));
        let (after, _) = prepared(&policy(SIDECAR), &before);
        assert_eq!(after["spec"][list], before["spec"][list], "{list}");
    }
}

#[test]
fn a_sidecar_that_mounts_what_the_pod_lacks_is_left_out() {
    let spec = "
  injection:
    sidecars:
      - {name: relay, image: relay:1, volumeMounts: [{name: state, mountPath: /state}]}
      - {name: other, image: other:1}
";
    let (after, warnings) = prepared(&policy(spec), &pod(&json!({})));
    assert_eq!(init_containers(&after), ["other"]);
    assert_eq!(warnings, ["sidecar `relay` was not added: the pod has no volume `state`"]);
    let (after, _) = prepared(&policy(spec), &pod(&json!({"spec": {"volumes": [{"name": "state"}]}})));
    assert_eq!(init_containers(&after), ["relay", "other"]);
}

#[test]
fn the_loss_of_the_guaranteed_class_is_said() {
    let words = "sidecar `relay` without equal requests and limits: the pod is no longer Guaranteed";
    assert_eq!(prepared(&policy(SIDECAR), &guaranteed()).1, [words]);
    let burstable = pod(&json!({"spec": {"containers": [{"name": "pe", "resources": {"limits": {"cpu": "1"}}}]}}));
    assert_eq!(prepared(&policy(SIDECAR), &burstable).1, Vec::<String>::new());
}

#[test]
fn a_guaranteed_sidecar_keeps_the_class() {
    let spec = "  injection: {sidecars: [{name: relay, image: r, resources: {limits: {cpu: 10m, memory: 16Mi}}}]}\n";
    assert_eq!(prepared(&policy(spec), &guaranteed()).1, Vec::<String>::new());
}

#[test]
fn the_sidecar_shares_what_the_pod_has_as_a_whole_and_keeps_the_rest() {
    let own = "{requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 32Mi}}";
    let spec = format!("  injection: {{sidecars: [{{name: relay, image: r, resources: {own}}}]}}\n");
    for (whole, left, shared) in [
        (
            json!({"requests": {"cpu": "1"}}),
            json!({"requests": {"memory": "16Mi"}, "limits": {"memory": "32Mi"}}),
            "cpu",
        ),
        (json!({"limits": {"memory": "1Gi"}}), json!({"requests": {"cpu": "10m"}}), "memory"),
        (json!({"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}), serde_json::Value::Null, "cpu, memory"),
    ] {
        let (after, warnings) = prepared(&policy(&spec), &pod(&json!({"spec": {"resources": whole}})));
        assert_eq!(after["spec"]["initContainers"][0]["resources"], left, "{whole}");
        assert_eq!(warnings, [format!("spec.resources sets {shared}: sidecar `relay` shares that of the pod")]);
    }
    let spec = "  injection: {sidecars: [{name: relay, image: r, resources: {requests: {cpu: 10m}}}]}\n";
    let (after, _) = prepared(&policy(spec), &pod(&json!({"spec": {"resources": {"limits": {"cpu": "1"}}}})));
    assert_eq!(after["spec"]["initContainers"][0].get("resources"), None);
    let other = pod(&json!({"spec": {"resources": {"limits": {"memory": "1Gi"}}}}));
    assert_eq!(prepared(&policy(spec), &other).1, Vec::<String>::new(), "nothing is shared");
}

const NOTE: &str = "outrigger.dev/withheld";

fn note(pod: &serde_json::Value) -> Option<&str> {
    pod["metadata"]["annotations"].get(NOTE).map(|note| note.as_str().unwrap())
}

fn patched(decision: &Decision, before: &serde_json::Value) -> serde_json::Value {
    let mut after = before.clone();
    json_patch::patch(&mut after, decision.patch()).unwrap();
    after
}

#[test]
fn every_reason_that_a_pod_gives_is_noted_on_the_pod_and_told() {
    let native = json!({"initContainers": [{"name": "relay", "image": "mine", "restartPolicy": "Always"}]});
    let spec = "
  injection:
    sidecars: [{name: relay, image: relay:1, ports: [{containerPort: 9000}], volumeMounts: [{name: state, mountPath: /state}]}]
";
    let state = json!([{"name": "state"}]);
    for (more, reason) in [
        (json!({"metadata": {"annotations": {"outrigger.dev/inject": "false"}}}), WithheldReason::Declined),
        (json!({"spec": {"os": {"name": "windows"}, "hostNetwork": true}}), WithheldReason::WindowsPod),
        (
            json!({
                "spec": {"nodeSelector": {"kubernetes.io/os": "windows"}},
                "metadata": {"annotations": {"outrigger.dev/inject": "true"}},
            }),
            WithheldReason::WindowsPod,
        ),
        (json!({"spec": {"hostNetwork": true}}), WithheldReason::HostNetwork),
        (json!({"spec": native}), WithheldReason::ContainerNameTaken),
        (json!({"spec": {"containers": [{"name": "relay"}]}}), WithheldReason::ContainerNameTaken),
        (json!({"spec": {"hostNetwork": false}}), WithheldReason::VolumeMissing),
        (
            json!({"spec": {"volumes": state, "containers": [{"name": "a", "ports": [{"containerPort": 9000}]}]}}),
            WithheldReason::PortInUse,
        ),
    ] {
        let before = pod(&more);
        let decision = decided(&policy(spec), &before);
        assert_eq!(decision.withheld(), [WithheldSidecar { sidecar: "relay".into(), reason }], "{more}");
        assert_eq!(decision.added(), Vec::<Box<str>>::new());
        let declined = reason == WithheldReason::Declined;
        let outcome = if declined { RequestOutcome::Skipped } else { RequestOutcome::PartlyInjected };
        assert_eq!((decision.outcome(), decision.warnings().is_empty()), (outcome, declined), "{more}");

        let after = patched(&decision, &before);
        assert_eq!(note(&after), Some(&*format!("relay={reason}")));
        assert_eq!(after["spec"].get("initContainers"), before["spec"].get("initContainers"), "{more}");
        let again = decided(&policy(spec), &after);
        assert!(again.patch().is_empty(), "{more}: {again:?}");
        assert_eq!(again.withheld(), decision.withheld(), "{more}");
    }
}

#[test]
fn a_reinvocation_follows_what_other_webhooks_do() {
    let spec =
        "  injection: {sidecars: [{name: relay, image: relay:1, volumeMounts: [{name: state, mountPath: /state}]}]}\n";
    let before = pod(&json!({}));
    let mut first = patched(&decided(&policy(spec), &before), &before);
    assert_eq!(note(&first), Some("relay=VolumeMissing"));
    first["spec"]["volumes"] = json!([{"name": "state"}]);
    let decision = decided(&policy(spec), &first);
    let mut second = patched(&decision, &first);
    assert_eq!((note(&second), decision.added()), (None, &["relay".into()][..]), "the reason holds no more");
    assert_eq!(init_containers(&second), ["relay"]);

    // Another webhook changes the sidecar: it stays, and is no container of the user.
    second["spec"]["initContainers"][0]["image"] = json!("mirror.example/relay:1");
    let third = decided(&policy(spec), &second);
    assert!(third.patch().is_empty() && third.withheld().is_empty(), "{third:?}");
}

#[test]
fn a_note_that_the_user_wrote_counts_for_nothing() {
    for spec in [SIDECAR, ""] {
        let forged = pod(&json!({"metadata": {"annotations": {NOTE: "relay=PortInUse,x=Declined"}}}));
        let (after, _) = prepared(&policy(spec), &forged);
        assert_eq!(note(&after), None);
        assert_eq!(init_containers(&after).len(), usize::from(!spec.is_empty()));
    }
}

#[test]
fn a_port_that_is_stated_in_the_policy_is_not_shared_with_the_pe() {
    let spec = "  injection:
    sidecars: [{name: relay, image: relay:1}, {name: second, image: second:1}]
    listensOn: {relay: [4317], second: [4317]}
";
    let pe = pod(&json!({"spec": {"containers": [{"name": "pe", "ports": [{"containerPort": 4317}]}]}}));
    let (after, warnings) = prepared(&policy(spec), &pe);
    assert_eq!(note(&after), Some("relay=PortInUse,second=PortInUse"));
    assert_eq!(warnings[0], "sidecar `relay` was not added: container `pe` listens on TCP port 4317");
    assert!(after["spec"].get("initContainers").is_none());
}

fn memory(amount: &str) -> ResourceList {
    let mut list = ResourceList::default();
    list.set("memory", amount).unwrap();
    list
}

fn limit_range(container: RequestRange, pod: RequestRange) -> ResourceConstraints {
    let mut constraints = ResourceConstraints::default();
    let id = ObjectId::new(&Namespace::from("ns"), "l");
    constraints.put_limit_range(LimitRange { id, container, pod });
    constraints
}

const SIZED: &str = "  injection:
    sidecars:
      - {name: small, image: r, resources: {requests: {memory: 64Mi}, limits: {memory: 128Mi}}}
      - {name: large, image: r, resources: {limits: {memory: 512Mi}}}
";

#[test]
fn sidecars_are_fitted_to_the_namespace_and_those_that_do_not_fit_are_withheld() {
    let container = RequestRange { max: memory("100Mi"), ..RequestRange::default() };
    let constraints = limit_range(container, RequestRange::default());
    let before = pod(&json!({}));
    let decision = decided_in(&constraints, &policy(SIZED), &before);
    let after = patched(&decision, &before);
    assert_eq!(init_containers(&after), ["small"]);
    let resources = &after["spec"]["initContainers"][0]["resources"];
    assert_eq!(resources, &json!({"requests": {"memory": "64Mi"}, "limits": {"memory": "100Mi"}}));
    assert_eq!(note(&after), Some("large=LimitRangeViolated"));
    assert_eq!(
        decision.warnings(),
        [
            "sidecar `small`: memory limit is `100Mi`, for a LimitRange",
            "sidecar `large` was not added: it requests `512Mi` of memory, a LimitRange allows `100Mi`",
        ]
    );
    assert!(decided_in(&constraints, &policy(SIZED), &after).patch().is_empty());
    let elsewhere = decided_in(&ResourceConstraints::default(), &policy(SIZED), &before);
    assert_eq!(elsewhere.added().len(), 2);
}

#[test]
fn a_sidecar_that_fits_once_another_is_there_is_added() {
    // The minimum holds for the sum of limits, which only the second sidecar reaches.
    let constraints =
        limit_range(RequestRange::default(), RequestRange { min: memory("512Mi"), ..RequestRange::default() });
    let resources = json!({"requests": {"memory": "1Gi"}});
    let before = pod(&json!({"spec": {"containers": [{"name": "pe", "resources": resources}]}}));
    let decision = decided_in(&constraints, &policy(SIZED), &before);
    let after = patched(&decision, &before);
    assert_eq!(init_containers(&after), ["large", "small"]);
    assert!(decided_in(&constraints, &policy(SIZED), &after).patch().is_empty());
}

#[test]
fn the_pe_has_its_resources_before_sidecars_are_fitted() {
    let constraints =
        limit_range(RequestRange::default(), RequestRange { max: memory("600Mi"), ..RequestRange::default() });
    let spec = format!("{SIZED}  resources: {{requests: {{memory: 512Mi}}, limits: {{memory: 512Mi}}}}\n");
    let before = pod(&json!({}));
    let after = patched(&decided_in(&constraints, &policy(&spec), &before), &before);
    assert_eq!(note(&after), Some("small=LimitRangeViolated,large=LimitRangeViolated"));
}

#[test]
fn what_a_quota_demands_is_added_or_the_sidecar_is_withheld() {
    let mut constraints = ResourceConstraints::default();
    let id = ObjectId::new(&Namespace::from("ns"), "q");
    let quantities = vec![DemandedQuantity::MemoryLimit, DemandedQuantity::CpuRequest];
    constraints.put_quota(ResourceQuota { id, demand: QuotaDemand { scopes: Vec::new(), quantities } });
    let spec = "  injection:
    sidecars:
      - {name: bare, image: r}
      - {name: relay, image: r, resources: {requests: {cpu: 10m, memory: 16Mi}}}
";
    let resources = json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}});
    let before = pod(&json!({"spec": {"containers": [{"name": "pe", "resources": resources}]}}));
    let after = patched(&decided_in(&constraints, &policy(spec), &before), &before);
    assert_eq!(note(&after), Some("bare=QuotaUnsatisfied"));
    assert_eq!(after["spec"]["initContainers"][0]["resources"]["limits"], json!({"memory": "16Mi"}));
}
