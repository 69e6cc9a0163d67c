use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::api::open_streams::Job;
use crate::api::open_streams::support::{object, shown};
use crate::model::DeclaredJob;

fn job(annotations: &Value, spec: &Value) -> DeclaredJob {
    let object: Job = serde_json::from_value(object("app", annotations, spec)).unwrap();
    DeclaredJob::try_from(&object).unwrap()
}

#[test]
fn a_job_gives_defaults_and_counts_its_pes() {
    let counted = job(&json!({"outrigger.dev/gang": "true"}), &json!({"statistics": {"processingElementCount": 4}}));
    assert_eq!(shown(&counted.defaults), ["gang: true"]);
    assert_eq!(counted.pes.map(NonZeroU32::get), Some(4));
    let requests =
        job(&json!({}), &json!({"resources": {"requests": {"cpu": 4, "memory": "1Gi"}, "limits": {}}})).requests;
    assert_eq!(requests.iter().collect::<Vec<_>>(), [("cpu", "4"), ("memory", "1Gi")]);
    for spec in [json!({}), json!({"statistics": {"processingElementCount": 0}})] {
        assert_eq!(job(&json!(null), &spec).pes, None, "not counted yet");
    }
}
