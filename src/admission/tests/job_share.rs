use std::num::NonZeroU32;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::admission::tests::support::{open_streams_policy, pools};
use crate::admission::{Context, KnownDemand, decide};
use crate::model::{
    Declarations, DeclaredJob, Labels, LimitRange, Namespace, ObjectId, OpenStreams, RequestRange, ResourceConstraints,
    ResourceList,
};

/// The requests of the container of a PE, once its pod is admitted; the `Job` has these PEs and requests.
fn requests(pes: u32, of_job: &[(&str, &str)], resources: &Value) -> Value {
    requests_after(
        pes,
        of_job,
        &json!({"spec": {"containers": [{"name": "pe", "image": "pe:1", "resources": resources}]}}),
    )
}

/// The same for a pod with these members.
fn requests_after(pes: u32, of_job: &[(&str, &str)], more: &Value) -> Value {
    requests_in(&ResourceConstraints::default(), pes, of_job, more).0
}

/// The same in a namespace with these constraints, and the warnings.
fn requests_in(
    constraints: &ResourceConstraints,
    pes: u32,
    of_job: &[(&str, &str)],
    more: &Value,
) -> (Value, Vec<String>) {
    let id = ObjectId::new(&Namespace::from("ns"), "app");
    let requests = of_job.iter().copied().collect();
    let defaults = Labels::default();
    let job = DeclaredJob { id: id.clone(), defaults, requests, pes: NonZeroU32::new(pes), field_problems: vec![] };
    let open_streams = OpenStreams { jobs: Arc::new([(id, Arc::new(job))].into()), ..OpenStreams::default() };
    let declared = Declarations { open_streams, ..Declarations::default() };
    let mut pod = json!({
        "metadata": {
            "name": "app-0-x1",
            "labels": {"streams.ibm.com/job": "app", "streams.ibm.com/pe": "0"},
            "ownerReferences": [{
                "apiVersion": "streams.ibm.com/v1", "kind": "ProcessingElement", "name": "app-0", "uid": "u1",
                "controller": true,
            }],
        },
    });
    json_patch::merge(&mut pod, more);
    let context = Context {
        policies: &open_streams_policy(),
        pools: &pools(),
        declared: &declared,
        constraints,
        demand: KnownDemand::default(),
    };
    let decision = decide(&pod, &Namespace::from("ns"), context);
    let mut patched = pod;
    json_patch::patch(&mut patched, decision.patch()).unwrap();
    (patched["spec"]["containers"][0]["resources"]["requests"].clone(), decision.warnings().to_vec())
}

#[test]
fn t22_b12_each_pe_requests_its_share_of_what_the_job_requests() {
    let copied = json!({"requests": {"cpu": "4", "memory": "10Gi"}, "limits": {"cpu": "800m", "memory": "2Gi"}});
    let of_job = [("cpu", "4000m"), ("memory", "10Gi")];
    assert_eq!(requests(10, &of_job, &copied), json!({"cpu": "400m", "memory": "1073741824"}));
    let tight = json!({"requests": {"cpu": "4", "memory": "10Gi"}, "limits": {"cpu": "300m", "memory": "2Gi"}});
    assert_eq!(requests(10, &of_job, &tight)["cpu"], "300m", "never above the limit");
}

#[test]
fn what_was_chosen_for_the_pe_what_cannot_be_divided_and_what_is_not_known_stay() {
    let own = json!({"requests": {"cpu": "2", "example.com/gpu": "1"}, "limits": {"example.com/gpu": "1"}});
    assert_eq!(requests(10, &[("cpu", "4"), ("example.com/gpu", "1")], &own), own["requests"], "another amount");
    let one = json!({"requests": {"cpu": "4"}});
    assert_eq!(requests(1, &[("cpu", "4")], &one), one["requests"], "the only PE");
    assert_eq!(requests(0, &[("cpu", "4")], &one), one["requests"], "not counted yet");
    assert_eq!(requests(10, &[], &one), one["requests"], "the job requests nothing");
    assert_eq!(requests(10, &[("cpu", "four")], &one), one["requests"], "no quantity");
}

#[test]
fn a_later_call_shares_nothing_again() {
    let chosen = json!({"requests": {"cpu": "4"}});
    let prepared = json!({
        "metadata": {"annotations": {"outrigger.dev/policy": "open-streams"}},
        "spec": {"schedulerName": "outrigger", "containers": [{"name": "pe", "resources": chosen}]},
    });
    assert_eq!(
        requests_after(10, &[("cpu", "4")], &prepared),
        chosen["requests"],
        "another webhook has written it since"
    );
    let mut first = prepared;
    first["spec"]["schedulerName"] = json!("default-scheduler");
    assert_eq!(requests_after(10, &[("cpu", "4")], &first)["cpu"], "400m");
}

fn list(cpu: &str) -> ResourceList {
    let mut list = ResourceList::default();
    list.set("cpu", cpu).unwrap();
    list
}

#[test]
fn a_share_keeps_what_the_limit_ranges_demand() {
    let of_job = [("cpu", "4")];
    let pod = json!({"spec": {"containers": [
        {"name": "pe", "resources": {"requests": {"cpu": "4"}, "limits": {"cpu": "4"}}},
    ]}});
    let id = ObjectId::new(&Namespace::from("ns"), "bounds");
    let with = |container: RequestRange, sums: RequestRange| {
        let mut constraints = ResourceConstraints::default();
        constraints.put_limit_range(LimitRange { id: id.clone(), container, pod: sums });
        requests_in(&constraints, 10, &of_job, &pod)
    };
    let free = RequestRange::default;
    let none: Vec<String> = Vec::new();
    assert_eq!(with(free(), free()), (json!({"cpu": "400m"}), none.clone()));
    let minimum = RequestRange { min: list("700m"), ..free() };
    assert_eq!(with(minimum.clone(), free()), (json!({"cpu": "700m"}), none.clone()));
    let ratio = RequestRange { max_limit_request_ratio: list("3"), ..free() };
    assert_eq!(with(ratio, free()), (json!({"cpu": "1334m"}), none), "a third of the limit");
    let (kept, warnings) = with(free(), minimum);
    assert_eq!(kept, json!({"cpu": "4"}), "the sum of the pod would be too small");
    assert_eq!(warnings, ["requests of the job are not divided: cpu of the pod: the minimum of a LimitRange"]);
}
