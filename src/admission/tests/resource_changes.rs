use super::*;
use crate::model::{RequestRange, ResourceList};

fn list(cpu: &str) -> ResourceList {
    let mut list = ResourceList::default();
    list.set("cpu", cpu).unwrap();
    list
}

fn change(container: usize, resource: &str, text: &str) -> ResourceChange {
    ResourceChange { container, kind: Kind::Limit, resource: resource.into(), text: text.to_owned() }
}

fn pod() -> Value {
    json!({"spec": {"containers": [
        {"name": "a", "resources": {"limits": {"cpu": "500m"}}},
        {"name": "b"},
        {"name": "c", "resources": null},
    ]}})
}

#[test]
fn the_changes_of_a_resource_are_made_together_or_not_at_all() {
    let constraints = NamespaceConstraints {
        pod: RequestRange { max: list("1"), ..RequestRange::default() },
        ..NamespaceConstraints::default()
    };
    let small = vec![change(1, "cpu", "200m"), change(2, "cpu", "300m")];
    assert_eq!(permitted(&pod(), small.clone(), Some(&constraints)), (small, None));
    let large = vec![change(1, "cpu", "200m"), change(1, "memory", "1Gi"), change(2, "cpu", "400m")];
    let (kept, violation) = permitted(&pod(), large.clone(), Some(&constraints));
    assert_eq!(kept, [change(1, "memory", "1Gi")]);
    assert_eq!(violation.unwrap().rule, "cpu of the pod: the maximum of a LimitRange");
    assert_eq!(permitted(&pod(), large.clone(), None), (large, None));
}

#[test]
fn a_rule_that_the_pod_breaks_anyway_forbids_nothing() {
    let constraints = NamespaceConstraints {
        pod: RequestRange { max: list("400m"), ..RequestRange::default() },
        ..NamespaceConstraints::default()
    };
    let changes = vec![change(1, "cpu", "200m")];
    assert_eq!(permitted(&pod(), changes.clone(), Some(&constraints)), (changes, None));
}
