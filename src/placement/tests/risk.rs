//! The risk by limits is zero while all limits fit, and never lower for higher limits.

use proptest::prelude::*;

use super::super::limit_risk;
use crate::model::{Bytes, Millicores, PodRequests, Resources};
use crate::state::Occupancy;

fn resources(cpu: u64, memory: u64) -> Resources {
    Resources { cpu: Millicores(cpu), memory: Bytes(memory), other: Vec::new() }
}

/// Requests and limits of at least as much.
fn pod_requests(most: u64) -> impl Strategy<Value = PodRequests> {
    let amount = move || (0..=most, 0..=most).prop_map(|(one, other)| (one.min(other), one.max(other)));
    (amount(), amount()).prop_map(|(cpu, memory)| PodRequests {
        requests: resources(cpu.0, memory.0),
        limits: resources(cpu.1, memory.1),
    })
}

/// A node of so many millicores and bytes on which pods of this footprint run.
fn occupied((cpu, memory): (u64, u64), on_it: &PodRequests) -> Occupancy {
    Occupancy {
        allocatable: resources(cpu, memory).cpu_and_memory(),
        requested: on_it.requests.cpu_and_memory(),
        limits: on_it.limits.cpu_and_memory(),
    }
}

fn capacity() -> impl Strategy<Value = (u64, u64)> {
    (0_u64..20, 0_u64..20)
}

/// A share that the comparison of two rounded quotients may be off by.
const ROUNDING: f64 = 1e-12;

proptest! {
    #[test]
    fn risk_is_a_share_and_zero_exactly_while_limits_fit(
        capacity in capacity(), on_it in pod_requests(12), pod in pod_requests(12),
    ) {
        let risk = limit_risk(&occupied(capacity, &on_it), &pod);
        prop_assert!((0.0..=1.0).contains(&risk), "{}", risk);
        let fits = on_it.limits.cpu.0 + pod.limits.cpu.0 <= capacity.0
            && on_it.limits.memory.0 + pod.limits.memory.0 <= capacity.1;
        prop_assert_eq!(risk <= 0.0, fits, "{}", risk);
    }

    #[test]
    fn higher_limits_never_lower_the_risk(
        capacity in capacity(), on_it in pod_requests(12), pod in pod_requests(12), more in (0_u64..5, 0_u64..5),
    ) {
        let node = occupied(capacity, &on_it);
        let mut raised = pod.clone();
        raised.limits.add(&resources(more.0, more.1));
        prop_assert!(limit_risk(&node, &raised) >= limit_risk(&node, &pod) - ROUNDING);
    }

    #[test]
    fn another_pod_on_the_node_never_lowers_the_risk(
        capacity in capacity(), on_it in pod_requests(12), another in pod_requests(12), pod in pod_requests(12),
    ) {
        let mut both = on_it.clone();
        both.requests.add(&another.requests);
        both.limits.add(&another.limits);
        let (fewer, more) = (limit_risk(&occupied(capacity, &on_it), &pod), limit_risk(&occupied(capacity, &both), &pod));
        prop_assert!(more >= fewer - ROUNDING, "{} {}", fewer, more);
    }

    #[test]
    fn risk_accepts_amounts_of_any_size(
        capacity in any::<(u64, u64)>(), on_it in pod_requests(u64::MAX), pod in pod_requests(u64::MAX),
    ) {
        let risk = limit_risk(&occupied(capacity, &on_it), &pod);
        prop_assert!((0.0..=1.0).contains(&risk), "{}", risk);
    }
}

#[test]
fn risk_is_the_larger_share_of_cpu_and_memory() {
    let risk = |limits: Resources| {
        let node = occupied((4_000, 1_000), &PodRequests::default());
        limit_risk(&node, &PodRequests { requests: resources(2_000, 500), limits })
    };
    let assert_share = |found: f64, share: f64| assert!((found - share).abs() < ROUNDING, "{found} {share}");
    assert_share(risk(resources(4_000, 1_000)), 0.0);
    // The band is from 2,000 to 6,000; from 4,000 on it cannot be honoured.
    assert_share(risk(resources(6_000, 1_000)), 0.5);
    assert_share(risk(resources(4_000, 2_000)), 2.0 / 3.0);
    assert_share(risk(resources(6_000, 2_000)), 2.0 / 3.0);
    assert_share(risk(resources(10_000, 2_000)), 0.75);
}
