//! Placement by demand: away from nodes that are going to peak, never above the ceiling, and not all onto one node.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use crate::model::{
    DemandForecasts, DemandShare, JobDemand, OfResources, Pe, Pod, PodUid, Probability, Reason, Rejection,
};
use crate::placement::{
    Budget, Foresight, GangState, NodesReleased, PlacementDecision, gang_at_bind, newly_placeable, plan, plan_gang,
};
use crate::risk::AddedDemand;
use crate::state::{Cluster, Event, Snapshot};
use crate::testing::{
    asking, bound_to, choice, decide, filter_node, forecasts, governed, job_demand, node, others_demand, pe, place,
    policies,
};

const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// A cluster of nodes of four cores, whose own use is a tenth of a core.
fn world(placement: &str, pods: Vec<Pod>, jobs: &[(&str, JobDemand)]) -> Cluster {
    let mut cluster = governed(policies(placement), NODES.map(node).into(), vec![], pods);
    cluster.apply(Event::Demand(known(jobs)));
    cluster
}

fn known(jobs: &[(&str, JobDemand)]) -> Arc<DemandForecasts> {
    let quiet = NODES.map(|name| (name, others_demand(100.0)));
    forecasts(jobs, &quiet)
}

fn pe_of(cluster: &Cluster, name: &str) -> Arc<Pe> {
    Arc::clone(cluster.pod(name).unwrap().1.unwrap())
}

#[test]
fn a_pe_goes_to_the_node_that_is_not_going_to_peak() {
    // n1 and n3 have one PE each that is going to use all of the node; n2 has two that stay small.
    let pods = vec![
        bound_to("n1", pe("peaks", "a", &[])),
        bound_to("n2", pe("quiet", "b", &[])),
        bound_to("n2", pe("quiet", "c", &[])),
        bound_to("n3", pe("peaks", "d", &[])),
        pe("quiet", "new", &[]),
    ];
    let jobs = [("peaks", job_demand(&[400.0, 400.0, 7_600.0], 0.1, 0.5)), ("quiet", job_demand(&[400.0], 0.1, 0.25))];
    let cluster = world("", pods.clone(), &jobs);
    assert_eq!(choice(&cluster, "new"), ["n2", "n1", "n3"]);
    let unknown = governed(policies(""), NODES.map(node).into(), vec![], pods);
    assert_eq!(choice(&unknown, "new"), ["n1", "n3", "n2"], "without demand the emptier nodes are better");
}

/// Between two measurements nothing tells what was just placed. It counts with its forecast.
#[test]
fn placements_in_a_row_do_not_herd_onto_the_node_that_looked_best() {
    let jobs = [("j", job_demand(&[9_000.0], 0.3, 1.0 / 6.0))];
    let others = [("n1", others_demand(100.0)), ("n2", others_demand(900.0)), ("n3", others_demand(1_000.0))];
    // Nothing is requested, so that only the risk tells nodes apart. By the measurements n1 looks best to each of the six.
    let waiting = (0..6).map(|number| asking(0, pe("j", &format!("p{number}"), &[]))).collect();
    let mut cluster = governed(policies("scheme: legacy, riskWeight: 10"), NODES.map(node).into(), vec![], waiting);
    cluster.apply(Event::Demand(forecasts(&jobs, &others)));
    let mut placed: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..6 {
        let node = place(&mut cluster, &format!("p{number}")).unwrap();
        *placed.entry(node).or_default() += 1;
    }
    assert_eq!(placed, NODES.map(|name| (name.to_owned(), 2)).into());
}

#[test]
fn a_node_above_the_ceiling_is_rejected_with_the_numbers() {
    let jobs = [("j", job_demand(&[1_000.0, 7_000.0], 0.1, 0.5))];
    let pods = vec![bound_to("n1", pe("j", "a", &[])), pe("j", "new", &[])];
    let cluster = world("riskCeiling: 0.2", pods.clone(), &jobs);
    let rejection = filter_node(&cluster, "new", "n1").unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "OversubscriptionRisk: >0.99: job streams/j peaks at 00:10 UTC, together 7.1 of 4.0 cores; the ceiling is 0.20"
    );
    assert_eq!(filter_node(&cluster, "new", "n2"), Ok(()));
    let without = world("", pods.clone(), &jobs);
    assert_eq!(filter_node(&without, "new", "n1"), Ok(()), "a policy without a ceiling allows any risk");
    let unknown = governed(policies("riskCeiling: 0.2"), NODES.map(node).into(), vec![], pods);
    assert_eq!(filter_node(&unknown, "new", "n1"), Ok(()), "where no demand is known the ceiling rejects nothing");
}

/// Law 4: a source that misses a job must not make its PEs count as idle.
#[test]
fn a_pe_without_history_is_not_idle() {
    let pods = vec![bound_to("n1", asking(3_000, pe("unseen", "a", &[]))), asking(900, pe("j", "new", &[]))];
    let cluster = world("riskCeiling: 0.2", pods, &[("j", job_demand(&[400.0], 0.1, 1.0))]);
    let Err(Rejection::OversubscriptionRisk { risk, .. }) = filter_node(&cluster, "new", "n1") else {
        panic!("3 of 4 cores are requested there, and nothing is known")
    };
    assert_eq!((risk.without_history, risk.others_unknown), (1, false));
    assert!(risk.stated > Probability::new(0.2).unwrap() && risk.stated < Probability::new(0.9).unwrap(), "{risk}");
}

#[test]
fn a_bucket_counts_as_a_whole() {
    let together = [("colocation", "t")];
    let waiting = vec![pe("j", "a", &together), pe("j", "b", &together), pe("j", "c", &together), pe("j", "d", &[])];
    let cluster = world("riskCeiling: 0.2", waiting, &[("j", job_demand(&[6_000.0], 0.1, 0.25))]);
    assert_eq!(filter_node(&cluster, "d", "n1"), Ok(()), "1.5 cores alone fit");
    let rejection = filter_node(&cluster, "a", "n1").unwrap_err();
    assert_eq!(rejection.reason(), Reason::OversubscriptionRisk, "{rejection}");
    assert!(rejection.to_string().contains("together 4.6 of 4.0 cores"), "{rejection}");
}

#[test]
fn a_gang_is_planned_within_the_ceiling_or_not_at_all() {
    let gang = |count: usize| {
        let waiting = (0..count).map(|number| pe("j", &format!("p{number}"), &[("gang", "true")])).collect();
        world("riskCeiling: 0.2", waiting, &[("j", job_demand(&[18_000.0], 0.05, 0.1))])
    };
    // 1.8 cores each: two fit on a node, and three do not.
    let fits = gang(6);
    let pe = pe_of(&fits, "p0");
    let GangState::Planned { plan: gang_plan, .. } = plan_gang(&pe, fits.snapshot()) else { panic!("it fits") };
    let mut on_node: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..6 {
        let state = GangState::planned(&pe_of(&fits, &format!("p{number}")), Arc::clone(&gang_plan)).unwrap();
        let GangState::Planned { node, .. } = state else { panic!("planned") };
        *on_node.entry(fits.snapshot().node(node).unwrap().name.to_string()).or_default() += 1;
    }
    assert_eq!(on_node, NODES.map(|name| (name.to_owned(), 2)).into());
    let too_many = gang(7);
    assert!(matches!(plan_gang(&pe_of(&too_many, "p0"), too_many.snapshot()), GangState::Infeasible(_)));
}

/// The ceiling is a hard rule: bind verifies the rest of the plan again, by the forecasts of that time.
#[test]
fn a_plan_that_a_new_forecast_has_overtaken_is_not_bound() {
    let waiting = (0..2).map(|number| pe("j", &format!("p{number}"), &[("gang", "true")])).collect();
    let mut cluster = world("riskCeiling: 0.2", waiting, &[("j", job_demand(&[3_000.0], 0.1, 0.5))]);
    let pe = pe_of(&cluster, "p0");
    let state = plan_gang(&pe, cluster.snapshot());
    let (GangState::Planned { node, .. }, Some(gang_plan)) = (&state, state.plan()) else { panic!("it fits") };
    let at_bind = |snapshot: &Snapshot| {
        let gang = gang_at_bind(&pe, *node, Some(gang_plan), snapshot);
        PlacementDecision::new(&pe, snapshot, Foresight::Gang(gang)).filter(*node)
    };
    assert_eq!(at_bind(cluster.snapshot()), Ok(()));
    cluster.apply(Event::Demand(known(&[("j", job_demand(&[12_000.0], 0.1, 0.5))])));
    assert_eq!(at_bind(cluster.snapshot()).unwrap_err().reason(), Reason::OversubscriptionRisk);
}

#[test]
fn a_batch_is_planned_by_the_same_risk_as_its_pes_one_by_one() {
    let pods = vec![
        bound_to("n1", pe("peaks", "a", &[])),
        bound_to("n2", pe("small", "e", &[])),
        bound_to("n2", pe("small", "f", &[])),
        bound_to("n3", pe("small", "g", &[])),
        bound_to("n3", pe("small", "h", &[])),
        pe("small", "b", &[]),
        pe("small", "c", &[]),
        pe("small", "d", &[]),
    ];
    // By PEs alone n1 is the best node for each of the three.
    let jobs = [("peaks", job_demand(&[3_900.0], 0.1, 1.0)), ("small", job_demand(&[1_400.0], 0.1, 1.0 / 7.0))];
    let cluster = world("", pods, &jobs);
    let batch: Vec<Arc<Pe>> = ["b", "c", "d"].map(|name| pe_of(&cluster, name)).into();
    let planned = plan(cluster.snapshot(), &batch, Budget::default());
    let nodes = planned.placements.iter().map(|placed| cluster.snapshot().node(placed.node).unwrap().name.to_string());
    let nodes: Vec<String> = nodes.collect();
    assert!(!nodes.contains(&"n1".to_owned()), "{nodes:?}");
    assert_eq!(nodes.len(), 3);
}

#[test]
fn a_forecast_below_the_ceiling_requeues_what_was_rejected() {
    let pods = vec![pe("j", "new", &[]), asking(9_000, pe("k", "large", &[]))];
    let mut cluster = world("riskCeiling: 0.2", pods, &[("j", job_demand(&[9_000.0], 0.1, 0.5))]);
    assert_eq!(filter_node(&cluster, "new", "n1").unwrap_err().reason(), Reason::OversubscriptionRisk);
    let mut released = NodesReleased::default();
    released.observe(cluster.snapshot());
    let decided = cluster.snapshot().version();
    let requeued = |cluster: &Cluster| -> Vec<String> {
        let decided_in = |_: &PodUid| Some(decided);
        newly_placeable(cluster.snapshot(), decided_in).iter().map(|pe| pe.name.to_string()).collect()
    };
    cluster.apply(Event::Demand(known(&[("j", job_demand(&[9_500.0], 0.1, 0.5))])));
    assert!(released.observe(cluster.snapshot()));
    assert_eq!(requeued(&cluster), [""; 0], "still above");
    cluster.apply(Event::Demand(known(&[("j", job_demand(&[2_000.0], 0.1, 0.5))])));
    assert!(released.observe(cluster.snapshot()));
    assert_eq!(requeued(&cluster), ["new"]);
}

/// Where PEs of one job must be apart, the look-ahead counts nodes above the ceiling as nodes that do not pass.
#[test]
fn the_look_ahead_leaves_nodes_below_the_ceiling_to_those_who_need_them() {
    let apart = [("exlocation", "t")];
    let pods = vec![
        pe("j", "large", &apart),
        pe("j", "small", &apart),
        bound_to("n1", pe("k", "x", &[])),
        bound_to("n2", pe("k", "y", &[])),
    ];
    let mut demand = job_demand(&[4_000.0], 0.05, 0.1);
    let large = DemandShare { of_job: 0.7, own_deviation: 0.0, peak: 0.0 };
    demand.shares.insert("large".into(), OfResources { cpu: Some(large), memory: None });
    let cluster = world("riskCeiling: 0.2", pods, &[("j", demand), ("k", job_demand(&[4_000.0], 0.05, 0.5))]);
    assert_eq!(filter_node(&cluster, "large", "n3"), Ok(()));
    assert_eq!(filter_node(&cluster, "large", "n1").unwrap_err().reason(), Reason::OversubscriptionRisk);
    assert_eq!(filter_node(&cluster, "small", "n3").unwrap_err().reason(), Reason::ExlocationInfeasible);
    assert_eq!(filter_node(&cluster, "small", "n1"), Ok(()));
}

fn demands() -> impl Strategy<Value = Vec<(Vec<f32>, f32)>> {
    prop::collection::vec((prop::collection::vec(0.0..9_000.0_f32, 1..6), 0.0..0.6_f32), 3)
}

proptest! {
    /// What filter passes is what bind would verify, and the ranking is that of the risk with the PE on the node.
    #[test]
    fn decisions_agree_with_the_risk_of_the_node_with_the_pe(
        demands in demands(), placed in prop::collection::vec((0..3_usize, 0..3_usize), 0..8), ceiling in 0.0..1.0_f64,
    ) {
        let jobs: Vec<(String, JobDemand)> = demands.iter().enumerate()
            .map(|(number, (cpu, deviation))| (format!("j{number}"), job_demand(cpu, *deviation, 0.25))).collect();
        let jobs: Vec<_> = jobs.iter().map(|(name, demand)| (name.as_str(), demand.clone())).collect();
        let bound = placed.iter().enumerate()
            .map(|(number, (job, at))| bound_to(NODES[*at], pe(&format!("j{job}"), &format!("p{number}"), &[])));
        let pods = bound.chain([pe("j0", "new", &[])]).collect();
        let cluster = world(&format!("riskCeiling: {ceiling}"), pods, &jobs);
        let (decision, pe) = (decide(&cluster, "new"), pe_of(&cluster, "new"));
        for name in NODES {
            let index = cluster.snapshot().find(name).unwrap();
            let ranked = decision.rank(&[index]).remove(0);
            let mut with = cluster.snapshot().clone();
            with.place(&pe, index);
            let nothing = AddedDemand::nothing();
            let recomputed = with.risk_with(&nothing, index).unwrap();
            prop_assert!((ranked.terms.risk - recomputed).abs() < 2e-5, "{} {}", ranked.terms.risk, recomputed);
            let limit = Probability::new(ceiling).unwrap().number();
            prop_assert_eq!(decision.filter(index).is_err(), ranked.terms.risk > limit);
            let told = decision.risk(index).unwrap();
            prop_assert!((told.corrected.number() - ranked.terms.risk).abs() < 1e-5, "{} {}", told, ranked.terms.risk);
        }
    }

    /// A single PE gets the node that filter and prioritize would choose, also where orders of nodes leave the risk out.
    #[test]
    fn a_plan_of_one_pe_takes_the_node_that_ranks_first(
        demands in demands(), placed in prop::collection::vec((0..3_usize, 0..3_usize), 0..8),
    ) {
        let jobs: Vec<(String, JobDemand)> = demands.iter().enumerate()
            .map(|(number, (cpu, deviation))| (format!("j{number}"), job_demand(cpu, *deviation, 0.25))).collect();
        let jobs: Vec<_> = jobs.iter().map(|(name, demand)| (name.as_str(), demand.clone())).collect();
        let bound = placed.iter().enumerate()
            .map(|(number, (job, at))| bound_to(NODES[*at], pe(&format!("j{job}"), &format!("p{number}"), &[])));
        let cluster = world("", bound.chain([pe("j0", "new", &[])]).collect(), &jobs);
        let planned = plan(cluster.snapshot(), &[pe_of(&cluster, "new")], Budget::default());
        let node: Vec<String> =
            planned.placements.iter().map(|placed| cluster.snapshot().node(placed.node).unwrap().name.to_string()).collect();
        prop_assert_eq!(node, [choice(&cluster, "new").remove(0)]);
    }
}
