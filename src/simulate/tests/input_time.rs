use serde_json::json;

use super::*;

#[test]
fn times_that_may_lie_ahead_do_not_count() {
    let object = json!({
        "metadata": {"creationTimestamp": "2026-05-04T10:00:00Z", "managedFields": [{"time": "2026-05-04T10:00:01Z"}]},
        "spec": {"renewTime": "2030-01-01T00:00:00Z", "notAfterTime": "2031-01-01T00:00:00Z"},
        "status": {"conditions": [{"lastTransitionTime": "2026-05-04T10:00:02Z"}], "time": "soon"},
    });
    assert_eq!(newest_time(&object).unwrap().to_string(), "2026-05-04T10:00:02Z");
    assert_eq!(newest_time(&json!({"metadata": {"deletionTimestamp": "2030-01-01T00:00:00Z"}})), None);
}

#[test]
fn a_deletion_was_asked_for_before_its_grace_period() {
    let pod = json!({
        "metadata": {"deletionTimestamp": "2026-11-01T10:30:10Z", "deletionGracePeriodSeconds": 1800},
        "status": {"startTime": "2026-11-01T09:00:00Z"},
    });
    assert_eq!(newest_time(&pod).unwrap().to_string(), "2026-11-01T10:00:10Z");
}
