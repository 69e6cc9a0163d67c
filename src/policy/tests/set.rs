use std::fmt::Write as _;

use super::*;
use crate::model::{
    Bytes, Footprint, Gang, HostChoice, Namespace, PodKey, PodPhase, Resources, Scheme, Scope, StreamJobs,
};
use crate::testing::{pe, policies, stream_job};

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

fn parse(text: &str) -> Result<PolicySet, PolicyError> {
    PolicySet::parse(&source(text))
}

fn with_spec(more: &str) -> String {
    MINIMAL.replace("NAME", "a") + more
}

fn pod(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Pod {
    Pod {
        key: PodKey { namespace: Namespace::from("ns"), name: "p-0".into(), uid: "u".into() },
        resource_version: "1".into(),
        labels: labels.iter().copied().collect(),
        annotations: annotations.iter().copied().collect(),
        owner: None,
        node: None,
        phase: PodPhase::Active,
        footprint: Footprint {
            requests: Resources { memory: Bytes(1), ..Resources::default() },
            limits: Resources::default(),
        },
        eligibility: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        priority: 0,
    }
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
fn a_fault_names_file_line_and_field() {
    for (more, line, field, words) in [
        ("  resources: {requests: {cpu: abc}}\n", 8, "spec.resources.requests.cpu", "not a quantity"),
        (
            "  resources: {requests: {cpu: 2}, limits: {cpu: 500m}}\n",
            8,
            "spec.resources.limits.cpu",
            "below the request",
        ),
        ("  injection:\n    sidecars:\n      - {name: relay}\n", 10, "spec.injection.sidecars", "needs an image"),
        ("  recovery:\n    tolerationSeconds: -1\n", 9, "spec.recovery.tolerationSeconds", "negative"),
        ("  placement: {riskWeight: 11}\n", 8, "spec.placement.riskWeight", "from 0 to 10"),
        ("  schedulerName: Not OK\n", 8, "spec.schedulerName", "is not a name"),
        ("  colour: red\n", 8, "", "unknown field"),
        ("  dialect: cobol\n", 8, "", "unknown variant"),
    ] {
        let error = parse(&with_spec(more)).unwrap_err();
        assert_eq!((error.file.as_str(), error.position.line), ("p.yaml", line), "{error}");
        assert_eq!(error.field, field, "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
}

#[test]
fn a_selector_that_selects_everything_is_refused() {
    let text = MINIMAL.replace("NAME", "a").replace("matchLabels: {app: streams}", "matchLabels: {}");
    let error = parse(&text).unwrap_err();
    assert_eq!(error.field, "spec.selector.podSelector");
    assert!(error.position.line >= 6, "{error}");
}

#[test]
fn two_policies_of_one_name_are_refused() {
    let one = MINIMAL.replace("NAME", "a");
    let error = parse(&format!("{one}---\n{one}")).unwrap_err();
    assert_eq!(error.field, "metadata.name");
}

#[test]
fn wishes_are_read_from_annotations_first_then_labels() {
    let set = parse(&with_spec("  dialect: annotations\n  placement: {isolationScope: Cluster}\n")).unwrap();
    let labels = [("app", "streams"), ("outrigger.dev/job", "j"), ("outrigger.dev/exlocation", "from-label")];
    let annotations = [
        ("outrigger.dev/exlocation", "x, y,x"),
        ("outrigger.dev/host-tags", "b,a"),
        ("outrigger.dev/isolated", "true"),
    ];
    let pe = set.pe(&pod(&labels, &annotations), &StreamJobs::new()).unwrap();
    let wishes = pe.wishes.unwrap();
    assert_eq!(wishes.exlocation, ["x".into(), "y".into()]);
    assert_eq!(wishes.hosts, HostChoice::Tags(vec!["a".into(), "b".into()]));
    assert_eq!(wishes.isolation, Some(Scope::Cluster));
    assert_eq!(&*pe.name, "p-0", "the pod's name stands for a PE without a name");
}

#[test]
fn what_cannot_be_read_is_a_contradiction_with_its_key() {
    let set = parse(&with_spec("")).unwrap();
    let labels = [("app", "streams"), ("outrigger.dev/job", "j")];
    for (key, value) in [
        ("outrigger.dev/isolated", "yes"),
        ("outrigger.dev/exlocation", "a,,b"),
        ("outrigger.dev/host-tags", "no spaces"),
        ("outrigger.dev/scheme", "random"),
        ("outrigger.dev/host-pool", ""),
    ] {
        let pe = set.pe(&pod(&labels, &[(key, value)]), &StreamJobs::new()).unwrap();
        assert_eq!(pe.wishes.unwrap_err().key, key);
    }
    let both = [("outrigger.dev/host-pool", "p"), ("outrigger.dev/host-tags", "a")];
    assert!(set.pe(&pod(&labels, &both), &StreamJobs::new()).unwrap().wishes.is_err());
}

#[test]
fn a_pod_whose_labels_name_no_job_is_no_pe() {
    let set = parse(&with_spec("")).unwrap();
    assert_eq!(set.pe(&pod(&[("app", "streams")], &[]), &StreamJobs::new()), None);
}

/// PE `a` of job `j`: what its pod says and what its `StreamJob` says of it, read together.
fn declared(says: &[(&str, &str)], pes: &[(&str, &[(&str, &str)])]) -> Pe {
    let job = stream_job("j", pes);
    let jobs = StreamJobs::from([(job.id.clone(), Arc::new(job))]);
    let pod = pe("j", "a", says);
    policies("").pe(&pod, &jobs).unwrap()
}

#[test]
fn what_a_stream_job_says_wins_and_the_difference_is_told() {
    let declares: &[(&str, &str)] = &[("exlocation", "y,x"), ("hosts", "n1"), ("connects-to", "b=1048576,c")];
    let says =
        [("exlocation", "x, y"), ("hosts", "n2"), ("connects-to", "c=1Mi,b"), ("colocation", "t"), ("scheme", "pack")];
    let pe = declared(&says, &[("a", declares)]);
    let wishes = pe.wishes.unwrap();
    assert_eq!(wishes.only, ["n1".into()], "the StreamJob wins");
    assert_eq!((wishes.colocation, wishes.scheme), (vec!["t".into()], Scheme::Pack), "the rest is as the pod says");
    assert_eq!(*pe.overruled, ["outrigger.dev/hosts"], "the same in other words is no difference");

    let malformed = declared(&[("isolated", "perhaps")], &[("a", &[("isolated", "true")])]);
    assert!(malformed.wishes.unwrap().isolation.is_some(), "what does not count need not be readable");
    assert_eq!(*malformed.overruled, ["outrigger.dev/isolated"]);

    let other = declared(&says, &[("b", declares)]);
    assert_eq!((other.wishes.unwrap().only, &*other.overruled), (vec!["n2".into()], &[][..]), "another PE is declared");
}

#[test]
fn pool_tags_and_index_are_one_choice() {
    let says = [("host-pool", "p"), ("pool-index", "1")];
    let pe = declared(&says, &[("a", &[("host-tags", "ssd")])]);
    let wishes = pe.wishes.unwrap();
    assert_eq!((wishes.hosts, wishes.pool_index), (HostChoice::Tags(vec!["ssd".into()]), None));
    assert_eq!(*pe.overruled, ["outrigger.dev/host-pool", "outrigger.dev/pool-index"]);

    let pe = declared(&[("host-tags", "ssd")], &[("a", &[("host-pool", "p"), ("pool-index", "0")])]);
    assert_eq!(pe.wishes.unwrap().pool_place().map(|(pool, index)| (&*pool.name, index)), Some(("p", 0)));
}

#[test]
fn a_gang_of_all_is_the_list_of_the_stream_job() {
    let count = |pe: Pe| pe.wishes.unwrap().gang;
    let says = [("gang", "true")];
    assert_eq!(count(declared(&says, &[])), Some(Gang::All), "nothing is listed");
    let listed: &[(&str, &[(&str, &str)])] = &[("a", &[]), ("b", &[]), ("c", &[])];
    assert_eq!(count(declared(&says, listed)), Some(Gang::AtLeast(3.try_into().unwrap())));
    assert_eq!(count(declared(&[("gang", "2")], listed)), Some(Gang::AtLeast(2.try_into().unwrap())));
}
