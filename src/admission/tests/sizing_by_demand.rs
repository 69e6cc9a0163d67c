//! Sizing by what is known of the use of PEs.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::admission::tests::support::{decided_by, pod, policy};
use crate::admission::{Decision, KnownDemand};
use crate::model::{
    Bytes, DemandForecasts, DemandHistory, DemandKey, DemandPath, DemandShare, JobDemand, MOST_HORIZON_STEPS,
    Namespace, OfResources, OomKill, OomKills, ResourceConstraints,
};

const NOW: i64 = 10_000_000;
const MIB: f32 = 1_048_576.0;

/// A policy that sizes by demand; `more` stands among its fields.
fn by_demand(more: &str) -> crate::policy::PolicySet {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    policy(&format!("  resources: {{from: demand, requests: {{cpu: 100m, memory: 256Mi}}{more}}}\n"))
}

fn key() -> DemandKey {
    DemandKey { namespace: Namespace::from("ns"), job: "j".into() }
}

/// Forecasts of a job of one interchangeable PE, in steps of 5 minutes: 200m and 300 MiB, twice that from the seventh step.
fn forecasts() -> DemandForecasts {
    let path = |level: f32, deviation: f32| {
        let mut mean = [level; MOST_HORIZON_STEPS];
        mean[6..].fill(level * 2.0);
        DemandPath { mean, deviation: [deviation; MOST_HORIZON_STEPS] }
    };
    let share = |peak: f32| DemandShare { of_job: 1.0, own_deviation: 0.0, peak };
    let history = DemandHistory { observed_steps: 100, missing_steps: 0, is_cold: false };
    let demand = JobDemand {
        total: OfResources { cpu: Some(path(200.0, 10.0)), memory: Some(path(300.0 * MIB, 0.0)) },
        shares: HashMap::default(),
        interchangeable: OfResources { cpu: Some(share(300.0)), memory: Some(share(350.0 * MIB)) },
        history: OfResources { cpu: Some(history), memory: Some(history) },
    };
    DemandForecasts {
        at: Timestamp::from_second(NOW).unwrap(),
        step: SignedDuration::from_mins(5),
        steps: MOST_HORIZON_STEPS,
        jobs: [(key(), Arc::new(demand))].into_iter().collect(),
        others: HashMap::default(),
    }
}

fn change(forecasts: &mut DemandForecasts, change: impl FnOnce(&mut JobDemand)) {
    change(Arc::make_mut(forecasts.jobs.get_mut(&key()).unwrap()));
}

fn kill(mebibytes: u64, days_ago: i64) -> OomKills {
    let mut kills = OomKills::default();
    let at = Timestamp::from_second(NOW - days_ago * 86_400).unwrap();
    kills.note(key(), "pe-7".into(), OomKill { container: "pe".into(), memory: Bytes(mebibytes << 20), at });
    kills
}

fn decided(
    policies: &crate::policy::PolicySet,
    known: (&DemandForecasts, &OomKills),
    pod: &Value,
) -> (Value, Decision) {
    let demand = KnownDemand { forecasts: Some(known.0), oom_kills: Some(known.1) };
    let none = ResourceConstraints::default();
    let decision = decided_by(demand, &none, policies, pod);
    let mut after = pod.clone();
    json_patch::patch(&mut after, decision.patch()).unwrap();
    let nothing = (DemandForecasts::default(), OomKills::default());
    for known in [known, (&nothing.0, &nothing.1)] {
        let demand = KnownDemand { forecasts: Some(known.0), oom_kills: Some(known.1) };
        assert!(decided_by(demand, &none, policies, &after).patch().is_empty(), "decided once");
    }
    (after, decision)
}

/// The requests of the first container of a PE that has chosen nothing.
fn requests(policies: &crate::policy::PolicySet, forecasts: &DemandForecasts, kills: &OomKills) -> Value {
    decided(policies, (forecasts, kills), &pod(&json!({}))).0["spec"]["containers"][0]["resources"]["requests"].clone()
}

#[test]
fn requests_are_the_quantile_over_the_horizon_times_the_margin() {
    let none = OomKills::default();
    for (more, cpu, memory) in [
        // (400 + 1.6449 * 10) * 1.15 = 478.9; 600 MiB * 1.15
        ("", "479m", "690Mi"),
        // 30 minutes are six steps: (200 + 16.449) * 1.15 = 248.9; the peak of 350 MiB is above the forecast.
        ("horizon: 30m", "249m", "403Mi"),
        ("horizon: 31m", "479m", "690Mi"),
        ("quantile: 0.5, margin: 1", "400m", "600Mi"),
        ("quantile: 0.999, margin: 1", "431m", "600Mi"),
        ("min: {cpu: 1, memory: 1Gi}", "1", "1024Mi"),
        ("max: {cpu: 300m, memory: 500Mi}", "300m", "500Mi"),
    ] {
        let expected = json!({"cpu": cpu, "memory": memory});
        assert_eq!(requests(&by_demand(more), &forecasts(), &none), expected, "{more}");
    }
}

#[test]
fn without_a_history_the_static_values_count() {
    let fixed = json!({"cpu": "100m", "memory": "256Mi"});
    let none = OomKills::default();
    let policies = by_demand("");
    assert_eq!(requests(&policies, &DemandForecasts::default(), &none), fixed, "nothing is known");
    let mut unlike = forecasts();
    change(&mut unlike, |demand| demand.total = OfResources { cpu: None, ..demand.total });
    assert_eq!(requests(&policies, &unlike, &none), json!({"cpu": "100m", "memory": "690Mi"}), "no data of CPU");
    let mut young = forecasts();
    let history = DemandHistory { observed_steps: 11, missing_steps: 0, is_cold: true };
    change(&mut young, |demand| demand.history = OfResources { cpu: Some(history), memory: Some(history) });
    assert_eq!(requests(&policies, &young, &none), fixed, "observed for less than the horizon");
    let mut stale = forecasts();
    let history = DemandHistory { observed_steps: 100, missing_steps: 13, is_cold: false };
    change(&mut stale, |demand| demand.history = OfResources { cpu: Some(history), memory: Some(history) });
    let peak = json!({"cpu": "100m", "memory": "403Mi"});
    assert_eq!(requests(&policies, &stale, &none), peak, "measured an hour ago: the highest memory is known still");
    for odd in [f32::NAN, f32::INFINITY] {
        let mut broken = forecasts();
        change(&mut broken, |demand| demand.total.cpu.as_mut().unwrap().mean[2] = odd);
        assert_eq!(requests(&policies, &broken, &none)["cpu"], "100m", "{odd} is no data");
    }
    // A policy without `from: demand` reads no forecast.
    let fixed_policy = policy("  resources: {requests: {cpu: 100m, memory: 256Mi}}\n");
    assert_eq!(requests(&fixed_policy, &forecasts(), &kill(900, 1)), fixed);
}

#[test]
fn after_a_kill_for_too_much_memory_the_request_grows() {
    let policies = by_demand("");
    let memory =
        |forecasts: &DemandForecasts, kills: &OomKills| requests(&policies, forecasts, kills)["memory"].clone();
    assert_eq!(memory(&forecasts(), &kill(1_000, 1)), "1200Mi", "a fifth");
    assert_eq!(memory(&forecasts(), &kill(600, 1)), "720Mi", "100 MiB would be 700 MiB");
    assert_eq!(memory(&forecasts(), &kill(400, 1)), "690Mi", "the forecast is above");
    assert_eq!(memory(&DemandForecasts::default(), &kill(200, 1)), "300Mi", "without a forecast too");
    assert_eq!(memory(&DemandForecasts::default(), &kill(100, 1)), "256Mi", "and not below the policy");
    assert_eq!(memory(&forecasts(), &kill(1_000, 9)), "690Mi", "too long ago");
    let mut other = OomKills::default();
    let at = Timestamp::from_second(NOW).unwrap();
    other.note(key(), "pe-7".into(), OomKill { container: "proxy".into(), memory: Bytes(4 << 30), at });
    assert_eq!(memory(&forecasts(), &other), "690Mi", "another container");
}

fn chosen(resources: &Value) -> Value {
    pod(&json!({"spec": {"containers": [{"name": "pe", "resources": resources}]}}))
}

fn resources_after(policies: &crate::policy::PolicySet, resources: &Value) -> Value {
    let pod = chosen(resources);
    decided(policies, (&forecasts(), &OomKills::default()), &pod).0["spec"]["containers"][0]["resources"].clone()
}

#[test]
fn what_somebody_chose_stays_unless_the_policy_overrides() {
    let own = json!({"requests": {"cpu": "2", "memory": "64Mi"}});
    assert_eq!(resources_after(&by_demand(""), &own), own);
    let replaced = json!({"requests": {"cpu": "479m", "memory": "690Mi"}});
    assert_eq!(resources_after(&by_demand("override: true"), &own), replaced);
    // The limit of the user stays, and the request stays below it.
    let limited = json!({"requests": {"cpu": "200m", "memory": "64Mi"}, "limits": {"cpu": "300m", "memory": "2Gi"}});
    assert_eq!(
        resources_after(&by_demand("override: true"), &limited),
        json!({"requests": {"cpu": "300m", "memory": "690Mi"}, "limits": {"cpu": "300m", "memory": "2Gi"}})
    );
    let mut autoscaled = chosen(&own);
    autoscaled["metadata"]["annotations"] = json!({"vpaUpdates": "Pod resources updated by pe-vpa"});
    let (after, _) = decided(&by_demand("override: true"), (&forecasts(), &OomKills::default()), &autoscaled);
    assert_eq!(after["spec"]["containers"][0]["resources"], own, "two autoscalers would fight");
}

#[test]
fn a_request_that_is_its_limit_stays_so_if_the_class_is_to_be_kept() {
    let guaranteed = json!({"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}});
    let both = json!({"cpu": "479m", "memory": "690Mi"});
    assert_eq!(resources_after(&by_demand("override: true"), &guaranteed), json!({"requests": both, "limits": both}));
    assert_eq!(
        resources_after(&by_demand("override: true, keepQosClass: false"), &guaranteed),
        json!({"requests": both, "limits": guaranteed["limits"]})
    );
    let limits_alone = json!({"limits": {"cpu": "2", "memory": "4Gi"}});
    assert_eq!(
        resources_after(&by_demand("override: true"), &limits_alone),
        json!({"requests": both, "limits": both}),
        "Kubernetes would make the requests equal"
    );
    // The same of static values.
    let policies = by_demand("limits: {cpu: 100m, memory: 1Gi}");
    assert_eq!(
        resources_after(&policies, &json!({})),
        json!({"requests": both, "limits": {"cpu": "479m", "memory": "1Gi"}})
    );
    let policies = by_demand("limits: {cpu: 200m, memory: 1Gi}");
    assert_eq!(
        resources_after(&policies, &json!({})),
        json!({"requests": both, "limits": {"cpu": "479m", "memory": "1Gi"}}),
        "a limit of the policy is raised to the request"
    );
}

#[test]
fn the_demand_of_a_pod_is_that_of_its_main_container_and_of_the_others() {
    let containers = json!([
        {"name": "proxy", "resources": {"requests": {"cpu": "50m", "memory": "90Mi"}}},
        {"name": "pe"},
        {"name": "helper"},
    ]);
    let sidecar = json!([{"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "9m"}}}]);
    let before = pod(&json!({"spec": {"containers": containers, "initContainers": sidecar}}));
    let (after, _) = decided(&by_demand("containers: [pe, helper]"), (&forecasts(), &OomKills::default()), &before);
    let requests = |at: usize| after["spec"]["containers"][at]["resources"]["requests"].clone();
    assert_eq!(requests(1), json!({"cpu": "320m", "memory": "344Mi"}), "479 - 50 - 100 - 9; 690 - 90 - 256");
    assert_eq!(requests(2), json!({"cpu": "100m", "memory": "256Mi"}), "the static values");
    assert_eq!(requests(0), json!({"cpu": "50m", "memory": "90Mi"}));
    // The container that kubectl takes by default.
    let mut named = before;
    named["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/default-container": "helper"});
    let (after, _) = decided(&by_demand("containers: [pe, helper]"), (&forecasts(), &OomKills::default()), &named);
    assert_eq!(after["spec"]["containers"][1]["resources"]["requests"]["cpu"], "100m");
    assert_eq!(after["spec"]["containers"][2]["resources"]["requests"]["cpu"], "320m");
}

#[test]
fn the_pod_says_what_each_source_says() {
    let (after, decision) =
        decided(&by_demand(""), (&forecasts(), &OomKills::default()), &chosen(&json!({"requests": {"cpu": "1"}})));
    let account = after["metadata"]["annotations"]["outrigger.dev/resources"].as_str().unwrap();
    assert_eq!(
        account,
        "pe cpu: user 1/-, policy 100m/-, demand 479m, LimitRange -/-, result 1/-\n\
         pe memory: user -/-, policy 256Mi/-, demand 690Mi, LimitRange -/-, result 690Mi/-"
    );
    assert_eq!(decision.warnings(), [""; 0]);
    let unknown = (DemandForecasts::default(), OomKills::default());
    let (after, _) = decided(&by_demand(""), (&unknown.0, &unknown.1), &pod(&json!({})));
    let account = after["metadata"]["annotations"]["outrigger.dev/resources"].as_str().unwrap();
    assert!(
        account.starts_with("pe cpu: user -/-, policy 100m/-, demand -, LimitRange -/-, result 100m/-"),
        "{account}"
    );
}
