use serde_json::json;

use super::*;
use crate::model::{Namespace, ObjectId};

fn projected(limits: &serde_json::Value) -> LimitRange {
    let object = json!({"metadata": {"name": "l", "namespace": "ns"}, "spec": {"limits": limits}});
    LimitRange::try_from(&serde_json::from_value::<LimitRangeObject>(object).unwrap()).unwrap()
}

fn list(amounts: &[(&str, &str)]) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, amount) in amounts {
        list.set(name, amount).unwrap();
    }
    list
}

#[test]
fn defaults_are_completed_as_the_api_server_stores_them() {
    let LimitRange { id, container, pod } = projected(&json!([
        {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "16Mi"}, "default": {"memory": "64Mi"}},
        {"type": "Pod", "max": {"cpu": "4"}, "maxLimitRequestRatio": {"cpu": "1.5"}},
        {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
    ]));
    assert_eq!(id, ObjectId::new(&Namespace::from("ns"), "l"));
    assert_eq!(container.default_limit, list(&[("cpu", "2"), ("memory", "64Mi")]));
    assert_eq!(container.default_request, list(&[("cpu", "2"), ("memory", "64Mi")]));
    assert_eq!((&pod.max, &pod.default_limit), (&list(&[("cpu", "4")]), &ResourceList::default()));
    assert_eq!(pod.max_limit_request_ratio.get("cpu"), Some(1_500));
    assert!(!container.concerns("storage") && !pod.concerns("storage"));
}

#[test]
fn the_number_of_resources_is_bounded_and_the_standard_ones_are_read() {
    let mut many: serde_json::Map<String, serde_json::Value> =
        (0..500).map(|number| (format!("a.example/{number}"), json!("1"))).collect();
    many.insert("memory".to_owned(), json!("1Gi"));
    let range = projected(&json!([{"type": "Pod", "max": many}])).pod;
    assert_eq!(range.max.names().count(), MOST_OTHER_RESOURCES + 1);
    assert!(range.concerns("memory"));
}
