//! A job that is given by objects of group `streams.ibm.com` alone: its rules, and the defects of the platform that
//! they come from (B1, …), none of which can happen here.

use serde_json::{Value, json};

use crate::api::open_streams::{HostPool, Job, ProcessingElement};
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, InvalidPlacementSpec, Node, Pod, Reason, Rejection, StreamJob,
};
use crate::state::{Cluster, Event};
use crate::testing::{
    asking, bound_to, choice, filter_node, governed, leaving, node, place, reasons, stream_job, streams_pe,
    streams_policy, tagged,
};

const NOWHERE: [&str; 0] = [];

fn put(cluster: &mut Cluster, kind: &str, name: &str, spec: &Value) {
    put_annotated(cluster, kind, name, &json!({}), spec);
}

fn put_annotated(cluster: &mut Cluster, kind: &str, name: &str, annotations: &Value, spec: &Value) {
    let object = json!({
        "metadata": {"name": name, "namespace": "streams", "uid": name, "annotations": annotations}, "spec": spec,
    });
    cluster.apply(match kind {
        "ProcessingElement" => {
            let read: ProcessingElement = serde_json::from_value(object).unwrap();
            Event::put(DeclaredPe::try_from(&read).unwrap())
        }
        "HostPool" => {
            let read: HostPool = serde_json::from_value(object).unwrap();
            Event::put(DeclaredPool::try_from(&read).unwrap())
        }
        _ => {
            let read: Job = serde_json::from_value(object).unwrap();
            Event::put(DeclaredJob::try_from(&read).unwrap())
        }
    });
}

/// PEs of jobs with their placements: `app-0`, `app-1`. Each has a pod of its name.
fn submitted(nodes: Vec<Node>, pes: &[(&str, Value)]) -> Cluster {
    let pod = |(name, _): &(&str, Value)| {
        let (job, pe) = name.rsplit_once('-').unwrap();
        streams_pe(job, pe)
    };
    with_pods(nodes, pes.iter().map(pod).collect(), pes)
}

fn with_pods(nodes: Vec<Node>, pods: Vec<Pod>, pes: &[(&str, Value)]) -> Cluster {
    let mut cluster = governed(streams_policy(""), nodes, vec![], pods);
    for (name, placement) in pes {
        put(&mut cluster, "ProcessingElement", name, &json!({"placement": placement}));
    }
    cluster
}

fn located(pool: u32) -> Value {
    json!({"hostPoolLocation": {"poolIndex": pool, "inpoolIndex": null}})
}

fn three() -> Vec<Node> {
    ["n1", "n2", "n3"].map(node).to_vec()
}

#[test]
fn b1_a_node_needs_all_tags_of_a_pool() {
    let nodes = vec![tagged(&["a"], node("n1")), tagged(&["b"], node("n2")), tagged(&["a", "b"], node("n3"))];
    let mut cluster = submitted(nodes, &[("app-0", located(1))]);
    assert_eq!(filter_node(&cluster, "app-0", "n3").unwrap_err().reason(), Reason::PoolNotFound);
    put(&mut cluster, "HostPool", "app-1", &json!({"hostpool": {"name": "P", "index": 1, "tags": ["a", "b"]}}));
    assert_eq!(choice(&cluster, "app-0"), ["n3"]);
}

#[test]
fn b2_colocation_closes_over_tokens_in_every_order() {
    let tokens = |tokens: &[&str]| json!({"coLocations": tokens});
    for order in [["app-0", "app-1", "app-2"], ["app-2", "app-0", "app-1"], ["app-1", "app-2", "app-0"]] {
        let pes = [("app-0", tokens(&["t1"])), ("app-1", tokens(&["t1", "t2"])), ("app-2", tokens(&["t2"]))];
        let mut cluster = submitted(three(), &pes);
        let nodes = order.map(|pod| place(&mut cluster, pod).unwrap());
        assert_eq!(nodes[0], nodes[1], "{order:?}");
        assert_eq!(nodes[1], nodes[2], "{order:?}");
    }
}

#[test]
fn b3_the_first_of_a_bucket_is_placed_where_all_members_fit() {
    let placement = json!({"coLocations": ["t"]});
    let pods = ["0", "1", "2"].map(|pe| asking(2_000, streams_pe("app", pe)));
    let nodes = vec![node("n1"), node("n2"), crate::testing::with_cores(8, node("n3"))];
    let pes = ["app-0", "app-1", "app-2"].map(|name| (name, placement.clone()));
    assert_eq!(choice(&with_pods(nodes, pods.to_vec(), &pes), "app-0"), ["n3"]);
}

#[test]
fn b4_equal_tokens_of_two_jobs_are_unrelated() {
    let near = json!({"coLocations": ["t"]});
    let pods = vec![bound_to("n1", streams_pe("app", "0")), streams_pe("other", "0")];
    let cluster = with_pods(three(), pods.clone(), &[("app-0", near.clone()), ("other-0", near)]);
    assert_eq!(choice(&cluster, "other-0").len(), 3);
    let apart = json!({"exLocations": ["t"]});
    let cluster = with_pods(three(), pods, &[("app-0", apart.clone()), ("other-0", apart)]);
    assert_eq!(choice(&cluster, "other-0").len(), 3);
}

#[test]
fn b5_b11_isolation_holds_both_ways_and_across_jobs_for_any_operator_name() {
    // The same application twice, with an operator in a parallel region, and a job without constraints.
    let isolated = json!({"isolation": "Op[3]", "isolationLabels": []});
    let pods =
        vec![bound_to("n1", streams_pe("app", "0")), bound_to("n2", streams_pe("plain", "0")), streams_pe("twin", "0")];
    let pes = [("app-0", isolated.clone()), ("twin-0", isolated), ("plain-0", json!({}))];
    let mut cluster = with_pods(three(), pods, &pes);
    assert_eq!(choice(&cluster, "twin-0"), ["n3"], "neither to its twin nor to another job's PE");
    cluster.apply(Event::put(streams_pe("plain", "1")));
    assert_eq!(choice(&cluster, "plain-1"), ["n3", "n2"], "not to the isolated one");
}

#[test]
fn b6_t20_a_named_host_skips_no_rule_and_an_unknown_host_is_rejected() {
    let host = json!({"host": "n2"});
    let pods = vec![asking(4_000, bound_to("n2", streams_pe("other", "0"))), asking(1_000, streams_pe("app", "0"))];
    let cluster = with_pods(three(), pods, &[("app-0", host)]);
    assert_eq!(filter_node(&cluster, "app-0", "n2").unwrap_err().reason(), Reason::InsufficientResources);
    assert_eq!(filter_node(&cluster, "app-0", "n1"), Err(Rejection::HostMismatch));
    let unknown = submitted(three(), &[("app-0", json!({"host": "10.9.9.9"}))]);
    assert!(reasons(&unknown, "app-0").values().all(|reason| *reason == Some(Reason::HostMismatch)));
}

#[test]
fn b7_the_order_of_creation_breaks_no_exlocation() {
    let apart = |tokens: &[&str]| json!({"exLocations": tokens});
    for order in [["app-0", "app-1", "app-2"], ["app-2", "app-1", "app-0"], ["app-1", "app-0", "app-2"]] {
        let pes = [("app-0", apart(&["x"])), ("app-1", apart(&["x", "y"])), ("app-2", apart(&["y", "x"]))];
        let mut cluster = submitted(three(), &pes);
        let nodes: std::collections::BTreeSet<String> =
            order.iter().map(|pod| place(&mut cluster, pod).unwrap()).collect();
        assert_eq!(nodes.len(), 3, "{order:?}");
    }
}

#[test]
fn b8_t21_a_token_of_two_operators_of_a_pe_counts_once() {
    let twice = json!({"exLocations": ["x", "x"], "coLocations": ["t", "t"], "host": "n2"});
    assert_eq!(choice(&submitted(three(), &[("app-0", twice)]), "app-0"), ["n2"]);
}

#[test]
fn b9_no_pe_of_a_gang_that_does_not_fit_is_placed() {
    let apart = json!({"exLocations": ["x"]});
    let pes = ["app-0", "app-1", "app-2", "app-3"].map(|name| (name, apart.clone()));
    let mut cluster = submitted(three(), &pes);
    let statistics = json!({"statistics": {"processingElementCount": 4}});
    put_annotated(&mut cluster, "Job", "app", &json!({"outrigger.dev/gang": "true"}), &statistics);
    for pod in ["app-0", "app-1", "app-2", "app-3"] {
        assert_eq!(choice(&cluster, pod), NOWHERE, "four apart on three nodes");
    }
    cluster.apply(Event::put(node("n4")));
    assert_ne!(choice(&cluster, "app-0"), NOWHERE);
    cluster.apply(Event::gone::<Pod>("app-3".into()));
    let waiting = filter_node(&cluster, "app-0", "n1").unwrap_err();
    assert_eq!(waiting, Rejection::GangIncomplete { exist: 3, count: 4 }, "the job says how many there will be");
}

#[test]
fn b10_a_leaving_predecessor_keeps_no_pe_pending() {
    let apart = json!({"exLocations": ["x"]});
    let before = leaving(bound_to("n1", Pod { key: streams_pe("old", "0").key, ..streams_pe("app", "0") }));
    let pods = vec![
        before,
        bound_to("n2", streams_pe("app", "1")),
        bound_to("n3", streams_pe("app", "2")),
        streams_pe("app", "0"),
    ];
    let pes = ["app-0", "app-1", "app-2"].map(|name| (name, apart.clone()));
    assert_eq!(choice(&with_pods(three(), pods, &pes), "app-0"), ["n1"]);
}

#[test]
fn a_pool_index_is_a_host_of_a_literal_list_and_one_node_of_a_sized_pool() {
    let at = |pool: u32, place: u32| json!({"hostPoolLocation": {"poolIndex": pool, "inpoolIndex": place}});
    let mut cluster =
        submitted(three(), &[("app-0", at(1, 1)), ("app-1", at(1, 7)), ("app-2", at(2, 0)), ("app-3", at(2, 0))]);
    put(&mut cluster, "HostPool", "app-1", &json!({"hostpool": {"hosts": ["n3", "n2"]}}));
    put(&mut cluster, "HostPool", "app-2", &json!({"hostpool": {"size": 2}}));
    assert_eq!(choice(&cluster, "app-0"), ["n2"]);
    assert_eq!(filter_node(&cluster, "app-1", "n1").unwrap_err().reason(), Reason::InvalidPlacement);
    let first = place(&mut cluster, "app-2").unwrap();
    assert_eq!(choice(&cluster, "app-3"), [first]);
}

#[test]
fn a_stream_job_overrides_the_objects_and_the_objects_override_the_pod() {
    let pod = |key: &'static str, value: &'static str| Pod {
        annotations: [(key, value)].into_iter().collect(),
        ..streams_pe("app", "0")
    };
    let said = |pod: Pod, job: Option<StreamJob>| {
        let mut cluster = with_pods(three(), vec![pod], &[("app-0", json!({"host": "n2"}))]);
        put_annotated(&mut cluster, "Job", "app", &json!({"outrigger.dev/hosts": "n1"}), &json!({}));
        cluster.apply(Event::listed::<StreamJob>(job.into_iter().collect()));
        choice(&cluster, "app-0")
    };
    assert_eq!(said(pod("outrigger.dev/hosts", "n3"), None), ["n2"]);
    let job = stream_job("app", &[("0", &[("hosts", "n3")])]);
    assert_eq!(said(streams_pe("app", "0"), Some(job)), ["n3"]);
    // The Job's values hold for PEs whose own object declares none.
    let mut cluster = with_pods(three(), vec![pod("outrigger.dev/hosts", "n3")], &[("app-0", json!({}))]);
    put_annotated(&mut cluster, "Job", "app", &json!({"outrigger.dev/hosts": "n1"}), &json!({}));
    assert_eq!(choice(&cluster, "app-0"), ["n1"]);
}

#[test]
fn a_field_problem_invalidates_its_own_key_alone() {
    let mut cluster = submitted(three(), &[("app-0", json!({"host": 7})), ("app-1", json!({"colour": "red"}))]);
    let rejected = filter_node(&cluster, "app-0", "n1").unwrap_err().to_string();
    let words =
        "ProcessingElement.streams.ibm.com streams/app-0: outrigger.dev/hosts: spec.placement.host: `7` is no text";
    assert_eq!(rejected, format!("InvalidPlacement: {words}"));
    assert_eq!(choice(&cluster, "app-1").len(), 3, "a member that nobody knows is no wish");
    let job = stream_job("app", &[("0", &[("hosts", "n3")])]);
    cluster.apply(Event::put(job));
    assert_eq!(choice(&cluster, "app-0"), ["n3"], "the StreamJob says it");

    let mut cluster = submitted(three(), &[("app-0", located(1))]);
    put(&mut cluster, "HostPool", "app-1", &json!({"hostpool": {"membershipMode": "exclusive"}}));
    let (_, pe) = cluster.pod("app-0").unwrap();
    let InvalidPlacementSpec { source, problem, .. } = *pe.unwrap().spec.clone().unwrap_err();
    assert_eq!(source.as_deref(), Some("HostPool.streams.ibm.com streams/app-1"));
    assert!(problem.starts_with("spec.hostpool.size: is missing"), "{problem}");
    put(&mut cluster, "HostPool", "app-1", &json!({"hostpool": {"membershipMode": "exclusive", "size": 1}}));
    assert_eq!(choice(&cluster, "app-0").len(), 3);
}

#[test]
fn a_job_whose_width_changes_stays_one_job_while_its_pods_are_relabelled() {
    let of_generation = |generation: &str, pod: Pod| {
        let labels = pod.labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let generation = ("streams.ibm.com/generation".to_owned(), generation.to_owned());
        Pod { labels: labels.chain([generation]).collect(), ..pod }
    };
    let apart = json!({"exLocations": ["x"]});
    let stays = of_generation("0", bound_to("n1", streams_pe("app", "0")));
    let comes = of_generation("1", streams_pe("app", "1"));
    let mut cluster = with_pods(three(), vec![stays, comes], &[("app-0", apart.clone()), ("app-1", apart)]);
    assert_eq!(choice(&cluster, "app-1"), ["n2", "n3"], "not to the one that is still of the generation before");
    cluster.apply(Event::put(of_generation("1", bound_to("n1", streams_pe("app", "0")))));
    assert_eq!(choice(&cluster, "app-1"), ["n2", "n3"]);
}
