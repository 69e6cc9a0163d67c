use super::*;

#[test]
fn each_sentence_names_resources_and_a_container() {
    let text = "LimitRanger plugin set: cpu, memory request for container pe; cpu limit for container pe; \
                memory request for init container pe; example.com/gpu limit for container other";
    let defaulted = Defaulted::read(text);
    for (container, kind, resource) in [
        ("pe", Kind::Request, "cpu"),
        ("pe", Kind::Request, "memory"),
        ("pe", Kind::Limit, "cpu"),
        ("other", Kind::Limit, "example.com/gpu"),
    ] {
        assert!(defaulted.contains(container, kind, resource), "{container} {resource}");
    }
    assert!(!defaulted.contains("pe", Kind::Limit, "memory"));
    assert!(!defaulted.contains("other", Kind::Request, "cpu"));
}

#[test]
fn init_containers_are_told_apart() {
    let defaulted = Defaulted::read("LimitRanger plugin set: cpu request for init container pe");
    assert!(!defaulted.contains("pe", Kind::Request, "cpu"));
    assert!(!defaulted.contains("container pe", Kind::Request, "cpu"));
}

#[test]
fn any_other_text_names_nothing() {
    for text in ["", "cpu request for container pe", "LimitRanger plugin set: ", "LimitRanger plugin set: ; ;"] {
        assert!(!Defaulted::read(text).contains("pe", Kind::Request, "cpu"), "{text}");
    }
}
