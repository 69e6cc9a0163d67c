use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::api::HostPool;

fn problem<T: DeserializeOwned>(value: Value, member: &str) -> String {
    let text = value[member].as_str().map(str::to_owned);
    let Err(error) = serde_json::from_value::<T>(value) else { panic!("the value can be read") };
    sentence(&error.to_string(), &[Field::Member(member.to_owned())], text.as_deref())
}

#[test]
fn a_problem_is_told_in_the_words_of_a_user() {
    let pod = |spec: Value| problem::<k8s_openapi::api::core::v1::PodSpec>(spec, "spec");
    assert_eq!(
        pod(json!({"containers": 5})),
        "the number `5` stands where Kubernetes expects a list; begin each element with `- `"
    );
    assert_eq!(
        pod(json!({"containers": [], "nodeName": true})),
        "the value `true` stands where Kubernetes expects a text; write it in quotes"
    );
    assert_eq!(
        pod(json!({"containers": ["a"]})),
        "the text `a` stands where Kubernetes expects an object; write `name: value` lines"
    );
    assert_eq!(
        pod(json!({"containers": [], "hostNetwork": "yes"})),
        "the text `yes` stands where Kubernetes expects a flag; write true or false without quotes"
    );
    assert_eq!(
        pod(json!({"containers": [], "priority": "high"})),
        "the text `high` stands where Kubernetes expects a whole number; write a number without quotes"
    );
    for (time, said) in [(json!("yesterday"), "`yesterday`"), (json!(5), "the number `5`")] {
        let problem = problem::<ObjectMeta>(json!({"creationTimestamp": time}), "creationTimestamp");
        assert_eq!(problem, format!("{said} is not a time; write it as 2026-11-24T12:00:00Z"));
    }
    assert_eq!(
        problem::<HostPool>(json!({"metadata": {}, "spec": {"mode": "Shard"}}), "mode"),
        "`Shard` is not known here; write `Shared` or `Exclusive`"
    );
}
