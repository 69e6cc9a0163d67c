use serde_json::json;

use super::*;

#[test]
fn an_empty_value_is_what_kubernetes_reads() {
    let mut value = json!({
        "metadata": {"labels": {"tag.outrigger.dev/ssd": null}, "annotations": null, "ownerReferences": null},
        "spec": null,
        "status": {"capacity": {"cpu": null}, "conditions": [null, {"type": "Ready", "reason": null}]},
        "values": ["a", null], "list": [null],
    });
    remove_nulls(&mut value);
    let expected = json!({
        "metadata": {"labels": {"tag.outrigger.dev/ssd": ""}},
        "status": {"capacity": {"cpu": "0"}, "conditions": [{}, {"type": "Ready"}]},
        "values": ["a", ""], "list": [{}],
    });
    assert_eq!(value, expected);
}
