mod gangs;
mod live;
mod reservations;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Input, SimulationMode, SimulationOutcome, simulate};
use crate::model::{Declarations, Node, Pod};
use crate::placement::{Budget, plan};
use crate::testing::{asking, bound_to, cluster, node, pe, place_and_reserve, pod, policies, tagged, with_cores};

/// The input of a simulation with these nodes.
fn input(nodes: Vec<Node>, running: Vec<Pod>, workload: Vec<Pod>, mode: SimulationMode) -> Input {
    Input {
        policies: policies(""),
        nodes,
        pools: Vec::new(),
        declared: Declarations::default(),
        volumes: Vec::new(),
        claims: Vec::new(),
        cluster: running,
        workload,
        loads: BTreeMap::new(),
        demand: Arc::default(),
        now: Timestamp::UNIX_EPOCH,
        mode,
    }
}

fn nodes_of(outcome: &SimulationOutcome) -> BTreeMap<String, Option<String>> {
    let node = |placement: &super::SimulatedPe| placement.node.as_ref().map(ToString::to_string);
    outcome.placements.iter().map(|placement| (placement.pod.clone(), node(placement))).collect()
}

fn spec() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let token = || prop_oneof![Just("a"), Just("b"), Just("a,b")];
    prop_oneof![
        3 => Just(Vec::new()),
        2 => token().prop_map(|token| vec![("colocation", token)]),
        3 => token().prop_map(|token| vec![("exlocation", token)]),
        1 => Just(vec![("isolated", "true")]),
        1 => Just(vec![("host-tags", "t")]),
        1 => Just(vec![("connects-to", "pe0=2Mi,pe1")]),
    ]
}

fn workload() -> impl Strategy<Value = Vec<Pod>> {
    let one = (spec(), prop_oneof![Just("j"), Just("k")], 1_u64..2_500, 0_i32..2, 0_i64..2, 0_usize..12);
    prop::collection::vec(one, 1..7).prop_map(|pods| {
        let pod = |(at, (spec, job, millicores, priority, created, bound)): (usize, (Vec<_>, _, _, _, _, usize))| {
            let pod = asking(millicores, pe(job, &format!("pe{at}"), &spec));
            let created = Timestamp::from_second(created).unwrap();
            let pod = Pod { created, priority, ..pod };
            if bound < 3 { bound_to(&format!("n{bound}"), pod) } else { pod }
        };
        pods.into_iter().enumerate().map(pod).collect()
    })
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    prop::collection::vec((1_u64..5, any::<bool>()), 1..5).prop_map(|nodes| {
        let node = |(at, (cores, is_tagged)): (usize, (u64, bool))| {
            let node = with_cores(cores, node(&format!("n{at}")));
            if is_tagged { tagged(&["t"], node) } else { node }
        };
        nodes.into_iter().enumerate().map(node).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_simulation_places_like_single_decisions(nodes in nodes(), workload in workload()) {
        let outcome = simulate(input(nodes.clone(), Vec::new(), workload.clone(), SimulationMode::Full));
        let mut order: Vec<&Pod> = workload.iter().collect();
        order.sort_by_key(|pod| (Reverse(pod.priority), pod.created));
        let mut cluster = cluster(nodes, Vec::new(), workload.clone());
        let mut expected = BTreeMap::new();
        for pod in order {
            let bound = pod.node.as_ref().map(ToString::to_string);
            let node = bound.or_else(|| place_and_reserve(&mut cluster, pod.key.uid.as_str()));
            expected.insert(pod.key.to_string(), node);
        }
        prop_assert_eq!(nodes_of(&outcome), expected);
        prop_assert_eq!(outcome.is_complete(), outcome.placements.iter().all(|placement| placement.node.is_some()));
    }

    #[test]
    fn every_planned_pe_is_bound(nodes in nodes(), workload in workload()) {
        let outcome = simulate(input(nodes.clone(), Vec::new(), workload.clone(), SimulationMode::Planned));
        let cluster = cluster(nodes, Vec::new(), workload.clone());
        let mut order: Vec<&Pod> = workload.iter().filter(|pod| pod.node.is_none()).collect();
        order.sort_by_key(|pod| (Reverse(pod.priority), pod.created));
        let waiting: Vec<_> = order.iter().map(|pod| Arc::clone(cluster.pod(pod.key.uid.as_str()).unwrap().1.unwrap())).collect();
        let plan = plan(cluster.snapshot(), &waiting, Budget::default());
        let found = nodes_of(&outcome);
        for placement in &plan.placements {
            let node = cluster.snapshot().node(placement.node).unwrap().name.to_string();
            prop_assert_eq!(found.get(&placement.pe.pod.to_string()), Some(&Some(node)));
        }
        for unplaced in &plan.unplaced {
            prop_assert_eq!(found.get(&unplaced.pe.pod.to_string()), Some(&None));
        }
    }

    #[test]
    fn rejected_and_passing_nodes_add_up(nodes in nodes(), workload in workload()) {
        let count = nodes.len();
        for placement in simulate(input(nodes, Vec::new(), workload, SimulationMode::Full)).placements {
            let rejected: usize = placement.reasons.values().sum();
            prop_assert!(rejected <= count);
            prop_assert!(placement.node.is_some() || rejected == count, "{placement:?}");
        }
    }
}

#[test]
fn a_plan_leaves_nodes_to_more_urgent_pes_as_filter_does() {
    let first = Pod { priority: 1, ..pe("j", "first", &[("exlocation", "a,b")]) };
    let workload = vec![first, pe("j", "one", &[("exlocation", "a")]), pe("j", "other", &[("exlocation", "b")])];
    for mode in [SimulationMode::Full, SimulationMode::Planned] {
        let outcome = simulate(input(vec![node("n1")], Vec::new(), workload.clone(), mode));
        let placed: Vec<&str> =
            outcome.placements.iter().filter(|at| at.node.is_some()).map(|at| at.pod.as_str()).collect();
        assert_eq!(placed, ["streams/first"], "{mode:?}: two that come later do not go before it");
    }
}

#[test]
fn traffic_between_nodes_is_cut() {
    let sends = |name: &str, to: &str, node: &str| bound_to(node, pe("j", name, &[("connects-to", to)]));
    let running = vec![
        sends("a", "b=3Mi,c=1Mi,gone", "n1"),
        bound_to("n1", pe("j", "b", &[])),
        bound_to("n2", pe("j", "c", &[])),
    ];
    let workload = vec![asking(64_000, pe("j", "waits", &[("connects-to", "a=9Mi")]))];
    let outcome = simulate(input(vec![node("n1"), node("n2")], running, workload, SimulationMode::Full));
    let [job] = outcome.jobs.as_slice() else { panic!("{:?}", outcome.jobs) };
    assert_eq!((job.placed, job.of, job.cut_traffic), (3, 4, 0.25), "what leads to a PE that waits is not counted");
    let ends: Vec<(&str, &str)> = outcome
        .chart
        .edges
        .iter()
        .map(|edge| {
            let name = |at: usize| &*outcome.chart.pes[at].name;
            (name(edge.from), name(edge.to))
        })
        .collect();
    assert_eq!(ends, [("a", "b"), ("a", "c"), ("waits", "a")]);
}

#[test]
fn the_requests_of_pods_that_are_no_pes_count() {
    let running = vec![bound_to("n1", asking(3_900, pod("web")))];
    let workload = vec![asking(500, pod("other")), asking(500, pe("j", "a", &[]))];
    let outcome = simulate(input(vec![node("n1")], running, workload, SimulationMode::Full));
    assert_eq!(nodes_of(&outcome), BTreeMap::from([("streams/a".to_owned(), None)]));
}

#[test]
fn one_input_has_one_outcome() {
    let workload: Vec<Pod> = (0..6).map(|at| pe("j", &format!("pe{at}"), &[("exlocation", "x")])).collect();
    let nodes: Vec<Node> = (0..4).map(|at| node(&format!("n{at}"))).collect();
    for mode in [SimulationMode::Full, SimulationMode::Planned] {
        let once = simulate(input(nodes.clone(), Vec::new(), workload.clone(), mode));
        assert_eq!(once, simulate(input(nodes.clone(), Vec::new(), workload.clone(), mode)));
    }
}
