//! Tests of preempt: kube-scheduler evicts only where the PE may go afterwards.

use serde_json::{Value, json};

use super::preempt;
use crate::extender::tests::answer;
use crate::extender::{DecodeError, PlacedPod, Preemption, SchedulingContext, decode_preemption_arguments};
use crate::model::{Node, ObjectId, Pod, PodPhase, Pool};
use crate::state::{Cluster, Event};
use crate::testing::{asking, bound_to, cluster, exclusive, node, pe, pod, pool, tagged, with_cores};

fn preempted(cluster: &Cluster, question: &Value) -> Preemption {
    let find_pod = |uid: &str| PlacedPod::find(cluster, uid);
    let arguments = decode_preemption_arguments(&serde_json::to_vec(question).unwrap()).unwrap();
    preempt(arguments, SchedulingContext::new(cluster.snapshot(), cluster.policies()), &find_pod)
}

/// The nodes that are kept for a PE of job `j` that takes a core, each with the victim of its name.
fn kept(cluster: &Cluster, spec: &[(&str, &str)], victims: &[(&str, &str)]) -> Vec<String> {
    let annotations: serde_json::Map<String, Value> =
        spec.iter().map(|(key, value)| (format!("outrigger.dev/{key}"), json!(value))).collect();
    let metadata = json!({
        "name": "urgent", "namespace": crate::testing::NAMESPACE, "uid": "urgent", "resourceVersion": "1",
        "labels": {"outrigger.dev/job": "j"}, "annotations": annotations,
    });
    let pod = json!({"metadata": metadata, "spec": {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}});
    let mut proposed = serde_json::Map::new();
    for (node, uid) in victims {
        proposed.insert((*node).to_owned(), json!({"Pods": [{"UID": uid}], "NumPDBViolations": 0}));
    }
    let preemption = preempted(cluster, &json!({"Pod": pod, "NodeNameToMetaVictims": proposed}));
    let answer: Value = answer(&preemption.body);
    answer["NodeNameToMetaVictims"].as_object().unwrap().keys().cloned().collect()
}

/// A pod of nobody that takes the whole of a node with one core.
fn full(name: &str, node: &str) -> Pod {
    bound_to(node, asking(1_000, pod(name)))
}

fn small(name: &str) -> Node {
    with_cores(1, node(name))
}

/// A pod that no policy governs.
fn stranger() -> Value {
    json!({"metadata": {"name": "stranger", "namespace": crate::testing::NAMESPACE, "uid": "stranger"}})
}

const BOTH: &[(&str, &str)] = &[("n1", "v1"), ("n2", "v2")];

#[test]
fn a_node_is_kept_only_where_every_rule_holds_once_the_victims_are_gone() {
    let victims = || vec![full("v1", "n1"), full("v2", "n2")];
    let nodes = || vec![small("n1"), small("n2")];
    assert_eq!(kept(&cluster(nodes(), Vec::new(), victims()), &[], BOTH), ["n1", "n2"]);
    assert_eq!(kept(&cluster(nodes(), Vec::new(), victims()), &[("hosts", "n2")], BOTH), ["n2"]);
    assert_eq!(kept(&cluster(nodes(), Vec::new(), victims()), &[("hosts", "n9")], BOTH), [""; 0]);

    let mut with_sibling = victims();
    with_sibling.push(bound_to("n1", asking(0, pe("j", "sibling", &[("exlocation", "t")]))));
    assert_eq!(kept(&cluster(nodes(), Vec::new(), with_sibling), &[("exlocation", "t")], BOTH), ["n2"]);
}

#[test]
fn a_rule_that_the_victim_breaks_is_no_obstacle() {
    let sibling = bound_to("n1", asking(1_000, pe("j", "v1", &[("exlocation", "t")])));
    let cluster = cluster(vec![small("n1")], Vec::new(), vec![sibling]);
    assert_eq!(kept(&cluster, &[("exlocation", "t")], &[("n1", "v1")]), ["n1"]);
    assert_eq!(
        kept(&cluster, &[("exlocation", "t")], &[("n1", "somebody")]),
        [""; 0],
        "an unknown victim frees nothing"
    );
}

#[test]
fn a_node_without_victims_is_kept_where_the_pe_passes() {
    let cluster = cluster(vec![small("n1"), small("n2")], Vec::new(), vec![full("v1", "n1")]);
    let nothing = json!({"Pods": null, "NumPDBViolations": 0});
    let pod = json!({"metadata": {
        "name": "urgent", "namespace": crate::testing::NAMESPACE, "uid": "urgent", "labels": {"outrigger.dev/job": "j"},
    }, "spec": {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}});
    let question = json!({"Pod": pod, "NodeNameToMetaVictims": {"n1": nothing, "n2": null, "n9": nothing}});
    let answer: Value = answer(&preempted(&cluster, &question).body);
    assert_eq!(answer, json!({"NodeNameToMetaVictims": {"n2": {"Pods": [], "NumPDBViolations": 0}}}));
}

#[test]
fn victims_of_a_gang_or_an_exclusive_allocation_are_evicted_only_where_no_others_are() {
    let gang = bound_to("n1", asking(1_000, pe("k", "v1", &[("gang", "2")])));
    let other = bound_to("n1", asking(0, pe("k", "other", &[("gang", "2")])));
    let cluster_with =
        |victim: Pod| cluster(vec![small("n1"), small("n2")], Vec::new(), vec![gang.clone(), other.clone(), victim]);
    assert_eq!(kept(&cluster_with(full("v2", "n2")), &[], BOTH), ["n2"]);
    assert_eq!(kept(&cluster_with(full("v2", "n2")), &[], &[("n1", "v1")]), ["n1"]);

    let owner = bound_to("n1", asking(1_000, pe("k", "v1", &[("host-pool", "own")])));
    let nodes = vec![tagged(&["own"], small("n1")), small("n2")];
    let cluster = cluster(nodes, vec![pool("own", &["own"], exclusive(1))], vec![owner, full("v2", "n2")]);
    assert_eq!(kept(&cluster, &[], BOTH), ["n2"]);
}

#[test]
fn nobody_is_evicted_for_a_gang_that_would_still_wait() {
    let gang = [("gang", "2")];
    let nodes = || vec![small("n1"), small("n2")];
    let alone = cluster(nodes(), Vec::new(), vec![full("v1", "n1"), asking(1_000, pe("j", "urgent", &gang))]);
    assert_eq!(kept(&alone, &gang, &[("n1", "v1")]), [""; 0], "the gang is incomplete");
    let waiting =
        || vec![asking(1_000, pe("j", "urgent", &gang)), asking(1_000, pe("j", "b", &gang)), full("v1", "n1")];
    let room = cluster(nodes(), Vec::new(), waiting());
    assert_eq!(kept(&room, &gang, &[("n1", "v1")]), ["n1"], "the other member has n2");
    let none = cluster(nodes(), Vec::new(), [waiting(), vec![full("v2", "n2")]].concat());
    assert_eq!(kept(&none, &gang, &[("n1", "v1")]), [""; 0], "the other member has no node");
}

#[test]
fn a_victim_that_does_not_count_on_the_node_frees_nothing() {
    let finished = Pod { phase: PodPhase::Finished, ..full("done", "n1") };
    let cluster =
        cluster(vec![small("n1"), small("n2")], Vec::new(), vec![full("v1", "n1"), full("v2", "n2"), finished]);
    assert_eq!(kept(&cluster, &[], &[("n1", "v2")]), [""; 0], "the pod runs elsewhere");
    assert_eq!(kept(&cluster, &[], &[("n1", "done")]), [""; 0], "the pod has freed its room already");
    assert_eq!(kept(&cluster, &[], &[("n1", "v1")]), ["n1"]);
}

#[test]
fn an_exclusive_allocation_whose_pool_is_gone_is_not_evicted_either_where_others_may_be() {
    let owner = bound_to("n1", asking(1_000, pe("k", "v1", &[("host-pool", "own")])));
    let nodes = vec![tagged(&["own"], small("n1")), small("n2")];
    let mut cluster = cluster(nodes, vec![pool("own", &["own"], exclusive(1))], vec![owner, full("v2", "n2")]);
    let id = ObjectId { namespace: crate::testing::NAMESPACE.into(), name: "own".into() };
    cluster.apply(Event::gone::<Pool>(id));
    assert_eq!(kept(&cluster, &[], BOTH), ["n2"]);
}

#[test]
fn both_forms_of_victims_have_the_same_response() {
    let cluster = cluster(Vec::new(), Vec::new(), Vec::new());
    let meta = json!({"n1": {"Pods": [{"UID": "u1"}, {"UID": "u2"}], "NumPDBViolations": 1}});
    let whole =
        json!({"n1": {"Pods": [{"metadata": {"uid": "u1"}}, {"metadata": {"uid": "u2"}}], "NumPDBViolations": 1}});
    let questions = [
        json!({"Pod": stranger(), "NodeNameToVictims": null, "NodeNameToMetaVictims": meta}),
        json!({"Pod": stranger(), "NodeNameToVictims": whole, "NodeNameToMetaVictims": null}),
        json!({"Pod": stranger(), "NodeNameToMetaVictims": meta}),
    ];
    for question in questions {
        let preemption = preempted(&cluster, &question);
        assert!(preemption.pe.is_none(), "no policy governs the pod, and its victims stay as they are");
        assert_eq!(answer::<Value>(&preemption.body), json!({"NodeNameToMetaVictims": meta}));
    }
}

#[test]
fn null_victims_are_no_victims() {
    let cluster = cluster(Vec::new(), Vec::new(), Vec::new());
    let nothing = json!({"Pods": [], "NumPDBViolations": 0});
    for victims in [json!(null), json!({}), json!({"Pods": null}), json!({"Pods": [null, {}, {"metadata": {}}]})] {
        let body = preempted(&cluster, &json!({"Pod": stranger(), "NodeNameToVictims": {"n1": victims}})).body;
        assert_eq!(answer::<Value>(&body), json!({"NodeNameToMetaVictims": {"n1": nothing}}));
    }
    let body = preempted(&cluster, &json!({"Pod": stranger()})).body;
    assert_eq!(answer::<Value>(&body), json!({"NodeNameToMetaVictims": {}}));
}

#[test]
fn a_request_without_a_pod_is_an_error() {
    for body in ["{}", r#"{"Pod": null}"#] {
        assert!(matches!(decode_preemption_arguments(body.as_bytes()), Err(DecodeError::NoPod)), "{body}");
    }
    assert!(matches!(decode_preemption_arguments(br#"[{"metadata": {}}, {}, {}]"#), Err(DecodeError::NoObject)));
}
