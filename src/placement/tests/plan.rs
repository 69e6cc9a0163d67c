//! Plans against all assignments that there are, judged by the second reading of the rules in `safety`.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::super::{Budget, Plan, plan};
use super::safety::{Assignment, Host, Place, World, world};
use crate::model::{Pe, Reason};
use crate::state::Cluster;
use crate::testing::{asking, bound_to, cluster, decide_pe, governed, node, pe, place, policies, tagged, with_cores};

/// Enough to search every small cluster through.
const AMPLE: Budget = Budget(1 << 20);

fn waiting(cluster: &Cluster, names: &[&str]) -> Vec<Arc<Pe>> {
    names.iter().map(|name| Arc::clone(cluster.pod(name).unwrap().1.unwrap())).collect()
}

fn planned(cluster: &Cluster, names: &[&str], budget: Budget) -> Plan {
    plan(cluster.snapshot(), &waiting(cluster, names), budget)
}

/// The nodes of PEs by name; `-` for those that have none.
fn nodes(cluster: &Cluster, plan: &Plan, names: &[&str]) -> Vec<String> {
    let node = |name: &&str| {
        let found = plan.placements.iter().find(|placement| placement.pe.pod.key.name.as_str() == *name);
        found.map_or_else(|| "-".to_owned(), |at| cluster.snapshot().node(at.node).unwrap().name.to_string())
    };
    names.iter().map(node).collect()
}

/// Every valid assignment of some of the pending PEs.
fn every_legal(world: &World, batch: &[usize]) -> Vec<Assignment> {
    let mut all = vec![world.places()];
    for element in batch {
        let mut longer = Vec::new();
        for places in &all {
            longer.push(places.clone());
            for host in 0..world.hosts.len() {
                let mut with = places.clone();
                with[*element] = Place::On(host);
                if world.broken(&with).is_none() {
                    longer.push(with);
                }
            }
        }
        all = longer;
    }
    // A bucket is placed as a whole.
    let whole = |places: &Assignment| {
        let waits = |element: &usize| places[*element] == Place::Waiting;
        batch.iter().filter(|element| !waits(element)).all(|element| !world.mates(*element, places).iter().any(waits))
    };
    all.retain(whole);
    all
}

fn count<N: TryInto<u32, Error: std::fmt::Debug>>(number: N) -> f64 {
    f64::from(number.try_into().unwrap())
}

/// The cost of an assignment, as documented at [`Plan::cost`].
fn cost(world: &World, places: &Assignment, batch: &[usize]) -> f64 {
    let host_of = |element: usize| match places[element] {
        Place::On(host) => Some(host),
        Place::Waiting | Place::Leaving(_) => None,
    };
    let active: BTreeSet<usize> = world.active(places).into_iter().collect();
    let mut crowding = 0.0;
    for (host, Host { cores, .. }) in world.hosts.iter().enumerate() {
        let here = |element: &&usize| host_of(**element) == Some(host);
        let of_batch = batch.iter().filter(here).count();
        let before = active.iter().filter(here).count() - of_batch;
        crowding += (1..=of_batch).map(|number| count(before + number) / count(*cores)).sum::<f64>();
    }
    let (mut cut, mut total) = (0.0, 0.0);
    for from in &active {
        for (to, rate) in &world.elements[*from].sends {
            let to = world.elements.iter().position(|element| element.name == *to);
            let Some(to) = to.filter(|to| active.contains(to) && world.same_job(*from, *to)) else { continue };
            if !batch.contains(from) && !batch.contains(&to) {
                continue;
            }
            total += count(*rate);
            if let (Some(one), Some(other)) = (host_of(*from), host_of(to)) {
                cut += if one == other { 0.0 } else { count(*rate) };
            }
        }
    }
    crowding / count(batch.len()) + if total > 0.0 { cut / total } else { 0.0 }
}

/// The batch of all pending PEs, by number and by name.
fn batch(world: &World) -> (Vec<usize>, Vec<&'static str>) {
    let places = world.places();
    let numbers: Vec<usize> =
        world.active(&places).into_iter().filter(|element| places[*element] == Place::Waiting).collect();
    let names = numbers.iter().map(|element| world.elements[*element].name).collect();
    (numbers, names)
}

/// Where the plan puts everything.
fn assignment(world: &World, cluster: &Cluster, plan: &Plan) -> Assignment {
    let mut places = world.places();
    for placement in &plan.placements {
        let name = cluster.snapshot().node(placement.node).unwrap().name.as_str();
        let host = world.hosts.iter().position(|host| host.name == name).unwrap();
        let element =
            world.elements.iter().position(|element| element.name == placement.pe.pod.key.name.as_str()).unwrap();
        places[element] = Place::On(host);
    }
    places
}

/// True where single decisions with look-ahead can reach an assignment.
fn is_reachable(world: &World, cluster: &Cluster, places: &Assignment, batch: &[usize]) -> bool {
    let mut snapshot = cluster.snapshot().clone();
    let wanted = batch.iter().filter_map(|element| match places[*element] {
        Place::On(host) => Some((world.elements[*element].name, snapshot.find(world.hosts[host].name).unwrap())),
        Place::Waiting | Place::Leaving(_) => None,
    });
    let mut missing: Vec<_> = wanted.collect();
    loop {
        let before = missing.len();
        missing.retain(|(name, node)| {
            let pe = &waiting(cluster, &[name])[0];
            let passes = decide_pe(pe, &snapshot).filter(*node).is_ok();
            if passes {
                snapshot.place(pe, *node);
            }
            !passes
        });
        if missing.is_empty() || missing.len() == before {
            return missing.is_empty();
        }
    }
}

/// The most PEs that can be placed, of these sets the one with the earliest, and the least that it costs.
fn optimum(world: &World, cluster: &Cluster, numbers: &[usize]) -> (Vec<bool>, f64) {
    let set = |places: &Assignment| -> Vec<bool> {
        numbers.iter().map(|element| places[*element] != Place::Waiting).collect()
    };
    let mut all: Vec<(Vec<bool>, f64, Assignment)> = every_legal(world, numbers)
        .into_iter()
        .map(|places| (set(&places), cost(world, &places, numbers), places))
        .collect();
    let placed = |set: &[bool]| set.iter().filter(|is| **is).count();
    all.sort_by(|(one, cost, _), (other, least, _)| {
        placed(other).cmp(&placed(one)).then_with(|| other.cmp(one)).then_with(|| cost.total_cmp(least))
    });
    let best = all.into_iter().find(|(_, _, places)| is_reachable(world, cluster, places, numbers)).unwrap();
    (best.0, best.1)
}

fn placed_set(world: &World, numbers: &[usize], plan: &Plan) -> Vec<bool> {
    let placed = |element: &usize| {
        plan.placements.iter().any(|placement| placement.pe.pod.key.name.as_str() == world.elements[*element].name)
    };
    numbers.iter().map(placed).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_is_valid_and_places_the_most_pes_at_the_lowest_cost(world in world()) {
        let cluster = world.cluster();
        let (numbers, names) = batch(&world);
        prop_assume!(numbers.len() > 1 && numbers.len() <= 5 && world.broken(&world.places()).is_none());
        let plan = planned(&cluster, &names, AMPLE);
        let places = assignment(&world, &cluster, &plan);
        prop_assert_eq!(world.broken(&places), None);
        prop_assert!((plan.cost - cost(&world, &places, &numbers)).abs() < 1e-9, "{} {}", plan.cost, cost(&world, &places, &numbers));
        let (set, least) = optimum(&world, &cluster, &numbers);
        prop_assert_eq!(placed_set(&world, &numbers, &plan), set, "{:?}", places);
        prop_assert!(plan.cost <= least + 1e-9, "{} instead of {least}: {places:?}", plan.cost);
        for unplaced in &plan.unplaced {
            prop_assert_eq!(unplaced.rejected.values().sum::<usize>(), world.hosts.len(), "{:?}", unplaced.rejected);
        }
    }

    #[test]
    fn a_larger_budget_never_gives_a_worse_plan(world in world(), steps in prop::collection::vec(0_usize..5_000, 2)) {
        let cluster = world.cluster();
        let (_, names) = batch(&world);
        let (less, more) = (steps[0].min(steps[1]), steps[0].max(steps[1]));
        let (small, large) = (planned(&cluster, &names, Budget(less)), planned(&cluster, &names, Budget(more)));
        prop_assert!(!large.compare(&small).is_gt(), "{less}: {small:?} {more}: {large:?}");
    }

    #[test]
    fn a_plan_of_one_pe_equals_filter_and_prioritize(world in world()) {
        let mut cluster = world.cluster();
        for name in batch(&world).1 {
            let plan = planned(&cluster, &[name], Budget::default());
            let node = nodes(&cluster, &plan, &[name]).remove(0);
            prop_assert_eq!(place(&mut cluster, name).unwrap_or_else(|| "-".to_owned()), node);
        }
    }
}

#[test]
fn t10_two_pes_are_placed_in_any_order() {
    let pods = || vec![pe("j", "x", &[("exlocation", "t")]), pe("j", "y", &[("exlocation", "t"), ("hosts", "n1")])];
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods());
    for names in [["x", "y"], ["y", "x"]] {
        let plan = planned(&cluster, &names, Budget(0));
        assert_eq!(nodes(&cluster, &plan, &["x", "y"]), ["n2", "n1"]);
    }
}

#[test]
fn pes_with_traffic_share_a_node_where_crowding_is_low() {
    let pods = vec![pe("j", "a", &[("connects-to", "b=9Mi")]), pe("j", "b", &[]), pe("j", "c", &[])];
    let cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods);
    let names = ["a", "b", "c"];
    let found = nodes(&cluster, &planned(&cluster, &names, Budget::default()), &names);
    assert_eq!(found[0], found[1]);
    assert_ne!(found[0], found[2]);
}

#[test]
fn an_unplaced_pe_does_not_prevent_a_cheaper_plan_for_others() {
    let talks: Vec<String> = (0..12).map(|at| format!("p{at}")).collect();
    let peer = |at: usize| format!("p{}=9Mi", at ^ 1);
    let mut pods: Vec<_> =
        talks.iter().enumerate().map(|(at, name)| pe("j", name, &[("connects-to", &peer(at))])).collect();
    pods.push(asking(90_000, pe("j", "huge", &[])));
    let nodes_of_four = ["n1", "n2", "n3", "n4", "n5", "n6"].map(node);
    let cluster = cluster(nodes_of_four.to_vec(), vec![], pods);
    let names: Vec<&str> = talks.iter().map(String::as_str).chain(["huge"]).collect();
    let found = nodes(&cluster, &planned(&cluster, &names, Budget::default()), &names);
    assert_eq!(found.last().unwrap(), "-");
    for pair in found[..12].chunks(2) {
        assert_eq!(pair[0], pair[1], "{found:?}");
    }
}

#[test]
fn t9_t25_a_gang_that_does_not_fit_is_not_placed_and_has_a_conflict() {
    let names = ["a", "b", "c", "d", "e"];
    let gang = [("gang", "true"), ("exlocation", "x"), ("host-tags", "fast")];
    let mut pods: Vec<_> = names[..4].iter().map(|name| pe("j", name, &gang)).collect();
    pods.push(pe("j", "e", &[("gang", "true")]));
    let nodes_with =
        |count: usize| (0..count).map(|at| tagged(&["fast"], node(&format!("n{at}")))).chain([node("slow")]);
    let three = cluster(nodes_with(3).collect(), vec![], pods.clone());
    let plan = planned(&three, &names, Budget::default());
    assert!(plan.placements.is_empty());
    assert!(plan.unplaced.iter().all(|unplaced| unplaced.rejected.keys().eq([&Reason::GangInfeasible])));
    let conflict = plan.unplaced[0].conflict.clone().unwrap();
    assert_eq!(conflict.pes, ["a", "b", "c", "d"]);
    assert_eq!(
        conflict.rules.keys().copied().collect::<Vec<_>>(),
        [Reason::PoolTagMissing, Reason::ExlocationConflict]
    );

    let four = cluster(nodes_with(4).collect(), vec![], pods);
    assert_eq!(planned(&four, &names, Budget::default()).placements.len(), 5);
}

#[test]
fn a_gang_is_not_planned_before_its_count_exists() {
    let gang = [("gang", "3")];
    let two = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &gang), pe("j", "b", &gang)]);
    let plan = planned(&two, &["a", "b"], Budget::default());
    assert!(plan.unplaced.iter().all(|unplaced| unplaced.rejected.keys().eq([&Reason::GangIncomplete])));
    assert_eq!(plan.unplaced.len(), 2);
}

#[test]
fn members_that_are_created_after_their_gang_was_placed_are_planned_alone() {
    let gang = [("gang", "true"), ("hosts", "n1")];
    let pods = vec![bound_to("n1", pe("j", "a", &gang)), asking(9_000, pe("j", "large", &gang)), pe("j", "b", &gang)];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    let plan = planned(&cluster, &["large", "b"], Budget::default());
    assert_eq!(nodes(&cluster, &plan, &["large", "b"]), ["-", "n1"]);
}

#[test]
fn pack_uses_the_fewest_empty_nodes() {
    let names: Vec<String> = (0..6).map(|at| format!("p{at}")).collect();
    let pods = names.iter().map(|name| asking(1_000, pe("j", name, &[]))).collect();
    let nodes_of_two = ["n1", "n2", "n3", "n4"].map(|name| with_cores(2, node(name)));
    let cluster = governed(policies("scheme: pack"), nodes_of_two.to_vec(), vec![], pods);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = nodes(&cluster, &planned(&cluster, &names, Budget::default()), &names);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 3);
}

/// Prints how far plans of the default budget are from the optimum: `cargo test --lib plan -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "a measurement is read")]
fn how_far_plans_are_from_the_optimum() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = world();
    let (mut gaps, mut missed) = (Vec::new(), 0);
    while gaps.len() < 300 {
        let world = strategy.new_tree(&mut runner).unwrap().current();
        let (numbers, names) = batch(&world);
        if numbers.len() < 2 || world.broken(&world.places()).is_some() {
            continue;
        }
        let cluster = world.cluster();
        let plan = planned(&cluster, &names, Budget::default());
        let (set, least) = optimum(&world, &cluster, &numbers);
        missed += usize::from(placed_set(&world, &numbers, &plan) != set);
        gaps.push(if least > 0.0 { plan.cost / least - 1.0 } else { 0.0 });
    }
    let mean = gaps.iter().sum::<f64>() / count(gaps.len());
    let worst = gaps.iter().copied().fold(0.0, f64::max);
    println!(
        "{} plans: mean {:.3} %, worst {:.3} % above the optimum; {missed} place others",
        gaps.len(),
        mean * 100.0,
        worst * 100.0
    );
}
