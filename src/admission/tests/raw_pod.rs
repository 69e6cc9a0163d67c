use serde_json::json;

use super::*;

#[test]
fn a_pod_is_read_without_the_members_that_no_rule_touches() {
    let left_out = json!({"env": [{"name": "A", "value": "1"}], "name": "pe", "args": ["--env"], "resources": {}});
    let kept = json!({"name": "pe", "args": ["--env"], "resources": {}});
    let text = json!({
        "metadata": {"name": "a", "managedFields": [{"fieldsV1": {"f:spec": {}}}], "annotations": {"env": "kept"}},
        "spec": {"containers": [left_out, null], "initContainers": [left_out], "env": "kept", "unknown": {"env": [1]}},
        "status": {"phase": "Pending"},
    });
    let expected = json!({
        "metadata": {"name": "a", "annotations": {"env": "kept"}},
        "spec": {"containers": [kept, null], "initContainers": [kept], "env": "kept", "unknown": {"env": [1]}},
    });
    let read = |value: &Value| parse(serde_json::from_str(&value.to_string()).unwrap());
    assert_eq!(read(&text).unwrap(), expected);
    for odd in [json!({}), json!({"metadata": null, "spec": null}), json!({"spec": {"containers": null}}), json!([])] {
        assert_eq!(read(&odd).unwrap(), odd);
    }
    for wrong in
        [json!({"metadata": "text"}), json!({"spec": {"containers": 7}}), json!({"spec": {"containers": ["x"]}})]
    {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}
