use crate::policy::{PolicySet, Source};

const MINIMAL: &str = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: a}
spec:
  selector:
    podSelector: {matchLabels: {outrigger.dev/job: j}}
";

fn parse(text: &str) -> Result<PolicySet, crate::api::DocumentError> {
    PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text: text.to_owned() }])
}

#[test]
fn a_field_that_a_policy_does_not_have_is_an_error_with_its_place() {
    for (more, line, field, words) in [
        ("  injection: {volumes: []}\n", 7, "spec.injection.volumes", "cannot add it to pods yet"),
        ("  injection:\n    initContainers: []\n", 8, "spec.injection.initContainers", "adds sidecars only"),
        ("  injection: {annotations: {a: b}}\n", 7, "spec.injection.annotations", "cannot add it to pods yet"),
        ("  injection: {labels: {a: b}}\n", 7, "spec.injection.labels", "cannot add it to pods yet"),
        ("  injection: {sidecar: []}\n", 7, "spec.injection.sidecar", "did you mean `sidecars`?"),
        ("  injection: {sidecars: [null]}\n", 7, "spec.injection.sidecars[0]", "the element is empty"),
        ("  injection: {sidecars: {name: a}}\n", 7, "spec.injection.sidecars", "write a list"),
        ("  injection: [a]\n", 7, "spec.injection", "write an object"),
        ("  priority: 3000000000\n", 7, "spec.priority", "from -2147483648 to 2147483647"),
        ("  priority: high\n", 7, "spec.priority", "write a number"),
        ("  resources: {containers: [Main]}\n", 7, "spec.resources.containers[0]", "is not a name"),
        ("  resources: {containers: main}\n", 7, "spec.resources.containers", "write a list"),
        ("  resources: {requests: {mem: 1}}\n", 7, "spec.resources.requests.mem", "not a resource of a container"),
        (
            "  resources: {requests: {nvidia.com/gpu: 1}}\n",
            7,
            "spec.resources.requests[nvidia.com/gpu]",
            "write `limits: {nvidia.com/gpu: 1}` too",
        ),
        ("  resources: {requests: {cpu: {}}}\n", 7, "spec.resources.requests.cpu", "write a quantity"),
        ("  resources: {requests: {cpu: }}\n", 7, "spec.resources.requests.cpu", "the value is empty"),
        ("  schedulerName: \"\"\n", 7, "spec.schedulerName", "is not a name"),
        ("  placement: {riskWeight: much}\n", 7, "spec.placement.riskWeight", "write a number"),
        ("  placement: {scheme: random}\n", 7, "spec.placement.scheme", "`balancedInstance`"),
    ] {
        let error = parse(&format!("{MINIMAL}{more}")).err().unwrap_or_else(|| panic!("it loads: {more}"));
        assert_eq!((error.position.line, error.field.as_str()), (line, field), "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
}

#[test]
fn a_document_that_is_no_policy_is_an_error() {
    for (text, field, words) in [
        (
            MINIMAL.replace("metadata: {name: a}", "metadata: {name: a, namespace: b}"),
            "metadata.namespace",
            "namespaces",
        ),
        (MINIMAL.replace("metadata: {name: a}", "metadata: {names: a}"), "metadata.names", "did you mean `name`?"),
        (MINIMAL.replace("kind: StreamPolicy", "kind: List"), "kind", "documents with `---` between them"),
        (MINIMAL.replace("kind: StreamPolicy\n", ""), "kind", "missing"),
        (MINIMAL.replace("kind: StreamPolicy", "kind: 1"), "kind", "write a text"),
        (format!("- {}", MINIMAL.replace('\n', "\n  ")), "", "write an object"),
        ("text".to_owned(), "", "write an object"),
        (format!("{MINIMAL}  selector: {{}}\n"), "", "the key `selector` stands twice"),
        (MINIMAL.replace("outrigger.dev/job: j", "a: *nowhere"), "", "anchor"),
    ] {
        let error = parse(&text).err().unwrap_or_else(|| panic!("it loads: {text}"));
        assert_eq!(error.field, field, "{error}");
        assert!(error.problem.to_lowercase().contains(words), "{error}");
    }
}

#[test]
fn a_field_without_a_value_is_missing() {
    let empty = "  priority:\n  dialect:\n  schedulerName:\n  injection:\n  resources:\n  placement:\n  recovery:\n  \
                 onConflict:\n  loadProtection:\n";
    let fields = "  injection: {sidecars: }\n  resources: {containers: , requests: , limits: }\n  placement: {scheme: , \
                  isolationScope: , riskWeight: }\n  recovery: {tolerationSeconds: }\n";
    let set = parse(MINIMAL).unwrap();
    for more in [empty, fields] {
        let with_empty = parse(&format!("{MINIMAL}{more}")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(with_empty, set);
    }
    let selector = MINIMAL.replace("podSelector: {", "namespaces:\n    podSelector: {matchExpressions: , ");
    assert_eq!(parse(&selector).unwrap(), set);
    assert_eq!(parse(&format!("---\n---\n{MINIMAL}---\n")).unwrap(), set, "a document without anything is none");
}

#[test]
fn metadata_may_be_that_of_any_object() {
    let text = MINIMAL.replace("{name: a}", "{name: a, labels: {a/b: c}, annotations: {d: \"e f\"}}");
    assert_eq!(parse(&text).unwrap(), parse(MINIMAL).unwrap());
}
