use serde_json::json;

use super::*;

fn demand(spec: &serde_json::Value, status: &serde_json::Value) -> QuotaDemand {
    let object = json!({"metadata": {"name": "q", "namespace": "ns"}, "spec": spec, "status": status});
    ResourceQuota::from(&serde_json::from_value::<ResourceQuotaObject>(object).unwrap()).demand
}

#[test]
fn requests_and_limits_of_cpu_and_memory_are_demanded_and_others_are_not() {
    use DemandedQuantity::{CpuLimit, CpuRequest, MemoryLimit, MemoryRequest};
    for (hard, wanted) in [
        (json!({"cpu": "1", "requests.cpu": "1"}), vec![CpuRequest]),
        (json!({"limits.memory": "1Gi", "limits.cpu": "1"}), vec![CpuLimit, MemoryLimit]),
        (json!({"memory": "1Gi", "pods": "4", "requests.storage": "1Gi"}), vec![MemoryRequest]),
        (json!({"requests.ephemeral-storage": "1Gi", "requests.nvidia.com/gpu": "1"}), vec![]),
    ] {
        assert_eq!(demand(&json!({"hard": hard}), &json!({})).quantities, wanted, "{hard}");
        assert_eq!(demand(&json!({}), &json!({"hard": hard})).quantities, wanted, "the status counts too: {hard}");
    }
}

#[test]
fn scopes_of_both_forms_are_read_and_unknown_ones_left_out() {
    let selector = |expressions| json!({"scopeSelector": {"matchExpressions": expressions}});
    let class =
        |operator: &str| selector(json!([{"scopeName": "PriorityClass", "operator": operator, "values": ["a"]}]));
    for (spec, wanted) in [
        (json!({"scopes": ["NotBestEffort", "Terminating", "CrossNamespacePodAffinity"]}), {
            vec![QuotaScope::Terminating(true), QuotaScope::BestEffort(false)]
        }),
        (selector(json!([{"scopeName": "BestEffort", "operator": "Exists"}])), vec![QuotaScope::BestEffort(true)]),
        (class("In"), vec![QuotaScope::PriorityClassIn(vec!["a".into()])]),
        (class("NotIn"), vec![QuotaScope::PriorityClassNotIn(vec!["a".into()])]),
        (class("Exists"), vec![QuotaScope::HasPriorityClass(true)]),
        (class("DoesNotExist"), vec![QuotaScope::HasPriorityClass(false)]),
    ] {
        assert_eq!(demand(&spec, &json!({})).scopes, wanted, "{spec}");
    }
}
