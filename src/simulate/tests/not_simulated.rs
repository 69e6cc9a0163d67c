use serde_json::json;

use super::*;

fn of(spec: &Value) -> Vec<NotSimulated> {
    not_simulated(&json!({"spec": spec}), ClaimedVolumes::default(), |name| name == "example.com/fpga")
}

#[test]
fn each_part_that_is_left_out_is_named() {
    let term = json!([{"topologyKey": "zone"}]);
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    for (spec, expected) in [
        (json!({"volumes": [{"name": "v", "gcePersistentDisk": {"pdName": "d"}}]}), NotSimulated::Volumes),
        (json!({"resourceClaims": [{"name": "gpu"}]}), NotSimulated::ResourceClaims),
        (json!({"containers": [{"resources": {"requests": {"example.com/fpga": "1"}}}]}), NotSimulated::ResourceClaims),
        (json!({"topologySpreadConstraints": [{"maxSkew": 1}]}), NotSimulated::TopologySpread),
        (json!({"affinity": {"podAffinity": {required: term}}}), NotSimulated::PodAffinity),
        (json!({"affinity": {"podAntiAffinity": {preferred: term}}}), NotSimulated::PodAffinity),
        (json!({"affinity": {"nodeAffinity": {preferred: term}}}), NotSimulated::PreferredNodeAffinity),
    ] {
        assert_eq!(of(&spec), [expected], "{spec}");
    }
}

#[test]
fn what_is_simulated_or_asks_for_nothing_is_not_named() {
    let spec = json!({
        "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "projected": {"sources": []}}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}},
        "topologySpreadConstraints": [], "resourceClaims": [],
    });
    assert_eq!(of(&spec), []);
}

#[test]
fn claims_are_named_where_their_volumes_are_unknown_or_limited() {
    let pod = json!({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}});
    for (any_unknown, any_limited, expected) in [
        (false, false, &[][..]),
        (true, false, &[NotSimulated::Volumes]),
        (false, true, &[NotSimulated::VolumeLimits]),
        (true, true, &[NotSimulated::Volumes, NotSimulated::VolumeLimits]),
    ] {
        assert_eq!(not_simulated(&pod, ClaimedVolumes { any_unknown, any_limited }, |_| false), expected);
    }
}
