use serde_json::json;

use super::*;

fn draft(pod: &Value) -> PatchBuilder<'_> {
    PatchBuilder::new(pod, Warnings::default())
}

fn outcome(pod: &Value, change: impl FnOnce(&mut PatchBuilder<'_>) -> Result<(), Unpatchable>) -> (Value, Value) {
    let mut draft = draft(pod);
    change(&mut draft).unwrap();
    let after = draft.pod().clone();
    let (patch, _) = draft.finish();
    let mut applied = pod.clone();
    json_patch::patch(&mut applied, &patch).unwrap();
    assert_eq!(applied, after, "the operations lead to the draft");
    (serde_json::to_value(patch).unwrap(), after)
}

#[test]
fn missing_and_null_parents_are_made_in_one_operation() {
    for pod in [json!({}), json!({"metadata": null}), json!({"metadata": {"labels": null}})] {
        let (patch, after) = outcome(&pod, |draft| draft.set(&["metadata", "labels", "a/b"], json!("c")));
        assert_eq!(patch.as_array().unwrap().len(), 1, "{patch}");
        assert_eq!(after, json!({"metadata": {"labels": {"a/b": "c"}}}));
    }
}

#[test]
fn a_key_with_a_slash_or_a_tilde_is_escaped() {
    let (patch, after) = outcome(&json!({"m": {}}), |draft| draft.set(&["m", "a/b~c"], json!(1)));
    assert_eq!(patch, json!([{"op": "add", "path": "/m/a~1b~0c", "value": 1}]));
    assert_eq!(after, json!({"m": {"a/b~c": 1}}));
}

#[test]
fn a_value_that_is_there_is_replaced_only_where_it_differs() {
    let pod = json!({"spec": {"schedulerName": "x"}});
    let (patch, _) = outcome(&pod, |draft| draft.set(&["spec", "schedulerName"], json!("x")));
    assert_eq!(patch, json!([]));
    let (patch, _) = outcome(&pod, |draft| draft.set(&["spec", "schedulerName"], json!("y")));
    assert_eq!(patch, json!([{"op": "replace", "path": "/spec/schedulerName", "value": "y"}]));
}

#[test]
fn elements_go_to_the_end_of_a_list_that_is_made_where_missing() {
    let (patch, after) = outcome(&json!({"spec": {"list": null}}), |draft| {
        draft.append(&["spec", "list"], json!(1))?;
        draft.append(&["spec", "list"], json!(2))
    });
    assert_eq!(
        patch,
        json!([{"op": "add", "path": "/spec/list", "value": [1]}, {"op": "add", "path": "/spec/list/-", "value": 2}])
    );
    assert_eq!(after, json!({"spec": {"list": [1, 2]}}));
}

#[test]
fn what_is_no_pod_is_left_alone() {
    let pod = json!({"spec": {"list": {}, "text": "t"}});
    assert!(draft(&pod).append(&["spec", "list"], json!(1)).is_err());
    assert!(draft(&pod).set(&["spec", "text", "member"], json!(1)).is_err());
    assert!(draft(&pod).remove(&["spec", "absent"]).is_err());
    assert!(draft(&json!([])).set(&["spec", "member"], json!(1)).is_err());
}

#[test]
fn a_patch_that_does_not_apply_or_does_not_settle_is_not_proven() {
    let patch = |path: &str| {
        Patch(vec![PatchOperation::Replace(ReplaceOperation {
            path: PointerBuf::parse(path).unwrap(),
            value: json!(2),
        })])
    };
    let pod = json!({"a": 1});
    assert_eq!(prove(&pod, &patch("/a"), |patched| patched["a"] == 2), Ok(()));
    assert_eq!(prove(&pod, &patch("/b"), |_| true), Err(SkipReason::PatchWouldNotApply));
    assert_eq!(prove(&pod, &patch("/a"), |_| false), Err(SkipReason::PatchNotIdempotent));
}
