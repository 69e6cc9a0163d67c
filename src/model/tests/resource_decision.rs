use super::*;

fn pair(request: &str, limit: &str) -> RequestAndLimit {
    RequestAndLimit { request: quantity(request), limit: quantity(limit) }
}

fn decision(container: &str) -> ResourceDecision {
    ResourceDecision {
        container: container.into(),
        resource: "cpu".into(),
        user: pair("-", "-"),
        policy: pair("100m", "-"),
        demand: Some("310m".into()),
        limit_range: pair("-", "250m"),
        result: pair("250m", "250m"),
    }
}

#[test]
fn a_line_is_read_as_it_is_written() {
    let line = "main cpu: user -/-, policy 100m/-, demand 310m, LimitRange -/250m, result 250m/250m";
    assert_eq!(decision("main").to_string(), line);
    let gpu = ResourceDecision { resource: "example.com/gpu".into(), demand: None, ..decision("b") };
    let both = vec![decision("main"), gpu];
    let value = ResourceDecision::annotation("", &both);
    assert_eq!(ResourceDecision::of_annotation(&value).collect::<Vec<_>>(), both);
}

#[test]
fn a_later_call_adds_lines_behind_the_others() {
    let first = ResourceDecision::annotation("", &[decision("main")]);
    let both = ResourceDecision::annotation(&first, &[decision("proxy")]);
    let names: Vec<_> = ResourceDecision::of_annotation(&both).map(|decision| decision.container).collect();
    assert_eq!(names, ["main".into(), "proxy".into()]);
}

#[test]
fn the_annotation_is_bounded_and_odd_lines_are_left_out() {
    let many: Vec<_> = (0..100).map(|number| decision(&format!("c{number}"))).collect();
    let value = ResourceDecision::annotation("", &many);
    assert_eq!((value.lines().count(), ResourceDecision::of_annotation(&value).count()), (MOST_LINES, MOST_LINES));
    let long = ResourceDecision { user: pair(&"0".repeat(1_000), "-"), ..decision("main") };
    assert_eq!(ResourceDecision::annotation("", &[long, decision("b")]).lines().count(), 1);
    for odd in ["", "main cpu", "main: user -/-", "main cpu: user -", "a b: user -/-, policy -/-, demand -"] {
        assert_eq!(ResourceDecision::of_annotation(odd).count(), 0, "{odd}");
    }
}

#[test]
fn one_source_alone_needs_no_explanation() {
    let only_policy = ResourceDecision { demand: None, limit_range: pair("-", "-"), ..decision("a") };
    assert!(!only_policy.needs_explanation());
    assert!(ResourceDecision { user: pair("1", "-"), ..only_policy.clone() }.needs_explanation());
    assert!(ResourceDecision { limit_range: pair("-", "1"), ..only_policy.clone() }.needs_explanation());
    assert!(ResourceDecision { demand: Some("1".into()), ..only_policy }.needs_explanation());
}
