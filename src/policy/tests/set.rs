use std::fmt::Write as _;

use super::*;
use crate::model::{
    Bytes, Declarations, Gang, HostChoice, LoadProtection, Namespace, Percent, PodKey, PodPhase, PodRequests,
    Resources, Scope, ScoringStrategy, StreamJobs, Thresholds,
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
        resources: Arc::new(PodRequests {
            requests: Resources { memory: Bytes(1), ..Resources::default() },
            limits: Resources::default(),
        }),
        node_requirements: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        priority: 0,
        has_preferences: false,
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
        ("  loadProtection: {cpu: {lower: 5}}\n", 8, "", "missing field `upper`"),
        ("  loadProtection: {cpu: {upper: much}}\n", 8, "", ""),
        ("  loadProtection: {disk: {upper: 5}}\n", 8, "", "unknown field"),
        ("  loadProtection: {maxAge: 2m}\n", 8, "spec.loadProtection", "protects nothing"),
        (
            "  loadProtection: {cpu: {upper: 5}, maxAge: soon}\n",
            8,
            "spec.loadProtection.maxAge",
            "`soon` is not a duration",
        ),
        ("  loadProtection: {cpu: {upper: 5}, maxAge: 0s}\n", 8, "spec.loadProtection.maxAge", "from 1s to 24h"),
        ("  loadProtection: {cpu: {upper: 5}, maxAge: 25h}\n", 8, "spec.loadProtection.maxAge", "from 1s to 24h"),
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
fn load_protection_holds_for_all_policies_and_stands_in_one() {
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

#[test]
fn wishes_are_read_from_annotations_first_then_labels() {
    let set = parse(&with_spec("  dialect: annotations\n  placement: {isolationScope: Cluster}\n")).unwrap();
    let labels = [("app", "streams"), ("outrigger.dev/job", "j"), ("outrigger.dev/exlocation", "from-label")];
    let annotations = [
        ("outrigger.dev/exlocation", "x, y,x"),
        ("outrigger.dev/host-tags", "b,a"),
        ("outrigger.dev/isolated", "true"),
    ];
    let pe = set.pe(&Arc::new(pod(&labels, &annotations)), &Declarations::default()).unwrap();
    let spec = pe.spec.unwrap();
    assert_eq!(spec.exlocation, ["x".into(), "y".into()]);
    assert_eq!(spec.hosts, HostChoice::Tags(vec!["a".into(), "b".into()]));
    assert_eq!(spec.isolation, Some(Scope::Cluster));
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
        let pe = set.pe(&Arc::new(pod(&labels, &[(key, value)])), &Declarations::default()).unwrap();
        assert_eq!(pe.spec.unwrap_err().key, key);
    }
    let both = [("outrigger.dev/host-pool", "p"), ("outrigger.dev/host-tags", "a")];
    assert!(set.pe(&Arc::new(pod(&labels, &both)), &Declarations::default()).unwrap().spec.is_err());
}

#[test]
fn a_pod_whose_labels_name_no_job_is_no_pe() {
    let set = parse(&with_spec("")).unwrap();
    assert_eq!(set.pe(&Arc::new(pod(&[("app", "streams")], &[])), &Declarations::default()), None);
}

/// PE `a` of job `j`: what its pod says and what its `StreamJob` says of it, read together.
fn declared(says: &[(&str, &str)], pes: &[(&str, &[(&str, &str)])]) -> Pe {
    let job = stream_job("j", pes);
    let jobs = Arc::new(StreamJobs::from([(job.id.clone(), Arc::new(job))]));
    let jobs = Declarations { jobs, ..Declarations::default() };
    let pod = pe("j", "a", says);
    policies("").pe(&Arc::new(pod), &jobs).unwrap()
}

#[test]
fn what_a_stream_job_says_wins_and_the_difference_is_told() {
    let declares: &[(&str, &str)] = &[("exlocation", "y,x"), ("hosts", "n1"), ("connects-to", "b=1048576,c")];
    let says =
        [("exlocation", "x, y"), ("hosts", "n2"), ("connects-to", "c=1Mi,b"), ("colocation", "t"), ("scheme", "pack")];
    let pe = declared(&says, &[("a", declares)]);
    let spec = pe.spec.unwrap();
    assert_eq!(spec.only, ["n1".into()], "the StreamJob wins");
    assert_eq!(
        (spec.colocation.clone(), spec.scheme),
        (vec!["t".into()], ScoringStrategy::Pack),
        "the rest is as the pod says"
    );
    assert_eq!(*pe.overruled, ["outrigger.dev/hosts"], "the same in other words is no difference");

    let malformed = declared(&[("isolated", "perhaps")], &[("a", &[("isolated", "true")])]);
    assert!(malformed.spec.unwrap().isolation.is_some(), "what does not count need not be readable");
    assert_eq!(*malformed.overruled, ["outrigger.dev/isolated"]);

    let other = declared(&says, &[("b", declares)]);
    assert_eq!(
        (other.spec.unwrap().only.clone(), &*other.overruled),
        (vec!["n2".into()], &[][..]),
        "another PE is declared"
    );
}

#[test]
fn pool_tags_and_index_are_one_choice() {
    let says = [("host-pool", "p"), ("pool-index", "1")];
    let pe = declared(&says, &[("a", &[("host-tags", "ssd")])]);
    let spec = pe.spec.unwrap();
    assert_eq!((spec.hosts.clone(), spec.pool_index), (HostChoice::Tags(vec!["ssd".into()]), None));
    assert_eq!(*pe.overruled, ["outrigger.dev/host-pool", "outrigger.dev/pool-index"]);

    let pe = declared(&[("host-tags", "ssd")], &[("a", &[("host-pool", "p"), ("pool-index", "0")])]);
    assert_eq!(pe.spec.unwrap().pool_place().map(|(pool, index)| (&*pool.name, index)), Some(("p", 0)));
}

#[test]
fn a_gang_of_all_is_the_list_of_the_stream_job() {
    let count = |pe: Pe| pe.spec.unwrap().gang;
    let says = [("gang", "true")];
    assert_eq!(count(declared(&says, &[])), Some(Gang::All), "nothing is listed");
    let listed: &[(&str, &[(&str, &str)])] = &[("a", &[]), ("b", &[]), ("c", &[])];
    assert_eq!(count(declared(&says, listed)), Some(Gang::AtLeast(3.try_into().unwrap())));
    assert_eq!(count(declared(&[("gang", "2")], listed)), Some(Gang::AtLeast(2.try_into().unwrap())));
}

#[test]
fn pes_of_two_stateful_sets_of_one_kafka_streams_application_are_different_ones() {
    let set = parse(&with_spec("  dialect: kafka-streams\n")).unwrap();
    let of = |name: &str| {
        let labels = [
            ("app", "streams"),
            ("app.kubernetes.io/instance", "words"),
            ("apps.kubernetes.io/pod-index", "0"),
            ("statefulset.kubernetes.io/pod-name", name),
        ];
        set.pe(&Arc::new(pod(&labels, &[("outrigger.dev/relocatable", "false")])), &Declarations::default()).unwrap()
    };
    let [count, split] = ["words-count-0", "words-split-0"].map(of);
    assert_eq!((&*count.name, &*split.name), ("words-count-0", "words-split-0"));
    assert_eq!(count.job, split.job);
    assert!(!count.spec.unwrap().relocatable, "its name lasts, so that it can stay with its node");
}
