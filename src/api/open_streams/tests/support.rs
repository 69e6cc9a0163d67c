//! Objects as the open-streams operator writes them.

use serde_json::{Value, json};

use crate::model::{FieldProblem, Labels, keys};

pub(super) fn object(name: &str, annotations: &Value, spec: &Value) -> Value {
    let labels = json!({"app": "streams", "streams.ibm.com/job": "app", "streams.ibm.com/generation": "0"});
    let metadata = json!({
        "name": name, "namespace": "streams", "uid": "u1", "labels": labels, "annotations": annotations,
        "managedFields": [{"manager": "operator"}],
    });
    json!({"apiVersion": "streams.ibm.com/v1", "metadata": metadata, "spec": spec})
}

pub(super) fn shown(spec: &Labels) -> Vec<String> {
    let short = |key: &str| key.strip_prefix(keys::PREFIX).unwrap().to_owned();
    spec.iter().map(|(key, value)| format!("{}: {value}", short(key))).collect()
}

/// Field and key of each problem.
pub(super) fn problems_of(field_problems: &[FieldProblem]) -> Vec<(&str, Option<&str>)> {
    let short = |key: &'static str| key.strip_prefix(keys::PREFIX).unwrap();
    field_problems.iter().map(|problem| (&*problem.field, problem.key.map(short))).collect()
}
