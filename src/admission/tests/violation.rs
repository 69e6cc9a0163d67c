use serde_json::json;

use super::*;
use crate::model::{QuotaDemand, QuotaScope};

fn list(amounts: &[(&str, &str)]) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, amount) in amounts {
        list.set(name, amount).unwrap();
    }
    list
}

fn pod(requests: &Value, limits: &Value) -> Value {
    json!({"spec": {"containers": [{"name": "pe", "resources": {"requests": requests, "limits": limits}}]}})
}

fn relay() -> Value {
    let resources = json!({"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}});
    json!({"name": "relay", "restartPolicy": "Always", "resources": resources})
}

fn of_pods(range: RequestRange) -> NamespaceConstraints {
    NamespaceConstraints { pod: range, ..NamespaceConstraints::default() }
}

fn reason(pod: &Value, constraints: &NamespaceConstraints) -> Option<WithheldReason> {
    by_sidecar(pod, &relay(), Some(constraints)).map(|violation| violation.reason)
}

#[test]
fn the_sums_of_a_pod_count_the_sidecar() {
    let limited = Some(WithheldReason::LimitRangeViolated);
    let most = of_pods(RequestRange { max: list(&[("memory", "1Gi")]), ..RequestRange::default() });
    for (memory, wanted) in [("896Mi", None), ("897Mi", limited), ("2Gi", None)] {
        let amounts = json!({"memory": memory});
        assert_eq!(reason(&pod(&amounts, &amounts), &most), wanted, "{memory}: a pod that is rejected anyway stays so");
    }
    // No container but the sidecar has a limit: the sum of limits is the sidecar's.
    let least = of_pods(RequestRange { min: list(&[("memory", "256Mi")]), ..RequestRange::default() });
    assert_eq!(reason(&pod(&json!({"memory": "300Mi"}), &json!({})), &least), limited);
    assert_eq!(reason(&pod(&json!({"memory": "300Mi"}), &json!({"memory": "300Mi"})), &least), None);
    let ratio = of_pods(RequestRange { max_limit_request_ratio: list(&[("memory", "1")]), ..RequestRange::default() });
    assert_eq!(reason(&pod(&json!({"memory": "1Gi"}), &json!({"memory": "1Gi"})), &ratio), limited);
}

#[test]
fn plain_init_containers_run_before_the_sidecar() {
    let most = of_pods(RequestRange { max: list(&[("memory", "1Gi")]), ..RequestRange::default() });
    let mut with_init = pod(&json!({"memory": "512Mi"}), &json!({"memory": "512Mi"}));
    with_init["spec"]["initContainers"] = json!([{"name": "first", "resources": {"limits": {"memory": "1Gi"}}}]);
    assert_eq!(reason(&with_init, &most), None);
}

#[test]
fn a_quota_that_counts_the_pod_because_of_the_sidecar_demands_of_every_container() {
    let quota = |scopes| NamespaceConstraints {
        quotas: vec![QuotaDemand { scopes, quantities: vec![DemandedQuantity::MemoryLimit] }],
        ..NamespaceConstraints::default()
    };
    let best_effort = pod(&json!({}), &json!({}));
    let burstable = pod(&json!({"cpu": "1"}), &json!({}));
    let unsatisfied = Some(WithheldReason::QuotaUnsatisfied);
    assert_eq!(reason(&best_effort, &quota(vec![QuotaScope::BestEffort(false)])), unsatisfied);
    assert_eq!(reason(&burstable, &quota(vec![QuotaScope::BestEffort(false)])), None, "it is rejected anyway");
    assert_eq!(reason(&best_effort, &quota(vec![QuotaScope::Terminating(true)])), None, "it does not count");
    let mut terminating = best_effort;
    terminating["spec"]["activeDeadlineSeconds"] = json!(60);
    let scopes = vec![QuotaScope::Terminating(true), QuotaScope::BestEffort(false)];
    assert_eq!(reason(&terminating, &quota(scopes)), unsatisfied);
}

#[test]
fn spec_resources_has_to_cover_all_containers() {
    let none = NamespaceConstraints::default();
    let mut whole = pod(&json!({"cpu": "1", "memory": "1Gi"}), &json!({}));
    whole["spec"]["resources"] = json!({"requests": {"cpu": "1020m", "memory": "1Gi"}});
    assert_eq!(reason(&whole, &none), Some(WithheldReason::PodResourcesExceeded));
    assert!(by_sidecar(&whole, &json!({"name": "relay"}), None).is_none());
    let tight = |limits: Value| json!({"spec": {"containers": [{"name": "pe"}], "resources": {"limits": limits}}});
    assert_eq!(reason(&tight(json!({"memory": "100Mi"})), &none), Some(WithheldReason::PodResourcesExceeded));
    assert_eq!(reason(&tight(json!({"cpu": "1"})), &none), None);
    let quota = NamespaceConstraints {
        quotas: vec![QuotaDemand { scopes: vec![], quantities: vec![DemandedQuantity::CpuLimit] }],
        ..NamespaceConstraints::default()
    };
    assert_eq!(reason(&tight(json!({"cpu": "1"})), &quota), None, "the quota counts spec.resources");
}
