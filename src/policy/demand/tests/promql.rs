use super::*;
use crate::policy::demand::queries::{QUERIES, input_rate_of};
use crate::policy::raw::Engine;

fn problem(query: &str, subject: MeasuredSubject) -> String {
    checked(query, 300, subject).unwrap_err()
}

#[test]
fn every_default_is_accepted_and_has_the_length_of_the_step() {
    for named in &QUERIES {
        let Some(default) = named.default else { continue };
        let query = checked(default, 300, named.subject).unwrap_or_else(|problem| panic!("{}: {problem}", named.name));
        assert_eq!(query.contains("[300s]"), default.contains("[$step]"), "{query}");
    }
    for engine in [Engine::Flink, Engine::KafkaConsumer] {
        checked(input_rate_of(engine), 60, MeasuredSubject::Pod).unwrap();
    }
}

#[test]
fn what_is_no_query_is_an_error() {
    for query in ["sum by (pod", "rate(x)", "sum(rate(x[5q]))", "} x", "x y", "nosuch(x)"] {
        let problem = problem(query, MeasuredSubject::Pod);
        assert!(problem.starts_with("this is no PromQL: "), "{query}: {problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
    let too_long = format!("x{{y=\"{}\"}}", "z".repeat(4_096));
    assert!(problem(&too_long, MeasuredSubject::Pod).contains("at most 2048"));
}

#[test]
fn an_answer_without_series_is_an_error() {
    for query in ["1", "\"text\"", "x[5m]", "scalar(x)"] {
        assert!(problem(query, MeasuredSubject::Pod).contains("instant vector"), "{query}");
    }
}

#[test]
fn an_aggregation_must_keep_the_labels_that_tell_pods_or_nodes_apart() {
    for (query, lost) in [
        ("sum(x)", "`namespace`"),
        ("sum by (namespace) (x)", "`pod`"),
        ("(sum by (pod) (x))", "`namespace`"),
        ("sum without (pod) (x)", "`pod`"),
    ] {
        let problem = problem(query, MeasuredSubject::Pod);
        assert!(problem.contains(&format!("no label {lost}")), "{query}: {problem}");
    }
    assert!(problem("sum by (pod) (x)", MeasuredSubject::Node).contains("`node` or `instance`"));
    for query in [
        "x",
        "sum by (namespace, pod, stream_job) (x)",
        "sum without (container) (x)",
        "topk(5, x)",
        "sum by (namespace, pod) (x) * 2",
        "label_replace(sum by (namespace, kubernetes_pod) (x), \"pod\", \"$1\", \"kubernetes_pod\", \"(.*)\")",
    ] {
        checked(query, 300, MeasuredSubject::Pod).unwrap_or_else(|problem| panic!("{query}: {problem}"));
    }
    checked("avg by (instance) (x)", 300, MeasuredSubject::Node).unwrap();
}
