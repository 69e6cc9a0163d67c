//! Tests of records.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::extender::bind::{BindingCycle, Verified, verify_and_assume};
use crate::extender::{Attempt, BindingArguments, Choice};
use crate::model::{Millicores, Node, Pod, PodRequests, Reason, Resources};
use crate::state::{Cluster, Event};
use crate::testing::{
    NAMESPACE, asking, bound_to, cluster, decide, forecasts, job_demand, node, pe, pod, pool, sized, tagged, with_cores,
};

/// The record of binding a pod, as the annotation holds it.
fn record(cluster: &mut Cluster, pod: &str, node: &str, attempt: Option<&Attempt>) -> String {
    let arguments =
        BindingArguments { namespace: NAMESPACE.into(), name: pod.into(), uid: pod.into(), node: node.into() };
    let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    match verify_and_assume(cluster, &arguments, BindingCycle { attempt, gang_plan: None, possible_takeovers: 0, now })
    {
        Ok(Verified::Assumed(binding)) => binding.record.unwrap().to_json(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_record_has_every_field() {
    let three_cores = Resources { cpu: Millicores(3_000), ..node("").allocatable };
    let nodes = vec![
        tagged(&["ssd"], Node { allocatable: three_cores, ..node("n1") }),
        tagged(&["ssd"], node("n2")),
        tagged(&["ssd"], node("n3")),
    ];
    // together with the PE: 1,000 requested and 4,000 as limits of three cores
    let limits = Resources { cpu: Millicores(3_900), ..Resources::default() };
    let heavy = asking(900, bound_to("n1", pod("heavy")));
    let resources = PodRequests { limits, ..(*heavy.resources).clone() };
    let heavy = Pod { resources: resources.into(), ..heavy };
    let fast = [("host-pool", "fast"), ("colocation", "t")];
    let pods = vec![
        heavy,
        bound_to("n3", pe("j", "first", &[("host-pool", "fast")])),
        pe("j", "b", &[("colocation", "t")]),
        pe("j", "a", &fast),
    ];
    let mut cluster = cluster(nodes, vec![pool("fast", &["ssd"], sized(2))], pods);
    let choice = {
        let nodes = ["n3", "n1", "n2"].map(|name| cluster.snapshot().find(name).unwrap());
        let decision = decide(&cluster, "a");
        Choice::new(&decision, decision.rank(&nodes))
    };
    let rejected = BTreeMap::from([(Reason::PoolTagMissing, 3), (Reason::NodeUnschedulable, 1)]);
    let attempt = Some(Attempt { evaluated_nodes: 6, rejected, choice, ..Attempt::default() });
    assert_eq!(
        record(&mut cluster, "a", "n1", attempt.as_ref()),
        concat!(
            r#"{"version":1,"node":"n1","job":"streams/j","pe":"a","policy":"test","pool":"streams/fast","#,
            r#""allocation":["n1","n3"],"bucket":["b"],"scheme":"balancedInstance","rank":3,"asked":6,"#,
            r#""refused":{"NodeUnschedulable":1,"PoolTagMissing":3},"crowding":0.333,"risk":0.333,"#,
            r#""snapshot":4,"time":"2026-01-02T03:04:05Z"}"#,
        )
    );
}

#[test]
fn a_record_has_the_parts_of_the_risk_by_demand() {
    let pods =
        vec![bound_to("n1", pe("clicks", "a", &[])), bound_to("n1", pe("new", "b", &[])), pe("clicks", "c", &[])];
    let mut cluster = cluster(vec![node("n1")], vec![], pods);
    let clicks = job_demand(&[4_000.0, 6_400.0, 5_000.0], 0.1, 0.5);
    cluster.apply(Event::Demand(forecasts(&[("clicks", clicks)], &[])));
    // The PE without history has requests of 100m, and other pods are not known: a twentieth of four cores.
    assert_eq!(
        record(&mut cluster, "c", "n1", None),
        concat!(
            r#"{"version":1,"node":"n1","job":"streams/clicks","pe":"c","policy":"test","#,
            r#""scheme":"balancedInstance","crowding":0.75,"risk":1.0,"demand":{"resource":"cpu","#,
            r#""stated":0.999989,"corrected":0.999989,"at":"1970-01-01T00:10:00Z","job":"streams/clicks","#,
            r#""expected":6.5,"deviation":0.67,"capacity":4.0,"unit":"cores","withoutHistory":1,"othersUnknown":true},"#,
            r#""snapshot":5,"time":"2026-01-02T03:04:05Z"}"#,
        )
    );
}

#[test]
fn unknown_fields_of_a_record_are_absent() {
    let pods = vec![pe("j", "a", &[("host-tags", "ssd,big")])];
    let mut cluster = cluster(vec![tagged(&["ssd", "big"], node("n1"))], vec![], pods);
    assert_eq!(
        record(&mut cluster, "a", "n1", None),
        concat!(
            r#"{"version":1,"node":"n1","job":"streams/j","pe":"a","policy":"test","tags":["big","ssd"],"#,
            r#""scheme":"balancedInstance","crowding":0.25,"risk":0.0,"#,
            r#""snapshot":4,"time":"2026-01-02T03:04:05Z"}"#,
        )
    );
}

#[test]
fn a_record_has_the_terms_at_the_time_of_the_choice() {
    let spec = [("host-pool", "fast")];
    let pods = ["a", "b", "c"].map(|name| pe("j", name, &spec)).to_vec();
    let mut cluster = cluster(vec![node("n1"), node("n2")], vec![pool("fast", &[], sized(2))], pods);
    let choice = {
        let decision = decide(&cluster, "a");
        Choice::new(&decision, decision.rank(&[cluster.snapshot().find("n1").unwrap()]))
    };
    let attempt = Some(Attempt { evaluated_nodes: 2, choice, ..Attempt::default() });
    // Both were decided later, and are bound earlier.
    record(&mut cluster, "b", "n2", None);
    record(&mut cluster, "c", "n1", None);
    let written = record(&mut cluster, "a", "n1", attempt.as_ref());
    assert!(written.contains(r#""allocation":["n1"],"#) && written.contains(r#""crowding":0.25,"#), "{written}");
    assert!(!written.contains("rank"), "no other node was left: {written}");
}

#[test]
fn a_record_of_a_large_pool_and_a_large_bucket_is_bounded() {
    let names: Vec<String> = (0..3_000).map(|number| format!("{number:0>120}")).collect();
    let nodes: Vec<Node> = names.iter().map(|name| tagged(&["ssd"], with_cores(64, node(name)))).collect();
    let mut pods: Vec<Pod> =
        names.iter().map(|name| bound_to(name, pe("j", name, &[("host-pool", "large")]))).collect();
    pods.push(pe("j", "a", &[("host-pool", "large"), ("colocation", "t")]));
    pods.extend((0..100).map(|number| pe("j", &format!("b{number:0>100}"), &[("colocation", "t")])));
    let mut cluster = cluster(nodes, vec![pool("large", &["ssd"], sized(3_000))], pods);
    let last = names.last().unwrap();
    let record: Value = serde_json::from_str(&record(&mut cluster, "a", last, None)).unwrap();
    assert!(record.to_string().len() < 16 << 10, "{}", record.to_string().len());
    let of = |list: &str, omitted: &str| (record[list].as_array().unwrap().len(), record[omitted].as_u64().unwrap());
    let (allocation, bucket) = (of("allocation", "allocationOmitted"), of("bucket", "bucketOmitted"));
    assert_eq!((allocation, bucket), ((34, 2_966), (40, 60)));
    assert!(record["allocation"].as_array().unwrap().contains(&json!(last)), "the node itself is named");
}
