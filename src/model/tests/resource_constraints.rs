use super::*;
use crate::model::{DemandedQuantity, QuotaScope, QuotaSubject, ResourceList};

fn id(name: &str) -> ObjectId {
    ObjectId::new(&Namespace::from("ns"), name)
}

fn cpu(amount: &str) -> ResourceList {
    let mut list = ResourceList::default();
    list.set("cpu", amount).unwrap();
    list
}

fn range(min: &str, max: &str, ratio: &str) -> RequestRange {
    RequestRange {
        min: cpu(min),
        max: cpu(max),
        max_limit_request_ratio: cpu(ratio),
        default_limit: cpu(max),
        ..RequestRange::default()
    }
}

fn limit_range(name: &str, container: RequestRange) -> LimitRange {
    LimitRange { id: id(name), container, pod: RequestRange::default() }
}

fn quota(name: &str, scopes: Vec<QuotaScope>, quantities: Vec<DemandedQuantity>) -> ResourceQuota {
    ResourceQuota { id: id(name), demand: QuotaDemand { scopes, quantities } }
}

#[test]
fn limit_ranges_of_a_namespace_hold_together() {
    let mut all = ResourceConstraints::default();
    all.put_limit_range(limit_range("a", range("10m", "2", "4")));
    all.put_limit_range(limit_range("b", range("50m", "1", "8")));
    let both = &all.in_namespace(&Namespace::from("ns")).unwrap().container;
    assert_eq!((&both.min, &both.max, &both.max_limit_request_ratio), (&cpu("50m"), &cpu("1"), &cpu("4")));
    assert_eq!(both.default_limit, cpu("2"), "of the first name");
    assert_eq!(all.in_namespace(&Namespace::from("other")), None);

    assert!(all.remove_limit_range(&id("b")));
    assert_eq!(all.in_namespace(&Namespace::from("ns")).unwrap().container, range("10m", "2", "4"));
    assert!(all.remove_limit_range(&id("a")) && !all.remove_limit_range(&id("a")));
    assert_eq!(all, ResourceConstraints::default());
}

#[test]
fn quotas_that_demand_nothing_of_containers_do_not_count() {
    let mut all = ResourceConstraints::default();
    all.put_quota(quota("pods", vec![], vec![]));
    assert_eq!(all.in_namespace(&Namespace::from("ns")), None);
    all.put_quota(quota("cpu", vec![], vec![DemandedQuantity::CpuLimit]));
    all.put_quota(quota("again", vec![], vec![DemandedQuantity::CpuLimit]));
    assert_eq!(all.in_namespace(&Namespace::from("ns")).unwrap().quotas.len(), 1);
}

#[test]
fn the_demands_of_many_quotas_are_bounded_and_none_is_lost() {
    let mut all = ResourceConstraints::default();
    for number in 0..200 {
        let scope = QuotaScope::PriorityClassIn(vec![format!("class-{number}").into()]);
        all.put_quota(quota(&format!("q-{number}"), vec![scope], vec![DemandedQuantity::MemoryLimit]));
    }
    let quotas = &all.in_namespace(&Namespace::from("ns")).unwrap().quotas;
    assert_eq!(quotas.len(), MOST_DEMANDS + 1);
    for class in (0..200).map(|number| format!("class-{number}")) {
        let pod = QuotaSubject { is_terminating: false, is_best_effort: false, priority_class: Some(&class) };
        assert!(quotas.iter().any(|demand| demand.applies_to(pod)), "{class}");
    }
}

#[test]
fn a_quota_counts_the_pods_that_every_scope_matches() {
    let pod = QuotaSubject { is_terminating: true, is_best_effort: false, priority_class: Some("high") };
    let low = || vec!["low".into()];
    for (scope, applies) in [
        (QuotaScope::Terminating(true), true),
        (QuotaScope::Terminating(false), false),
        (QuotaScope::BestEffort(false), true),
        (QuotaScope::BestEffort(true), false),
        (QuotaScope::HasPriorityClass(true), true),
        (QuotaScope::HasPriorityClass(false), false),
        (QuotaScope::PriorityClassIn(vec!["high".into()]), true),
        (QuotaScope::PriorityClassIn(low()), false),
        (QuotaScope::PriorityClassNotIn(low()), true),
    ] {
        let scopes = vec![QuotaScope::BestEffort(false), scope];
        let demand = QuotaDemand { scopes, quantities: vec![DemandedQuantity::CpuLimit] };
        assert_eq!(demand.applies_to(pod), applies, "{demand:?}");
    }
    let without = QuotaSubject { priority_class: None, ..pod };
    let demand = |scope| QuotaDemand { scopes: vec![scope], quantities: vec![] };
    assert!(demand(QuotaScope::PriorityClassNotIn(low())).applies_to(without));
    assert!(!demand(QuotaScope::PriorityClassIn(low())).applies_to(without));
}
