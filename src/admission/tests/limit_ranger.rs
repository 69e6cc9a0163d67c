use serde_json::json;

use super::*;

/// A pod with a container and an init container for each of these pairs of a name and a CPU request.
fn pod(containers: &[(&str, &str)], init_containers: &[(&str, &str)]) -> Value {
    let listed = |all: &[(&str, &str)]| -> Value {
        let one = |(name, cpu): &(&str, &str)| json!({"name": name, "resources": {"requests": {"cpu": cpu}}});
        all.iter().map(one).collect()
    };
    json!({"spec": {"containers": listed(containers), "initContainers": listed(init_containers)}})
}

fn annotated(limit_ranger: &str) -> Labels {
    [(ANNOTATION, limit_ranger)].into_iter().collect()
}

#[test]
fn each_sentence_names_resources_and_a_container() {
    let text = "LimitRanger plugin set: cpu, memory request for container pe; cpu limit for container pe; \
                memory request for init container pe; example.com/gpu limit for container other";
    let all = sentences(text);
    let of = |list, container, kind, resource| all.contains(&Sentence { list, container, kind, resource });
    assert!(of("containers", "pe", Kind::Request, "cpu"));
    assert!(of("containers", "pe", Kind::Request, "memory"));
    assert!(of("containers", "pe", Kind::Limit, "cpu"));
    assert!(of("initContainers", "pe", Kind::Request, "memory"));
    assert!(of("containers", "other", Kind::Limit, "example.com/gpu"));
    assert_eq!(all.len(), 5);
}

#[test]
fn init_containers_are_told_apart() {
    let (pod, annotations) =
        (pod(&[("pe", "1")], &[("pe", "1")]), annotated("LimitRanger plugin set: cpu request for init container pe"));
    assert!(!FilledIn::read(&pod, &annotations).contains("pe", Kind::Request, "cpu"));
}

#[test]
fn any_other_text_names_nothing() {
    for text in ["", "cpu request for container pe", "LimitRanger plugin set: ", "LimitRanger plugin set: ; ;"] {
        let annotations = annotated(text);
        assert!(
            !FilledIn::read(&pod(&[("pe", "1")], &[]), &annotations).contains("pe", Kind::Request, "cpu"),
            "{text}"
        );
    }
}

#[test]
fn what_the_annotation_says_counts_only_where_the_pod_agrees() {
    let text = "LimitRanger plugin set: cpu request for container pe; cpu request for container other; \
                cpu request for init container first";
    let is_filled_in =
        |pod: &Value, annotations: &Labels| FilledIn::read(pod, annotations).contains("pe", Kind::Request, "cpu");
    let all_alike = pod(&[("pe", "100m"), ("other", "0.1")], &[("first", "100m")]);
    assert!(is_filled_in(&all_alike, &annotated(text)), "one number, in two texts");
    for (pod, which) in [
        (pod(&[("pe", "587m"), ("other", "100m")], &[("first", "100m")]), "written over"),
        (
            pod(&[("pe", "100m"), ("other", "100m")], &[("first", "1")]),
            "one of them is another's, and nothing says which",
        ),
        (pod(&[("other", "100m")], &[]), "removed, and another is left"),
    ] {
        let expected = which.starts_with("removed");
        assert_eq!(is_filled_in(&pod, &annotated(text)), expected, "{which}");
    }
    let autoscaler = [(ANNOTATION, text), (AUTOSCALER_ANNOTATION, "container 0: cpu request")].into_iter().collect();
    assert!(!is_filled_in(&all_alike, &autoscaler), "the vertical pod autoscaler says that it has written");
}
