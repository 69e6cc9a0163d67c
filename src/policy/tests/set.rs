use std::fmt::Write as _;

use super::*;
use crate::model::{Percent, Thresholds};

const MINIMAL: &str = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: NAME}
spec:
  priority: 1
  selector:
    podSelector: {matchLabels: {app: streams}}
";

fn source(text: &str) -> [Source; 1] {
    [Source { file: "p.yaml".to_owned(), text: text.to_owned() }]
}

fn parse(text: &str) -> Result<PolicySet, DocumentError> {
    PolicySet::parse(&source(text))
}

fn with_spec(more: &str) -> String {
    MINIMAL.replace("NAME", "a") + more
}

#[test]
fn the_highest_priority_governs_then_the_name() {
    let mut text = String::new();
    for (name, priority) in [("b", 1), ("a", 1), ("c", 2)] {
        let document = MINIMAL.replace("NAME", name).replace("priority: 1", &format!("priority: {priority}"));
        writeln!(text, "---\n{document}").unwrap();
    }
    let set = parse(&text).unwrap();
    let order: Vec<&str> = set.iter().map(|policy| &*policy.name).collect();
    assert_eq!(order, ["c", "a", "b"]);
    let labels: Labels = [("app", "streams")].into_iter().collect();
    assert_eq!(&*set.governing("ns", &labels).unwrap().name, "c");
    assert_eq!(set.governing("ns", &Labels::default()), None);
}

#[test]
fn an_error_names_file_line_and_field() {
    for (more, line, field, words) in [
        ("  resources: {requests: {cpu: abc}}\n", 8, "spec.resources.requests.cpu", "not a quantity"),
        (
            "  resources: {requests: {cpu: 2}, limits: {cpu: 500m}}\n",
            8,
            "spec.resources.limits.cpu",
            "below the request",
        ),
        ("  injection:\n    sidecars:\n      - {name: relay}\n", 10, "spec.injection.sidecars[0].image", "missing"),
        (
            "  injection:\n    sidecars: [{name: relay, image: r}]\n    listensOn: {rely: [80]}\n",
            10,
            "spec.injection.listensOn.rely",
            "no sidecar `rely`",
        ),
        (
            "  injection:\n    sidecars: [{name: relay, image: r}]\n    listensOn: {relay: [80, 0]}\n",
            10,
            "spec.injection.listensOn.relay[1]",
            "`0` is not",
        ),
        ("  recovery:\n    tolerationSeconds: -1\n", 9, "spec.recovery.tolerationSeconds", "negative"),
        ("  placement: {riskWeight: 11}\n", 8, "spec.placement.riskWeight", "from 0 to 10"),
        ("  schedulerName: Not OK\n", 8, "spec.schedulerName", "is not a name"),
        ("  loadProtection: {cpu: {upper: 101}}\n", 8, "spec.loadProtection.cpu.upper", "at most 100"),
        ("  loadProtection: {cpu: {upper: 0}}\n", 8, "spec.loadProtection.cpu.upper", "above 0"),
        (
            "  loadProtection:\n    memory: {upper: 80, lower: -1}\n",
            9,
            "spec.loadProtection.memory.lower",
            "must be a percentage",
        ),
        (
            "  loadProtection:\n    network:\n      upper: 80\n      lower: 80.5\n",
            11,
            "spec.loadProtection.network.lower",
            "80.5 % is above the upper threshold, 80 %",
        ),
        ("  loadProtection: {cpu: {lower: 5}}\n", 8, "spec.loadProtection.cpu.upper", "missing"),
        ("  loadProtection: {cpu: {upper: much}}\n", 8, "spec.loadProtection.cpu.upper", "write a number"),
        ("  loadProtection: {disk: {upper: 5}}\n", 8, "spec.loadProtection.disk", "unknown field"),
        ("  loadProtection: {maxAge: 2m}\n", 8, "spec.loadProtection", "protects nothing"),
        (
            "  loadProtection: {cpu: {upper: 5}, maxAge: soon}\n",
            8,
            "spec.loadProtection.maxAge",
            "`soon` is not a duration",
        ),
        ("  loadProtection: {cpu: {upper: 5}, maxAge: 0s}\n", 8, "spec.loadProtection.maxAge", "from 1s to 24h"),
        ("  loadProtection: {cpu: {upper: 5}, maxAge: 25h}\n", 8, "spec.loadProtection.maxAge", "from 1s to 24h"),
        ("  colour: red\n", 8, "spec.colour", "unknown field"),
        ("  dialect: cobol\n", 8, "spec.dialect", "write `annotations`, `open-streams`"),
    ] {
        let error = parse(&with_spec(more)).unwrap_err();
        assert_eq!((error.file.as_str(), error.position.line), ("p.yaml", line), "{error}");
        assert_eq!(error.field, field, "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
}

#[test]
fn a_selector_that_selects_everything_is_invalid() {
    let text = MINIMAL.replace("NAME", "a").replace("matchLabels: {app: streams}", "matchLabels: {}");
    let error = parse(&text).unwrap_err();
    assert_eq!(error.field, "spec.selector.podSelector");
    assert!(error.position.line >= 6, "{error}");
}

#[test]
fn two_policies_of_one_name_are_invalid() {
    let one = MINIMAL.replace("NAME", "a");
    let error = parse(&format!("{one}---\n{one}")).unwrap_err();
    assert_eq!(error.field, "metadata.name");
}

#[test]
fn load_protection_holds_for_all_policies_and_is_in_one_of_them() {
    assert_eq!(parse(&with_spec("")).unwrap().load_protection(), None);
    let text =
        with_spec("  loadProtection: {cpu: {upper: 75.5, lower: 60}, memory: {upper: 80}, network: {upper: 100}}\n");
    let percent = |percent| Percent::new(percent).unwrap();
    let LoadProtection { thresholds, max_age } = parse(&text).unwrap().load_protection().unwrap();
    assert_eq!(thresholds.cpu, Thresholds::new(percent(75.5), percent(60.0)));
    assert_eq!(thresholds.memory, Thresholds::new(percent(80.0), percent(80.0)), "the lower one is the upper one");
    assert_eq!(thresholds.network, None, "100 switches a metric off");
    assert_eq!(max_age.as_secs(), 120);
    let error = parse(&format!("{text}---\n{}", text.replace("name: a", "name: b"))).unwrap_err();
    assert_eq!((error.position.line, error.field.as_str()), (17, "spec.loadProtection"), "{error}");
    assert!(error.problem.contains("policy `a` has it already"), "{error}");
}

/// A policy whose spec begins with this selector.
fn selecting(selector: &str, dialect: &str) -> Result<PolicySet, DocumentError> {
    parse(&format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: a}}\nspec:\n  \
         dialect: {dialect}\n  selector:\n    {selector}\n"
    ))
}

#[test]
fn a_selector_that_no_pe_can_match_is_invalid() {
    const JOB: &str = "{key: outrigger.dev/job, operator: Exists}";
    const POD: &str = "spec.selector.podSelector";
    for (selector, dialect, field, words) in [
        ("namespaces: [\"team-*\"]", "annotations", "spec.selector.namespaces[0]", "names are exact"),
        ("namespaces: [Team]", "annotations", "spec.selector.namespaces[0]", "not the name of a namespace"),
        ("namespaces: [\"\"]", "annotations", "spec.selector.namespaces[0]", "not the name of a namespace"),
        (
            "podSelector: {matchLabels: {a b: c}}",
            "annotations",
            "spec.selector.podSelector.matchLabels.a b",
            "key of a label",
        ),
        (
            "podSelector: {matchLabels: {a: b c}}",
            "annotations",
            "spec.selector.podSelector.matchLabels.a",
            "value of a label",
        ),
        (
            "podSelector: {matchExpressions: [{key: a, operator: In, values: [\"*\"]}]}",
            "annotations",
            "spec.selector.podSelector.matchExpressions[0].values[0]",
            "value of a label",
        ),
        (
            "podSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: NotIn, values: [b, c]}]}",
            "annotations",
            POD,
            "the label `a` exclude each other",
        ),
        (
            "podSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [c]}]}",
            "annotations",
            POD,
            "the label `a` exclude each other",
        ),
        (
            "podSelector: {matchExpressions: [{key: a, operator: Exists}, {key: a, operator: DoesNotExist}]}",
            "annotations",
            POD,
            "the label `a` exclude each other",
        ),
        (
            "podSelector: {matchLabels: {component: tm}, matchExpressions: [{key: app, operator: DoesNotExist}]}",
            "flink",
            POD,
            "no selected pod can be a PE",
        ),
        ("podSelector: {matchLabels: {streams.ibm.com/job: \"\"}}", "open-streams", POD, "no selected pod can be a PE"),
    ] {
        let selector = if selector.starts_with("namespaces") {
            format!("{selector}\n    podSelector: {{matchExpressions: [{JOB}]}}")
        } else {
            selector.to_owned()
        };
        let error = selecting(&selector, dialect).err().unwrap_or_else(|| panic!("it loads: {selector}"));
        assert_eq!((error.position.line, error.field.as_str()), (7, field), "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
}

#[test]
fn a_selector_that_does_not_imply_the_label_of_the_job_is_warned_of() {
    for (labels, dialect, warned) in [
        ("matchLabels: {component: taskmanager}", "flink", true),
        ("matchExpressions: [{key: b, operator: Exists}, {key: app, operator: NotIn, values: [c]}]", "flink", true),
        ("matchLabels: {component: taskmanager, app: a}", "flink", false),
        ("matchExpressions: [{key: app, operator: Exists}]", "flink", false),
        ("matchLabels: {app: streams}", "annotations", true),
        ("matchLabels: {app: streams}", "open-streams", true),
        ("matchLabels: {outrigger.dev/dialect: kafka-streams}", "kafka-streams", false),
    ] {
        let set = selecting(&format!("podSelector: {{{labels}}}"), dialect).unwrap();
        let warnings = set.warnings().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(!warnings.is_empty(), warned, "{labels} {warnings:?}");
        assert!(
            warnings.iter().all(|warning| warning.contains("p.yaml:7:5: spec.selector.podSelector: ")),
            "{warnings:?}"
        );
    }
}

#[test]
fn sidecars_of_a_policy_fit_each_other() {
    for (sidecars, line, field, words) in [
        ("- {name: a, image: b}\n      - {name: a, image: c}", 11, "sidecars[1].name", "two sidecars are named `a`"),
        ("- {name: main, image: b}", 10, "sidecars[0].name", "names `main` as an application container"),
        (
            "- {name: a, image: b, ports: [{containerPort: 1}]}\n      - {name: c, image: b, ports: [{containerPort: 1}]}",
            11,
            "sidecars[1].ports[0].containerPort",
            "sidecar `a` declares this port too",
        ),
    ] {
        let text =
            with_spec(&format!("  injection:\n    sidecars:\n      {sidecars}\n  resources: {{containers: [main]}}\n"));
        let error = parse(&text).unwrap_err();
        let field = format!("spec.injection.{field}");
        assert_eq!((error.position.line, error.field.as_str()), (line, field.as_str()), "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
    let text = with_spec(
        "  injection:\n    sidecars:\n      - {name: a, image: b, ports: [{containerPort: 1}]}\n      \
         - {name: c, image: b, ports: [{containerPort: 1, protocol: UDP}]}\n",
    );
    assert!(parse(&text).is_ok(), "another protocol is another port");
}

#[test]
fn requests_by_demand_have_defaults_and_limits() {
    let demand = |fields: &str| {
        let set = parse(&with_spec(&format!("  resources: {{from: demand{fields}}}\n"))).unwrap();
        set.iter().next().unwrap().sizing.demand.clone().unwrap()
    };
    let plain = demand("");
    assert_eq!((plain.quantile, plain.margin), (950, 1_150));
    assert_eq!(plain.horizon, SignedDuration::from_hours(1));
    assert!(!plain.overrides && plain.keeps_qos_class);
    let full = demand(
        ", quantile: 0.9, horizon: 20m, margin: 2, min: {cpu: 100m}, max: {cpu: 2, memory: 1Gi}, override: true, \
         keepQosClass: false",
    );
    assert_eq!((full.quantile, full.margin), (900, 2_000));
    assert_eq!(full.horizon, SignedDuration::from_mins(20));
    assert_eq!((full.min.cpu, full.max.cpu, full.max.memory), (Some(100), Some(2_000), Some(1_000 << 30)));
    assert!(full.overrides && !full.keeps_qos_class);
    let fixed = parse(&with_spec("  resources: {from: policy, requests: {cpu: 1}}\n")).unwrap();
    assert_eq!(fixed.iter().next().unwrap().sizing.demand, None);
}

#[test]
fn an_error_in_requests_by_demand_is_at_its_field() {
    for (fields, field, words) in [
        ("from: forecast", "from", "write `policy` or `demand`"),
        ("quantile: 0.9", "quantile", "write `from: demand` beside it"),
        ("from: policy, override: true", "override", "write `from: demand` beside it"),
        ("from: demand, quantile: 95", "quantile", "`95` is not from 0.5 to 0.999"),
        ("from: demand, quantile: 1", "quantile", "`1` is not from 0.5 to 0.999"),
        ("from: demand, quantile: high", "quantile", "write a number"),
        ("from: demand, margin: 0.9", "margin", "`0.9` is not from 1 to 10"),
        ("from: demand, horizon: 1", "horizon", "write a text, in quotes"),
        ("from: demand, horizon: soon", "horizon", "is not a duration from 1s to 24h"),
        ("from: demand, horizon: 48h", "horizon", "is not a duration from 1s to 24h"),
        ("from: demand, override: \"yes\"", "override", "`true` or `false`"),
        ("from: demand, max: {cpu: 0}", "max.cpu", "allows no request"),
        ("from: demand, min: {memory: 2Gi}, max: {memory: 1Gi}", "max.memory", "is below min, `2Gi`"),
        ("from: demand, min: {ephemeral-storage: 1Gi}", "min.ephemeral-storage", "cpu and memory alone"),
        ("from: demand, min: {cpu: much}", "min.cpu", "not a quantity"),
        ("from: demand, quantiles: 0.9", "quantiles", "did you mean `quantile`?"),
    ] {
        let error = parse(&with_spec(&format!("  resources: {{{fields}}}\n"))).expect_err(fields).to_string();
        assert!(error.contains("p.yaml:8:"), "{fields}: {error}");
        assert!(error.contains(&format!("spec.resources.{field}: ")) && error.contains(words), "{fields}: {error}");
    }
}
