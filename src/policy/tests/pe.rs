use super::*;
use crate::model::{Gang, HostChoice, Namespace, PodKey, PodPhase, PodRequests, Scope, ScoringStrategy, StreamJobs};
use crate::policy::Source;
use crate::testing::{pe, policies, stream_job};

/// One policy for pods with the label `app=streams`; `more` follows in its spec.
fn set(more: &str) -> PolicySet {
    let text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: a}}\n\
         spec:\n  selector: {{podSelector: {{matchLabels: {{app: streams}}}}}}\n{more}"
    );
    PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text }]).unwrap()
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
        resources: Arc::new(PodRequests::default()),
        node_requirements: None,
        claims: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        priority: 0,
        has_preferences: false,
        has_unread_filters: false,
        oom_kill: None,
        is_gated: false,
        oversized: None,
        scheduler_name: Arc::from(""),
    }
}

#[test]
fn annotations_overrule_labels() {
    let set = set("  dialect: annotations\n  placement: {isolationScope: Cluster}\n");
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
fn a_value_that_cannot_be_parsed_invalidates_the_spec_and_is_named_by_its_key() {
    let set = set("");
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
    let set = set("");
    assert_eq!(set.pe(&Arc::new(pod(&[("app", "streams")], &[])), &Declarations::default()), None);
}

/// PE `a` of job `j`, with these keys on its pod and these in its `StreamJob`.
fn declared(on_pod: &[(&str, &str)], pes: &[(&str, &[(&str, &str)])]) -> Pe {
    let job = stream_job("j", pes);
    let jobs = Arc::new(StreamJobs::from([(job.id.clone(), Arc::new(job))]));
    let jobs = Declarations { jobs, ..Declarations::default() };
    let pod = pe("j", "a", on_pod);
    policies("").pe(&Arc::new(pod), &jobs).unwrap()
}

#[test]
fn a_stream_job_overrules_the_pod_and_overruled_keys_are_reported() {
    let declares: &[(&str, &str)] = &[("exlocation", "y,x"), ("hosts", "n1"), ("connects-to", "b=1048576,c")];
    let on_pod =
        [("exlocation", "x, y"), ("hosts", "n2"), ("connects-to", "c=1Mi,b"), ("colocation", "t"), ("scheme", "pack")];
    let pe = declared(&on_pod, &[("a", declares)]);
    let spec = pe.spec.unwrap();
    assert_eq!(spec.only, ["n1".into()], "the StreamJob overrules the pod");
    assert_eq!(
        (spec.colocation.clone(), spec.scheme),
        (vec!["t".into()], ScoringStrategy::Pack),
        "the pod declares the rest"
    );
    assert_eq!(*pe.overruled, ["outrigger.dev/hosts"], "a value that means the same is not overruled");

    let malformed = declared(&[("isolated", "perhaps")], &[("a", &[("isolated", "true")])]);
    assert!(malformed.spec.unwrap().isolation.is_some(), "an overruled value need not be readable");
    assert_eq!(*malformed.overruled, ["outrigger.dev/isolated"]);

    let other = declared(&on_pod, &[("b", declares)]);
    assert_eq!(
        (other.spec.unwrap().only.clone(), &*other.overruled),
        (vec!["n2".into()], &[][..]),
        "another PE is declared"
    );
}

#[test]
fn pool_tags_and_index_are_one_choice() {
    let on_pod = [("host-pool", "p"), ("pool-index", "1")];
    let pe = declared(&on_pod, &[("a", &[("host-tags", "ssd")])]);
    let spec = pe.spec.unwrap();
    assert_eq!((spec.hosts.clone(), spec.pool_index), (HostChoice::Tags(vec!["ssd".into()]), None));
    assert_eq!(*pe.overruled, ["outrigger.dev/host-pool", "outrigger.dev/pool-index"]);

    let pe = declared(&[("host-tags", "ssd")], &[("a", &[("host-pool", "p"), ("pool-index", "0")])]);
    assert_eq!(pe.spec.unwrap().pool_place().map(|(pool, index)| (&*pool.name, index)), Some(("p", 0)));
}

#[test]
fn a_gang_of_all_is_the_list_of_the_stream_job() {
    let count = |pe: Pe| pe.spec.unwrap().gang;
    let on_pod = [("gang", "true")];
    assert_eq!(count(declared(&on_pod, &[])), Some(Gang::All), "nothing is listed");
    let listed: &[(&str, &[(&str, &str)])] = &[("a", &[]), ("b", &[]), ("c", &[])];
    assert_eq!(count(declared(&on_pod, listed)), Some(Gang::AtLeast(3.try_into().unwrap())));
    assert_eq!(count(declared(&[("gang", "2")], listed)), Some(Gang::AtLeast(2.try_into().unwrap())));
}

#[test]
fn pes_of_two_stateful_sets_of_one_kafka_streams_application_are_different_ones() {
    let set = set("  dialect: kafka-streams\n");
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

#[test]
fn every_list_is_bounded_and_the_error_names_the_count() {
    let many = |count: usize| (0..count).map(|number| format!("v{number}")).collect::<Vec<_>>().join(",");
    let bounds = [("colocation", 16), ("exlocation", 16), ("host-tags", 32), ("hosts", 64), ("connects-to", 64)];
    let spec = |key: &str, value: &str| declared(&[(key, value)], &[]).spec;
    for (key, most) in bounds {
        assert!(spec(key, &many(most)).is_ok(), "{key}");
        let error = spec(key, &many(most + 1)).unwrap_err();
        assert_eq!(error.key, format!("outrigger.dev/{key}"));
        assert!(error.problem.contains(&format!("lists {} values; at most {most}", most + 1)), "{error}");
        // An object that declares as many is bounded in the same way.
        let value = many(most + 1);
        let values: &[(&str, &str)] = &[(key, &value)];
        let error = declared(&[], &[("a", values)]).spec.unwrap_err();
        assert!(error.to_string().starts_with("StreamJob streams/j") && error.problem.contains("at most"), "{error}");
    }
    for key in ["colocation", "hosts", "isolated", "gang", "scheme", "pool-index"] {
        let error = spec(key, &"x".repeat(10_000)).unwrap_err();
        assert!(error.problem.len() < 300, "a message quotes the beginning: {error}");
    }
}

#[test]
fn a_value_that_is_too_large_to_be_kept_is_counted() {
    let tokens = (0..46_000).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let object = serde_json::json!({
        "metadata": {"name": "a", "namespace": "streams", "uid": "a", "labels": {"outrigger.dev/job": "j"},
            "annotations": {"outrigger.dev/exlocation": tokens, "outrigger.dev/placement": tokens}},
    });
    let object: crate::api::PodObject = serde_json::from_value(object).unwrap();
    let pod = Arc::new(Pod::try_from(&object).unwrap());
    assert!(pod.annotations.is_empty(), "such a value takes no memory");
    let pe = policies("").pe(&pod, &Declarations::default()).unwrap();
    let problem = pe.spec.unwrap_err().to_string();
    assert!(problem.starts_with("outrigger.dev/exlocation: lists 46000 values in 264889 bytes"), "{problem}");
}
