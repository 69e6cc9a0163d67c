use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;

fn patch_of(pod: &Value) -> PatchBuilder<'_> {
    PatchBuilder::new(Cow::Borrowed(pod))
}

fn outcome(pod: &Value, change: impl FnOnce(&mut PatchBuilder<'_>) -> Result<(), Unpatchable>) -> (Value, Value) {
    let mut patch = patch_of(pod);
    change(&mut patch).unwrap();
    let after = patch.pod().clone();
    let (operations, _) = patch.finish();
    let mut applied = pod.clone();
    json_patch::patch(&mut applied, &operations).unwrap();
    assert_eq!(applied, after, "the operations lead to the patched pod");
    (serde_json::to_value(operations).unwrap(), after)
}

#[test]
fn missing_and_null_parents_are_made_in_one_operation() {
    for pod in [json!({}), json!({"metadata": null}), json!({"metadata": {"labels": null}})] {
        let (patch, after) = outcome(&pod, |patch| patch.set(&["metadata", "labels", "a/b"], json!("c")));
        assert_eq!(patch.as_array().unwrap().len(), 1, "{patch}");
        assert_eq!(after, json!({"metadata": {"labels": {"a/b": "c"}}}));
    }
}

#[test]
fn a_key_with_a_slash_or_a_tilde_is_escaped() {
    let (patch, after) = outcome(&json!({"m": {}}), |patch| patch.set(&["m", "a/b~c"], json!(1)));
    assert_eq!(patch, json!([{"op": "add", "path": "/m/a~1b~0c", "value": 1}]));
    assert_eq!(after, json!({"m": {"a/b~c": 1}}));
}

#[test]
fn a_value_that_is_there_is_replaced_only_where_it_differs() {
    let pod = json!({"spec": {"schedulerName": "x"}});
    let (patch, _) = outcome(&pod, |patch| patch.set(&["spec", "schedulerName"], json!("x")));
    assert_eq!(patch, json!([]));
    let (patch, _) = outcome(&pod, |patch| patch.set(&["spec", "schedulerName"], json!("y")));
    assert_eq!(patch, json!([{"op": "replace", "path": "/spec/schedulerName", "value": "y"}]));
}

#[test]
fn elements_go_to_the_end_of_a_list_that_is_made_where_missing() {
    let (patch, after) = outcome(&json!({"spec": {"list": null}}), |patch| {
        patch.append(&["spec", "list"], json!(1))?;
        patch.append(&["spec", "list"], json!(2))
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
    assert!(patch_of(&pod).append(&["spec", "list"], json!(1)).is_err());
    assert!(patch_of(&pod).set(&["spec", "text", "member"], json!(1)).is_err());
    assert!(patch_of(&pod).remove(&["spec", "absent"]).is_err());
    assert!(patch_of(&json!([])).set(&["spec", "member"], json!(1)).is_err());
}

/// One call of the builder.
#[derive(Clone, Debug)]
enum Call {
    Set(Vec<&'static str>, u8),
    Append(Vec<&'static str>, u8),
    Remove(Vec<&'static str>),
}

fn call() -> impl Strategy<Value = Call> {
    let path = || vec(select(&["a", "b", "list", "0", "1", "-", "x/y~z"][..]), 0..4);
    prop_oneof![
        (path(), any::<u8>()).prop_map(|(path, value)| Call::Set(path, value)),
        (path(), any::<u8>()).prop_map(|(path, value)| Call::Append(path, value)),
        path().prop_map(Call::Remove),
    ]
}

proptest! {
    #[test]
    fn the_operations_apply_to_the_raw_pod_and_lead_to_the_patched_pod(calls in vec(call(), 0..8)) {
        let raw = json!({"a": {"list": [1, {"b": null}], "x/y~z": "text"}, "b": null, "list": [[2]]});
        let mut patch = patch_of(&raw);
        for call in calls {
            // A call that fails leaves no operation.
            let _unpatchable = match call {
                Call::Set(path, value) => patch.set(&path, json!(value)),
                Call::Append(path, value) => patch.append(&path, json!(value)),
                Call::Remove(path) => patch.remove(&path),
            };
        }
        let patched = patch.pod().clone();
        let (operations, _) = patch.finish();
        let mut applied = raw;
        prop_assert!(json_patch::patch(&mut applied, &operations).is_ok(), "{operations:?}");
        prop_assert_eq!(applied, patched);
    }
}
