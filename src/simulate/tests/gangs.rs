//! Gangs and buckets under random orders of arrival: the extender's verbs against `simulate`, and no group in part.
//!
//! `PROPTEST_CASES=2560 cargo test --lib simulate::tests::gangs` runs ten thousand cases of each property.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::super::{Input, SimulationMode, simulate};
use super::live::Live;
use crate::model::{Declarations, Node, NodeName, Pod, PodUid};
use crate::placement::{Foresight, GangState, PlacementDecision, plan_gang};
use crate::testing::{asking, node, pe, policies, with_cores};

/// How the PEs of a job belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `gang: "true"`.
    GangOfAll,
    /// A gang with a count.
    GangOfCount,
    /// A gang whose PEs share no node.
    ExlocatedGang,
    /// A gang that is a bucket too.
    BucketGang,
    /// A bucket without a gang.
    Bucket,
    /// PEs that do not belong together.
    Single,
}

#[derive(Clone, Debug)]
struct Group {
    kind: Kind,
    /// The requests of its PEs, in half cores.
    sizes: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Scenario {
    /// The cores of each node.
    cores: Vec<u64>,
    groups: Vec<Group>,
    /// Sorts the PEs into their order of arrival.
    order: Vec<u32>,
    /// What kube-scheduler does next, where it may do several things.
    choices: Vec<u8>,
}

fn group() -> impl Strategy<Value = Group> {
    let kind = prop_oneof![
        3 => Just(Kind::GangOfAll),
        3 => Just(Kind::GangOfCount),
        2 => Just(Kind::ExlocatedGang),
        1 => Just(Kind::BucketGang),
        2 => Just(Kind::Bucket),
        1 => Just(Kind::Single),
    ];
    (kind, prop::collection::vec(1_u64..4, 1..5)).prop_map(|(kind, sizes)| Group { kind, sizes })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let cores = prop::collection::vec(1_u64..4, 1..5);
    let groups = prop::collection::vec(group(), 1..5);
    (cores, groups, prop::collection::vec(any::<u32>(), 20), prop::collection::vec(any::<u8>(), 0..160))
        .prop_map(|(cores, groups, order, choices)| Scenario { cores, groups, order, choices })
}

impl Scenario {
    fn nodes(&self) -> Vec<Node> {
        self.cores.iter().enumerate().map(|(at, cores)| with_cores(*cores, node(&format!("n{at}")))).collect()
    }

    /// The pods in the order of their arrival, a second apart, each with the number of its group.
    fn pods(&self) -> Vec<(usize, Pod)> {
        let mut pods: Vec<(usize, Pod)> = Vec::new();
        for (number, Group { kind, sizes }) in self.groups.iter().enumerate() {
            let count = sizes.len().to_string();
            let spec: Vec<(&str, &str)> = match kind {
                Kind::GangOfAll => vec![("gang", "true")],
                Kind::GangOfCount => vec![("gang", &count)],
                Kind::ExlocatedGang => vec![("gang", &count), ("exlocation", "x")],
                Kind::BucketGang => vec![("gang", &count), ("colocation", "x")],
                Kind::Bucket => vec![("colocation", "x")],
                Kind::Single => vec![],
            };
            let job = format!("j{number}");
            pods.extend(
                sizes
                    .iter()
                    .enumerate()
                    .map(|(at, size)| (number, asking(size * 500, pe(&job, &format!("{job}-{at}"), &spec)))),
            );
        }
        let mut order: Vec<usize> = (0..pods.len()).collect();
        order.sort_by_key(|at| (self.order.get(*at).copied(), *at));
        let arrived = |(second, at): (i64, usize)| {
            let (number, pod) = &pods[at];
            let created = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
            (*number, Pod { created, ..pod.clone() })
        };
        (0..).zip(order).map(arrived).collect()
    }
}

/// The nodes by `simulate`.
fn simulated(scenario: &Scenario) -> BTreeMap<String, Option<NodeName>> {
    let outcome = simulate(Input {
        policies: policies(""),
        nodes: scenario.nodes(),
        pools: vec![],
        declared: Declarations::default(),
        cluster: vec![],
        workload: scenario.pods().into_iter().map(|(_, pod)| pod).collect(),
        loads: BTreeMap::new(),
        now: Timestamp::UNIX_EPOCH,
        mode: SimulationMode::Full,
    });
    outcome.placements.into_iter().map(|placement| (placement.pod, placement.node)).collect()
}

/// The nodes by the extender, of all pods.
fn placed(live: &Live, pods: &[(usize, Pod)]) -> BTreeMap<String, Option<NodeName>> {
    pods.iter().map(|(_, pod)| (pod.key.to_string(), live.bound.get(&pod.key.uid).cloned())).collect()
}

/// Tries every pod that waits, one after another, until nothing changes.
fn finish(live: &mut Live, pods: &[(usize, Pod)]) {
    while !live.in_flight.is_empty() {
        live.bind(0, true);
    }
    loop {
        let before = live.bound.len();
        // The reservations of cycles that are over end.
        live.wait(6);
        for (_, pod) in pods {
            live.show(&pod.key.uid);
            if live.is_pending(&pod.key.uid) {
                live.cycle(&pod.key.uid);
            }
            while !live.in_flight.is_empty() {
                live.bind(0, true);
            }
        }
        if live.bound.len() == before {
            return;
        }
    }
}

/// Every group is placed as a whole or not at all, and no group waits that could be placed.
fn check(live: &Live, scenario: &Scenario, pods: &[(usize, Pod)]) -> Result<(), TestCaseError> {
    for (number, Group { kind, .. }) in scenario.groups.iter().enumerate() {
        let members: Vec<&Pod> = pods.iter().filter(|(of, _)| *of == number).map(|(_, pod)| pod).collect();
        let nodes: Vec<&NodeName> = members.iter().filter_map(|pod| live.bound.get(&pod.key.uid)).collect();
        let apart: BTreeSet<&NodeName> = nodes.iter().copied().collect();
        if *kind != Kind::Single {
            prop_assert!(
                nodes.is_empty() || nodes.len() == members.len(),
                "{kind:?} {number}: {} of {} members are bound",
                nodes.len(),
                members.len()
            );
        }
        match kind {
            Kind::ExlocatedGang => prop_assert_eq!(apart.len(), nodes.len()),
            Kind::Bucket | Kind::BucketGang => prop_assert!(apart.len() <= 1),
            Kind::GangOfAll | Kind::GangOfCount | Kind::Single => {}
        }
        for pod in members.iter().filter(|pod| !live.bound.contains_key(&pod.key.uid)) {
            let snapshot = live.cluster.snapshot();
            let pe = live.cluster.pod(pod.key.uid.as_str()).unwrap().1.unwrap();
            let gang = plan_gang(pe, snapshot);
            prop_assert!(!matches!(gang, GangState::Planned { .. }), "{}: the gang has a plan and waits", pod.key);
            let decision = PlacementDecision::new(pe, snapshot, Foresight::Gang(gang));
            let passes = snapshot.indexes().any(|index| decision.filter(index).is_ok());
            prop_assert!(!passes, "{}: a node passes and the PE waits", pod.key);
        }
        prop_assert_eq!(live.cluster.reserved_len(), 0, "no node is held for nothing");
    }
    Ok(())
}

proptest! {
    // four times PROPTEST_CASES, whose default is 256
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    /// All pods exist, kube-scheduler takes them in the order of their creation, and binds while it goes on.
    #[test]
    fn the_extender_does_what_simulate_says(scenario in scenario()) {
        let pods = scenario.pods();
        let mut live = Live::new(policies(""), scenario.nodes(), Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1));
        for (_, pod) in &pods {
            live.create(pod.clone(), BTreeSet::new());
            live.show(&pod.key.uid);
        }
        live.settle();
        let mut choices = scenario.choices.iter().copied().cycle();
        for (_, pod) in &pods {
            live.cycle(&pod.key.uid);
            while !live.in_flight.is_empty() && choices.next().is_none_or(|choice| choice % 2 == 0) {
                let number = usize::from(choices.next().unwrap_or_default()) % live.in_flight.len();
                live.bind(number, true);
            }
        }
        finish(&mut live, &pods);
        prop_assert_eq!(placed(&live, &pods), simulated(&scenario));
        check(&live, &scenario, &pods)?;
    }

    /// Pods arrive while others are scheduled, the watch is behind, and Bindings fail. Time passes once all pods exist, since
    /// a gang of all is complete when no member has been created for a while.
    #[test]
    fn no_group_is_placed_in_part(scenario in scenario()) {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1);
        let pods: Vec<(usize, Pod)> =
            scenario.pods().into_iter().map(|(number, pod)| (number, Pod { created: now, ..pod })).collect();
        let mut live = Live::new(policies(""), scenario.nodes(), now);
        live.wait(0);
        let mut arrivals = pods.iter();
        let mut created: Vec<PodUid> = Vec::new();
        let arrive = |live: &mut Live, created: &mut Vec<PodUid>, (group, pod): &(usize, Pod)| {
            let kind = scenario.groups[*group].kind;
            // A bucket has no count: its PEs are there from the start.
            let together = pods.iter().filter(|(of, other)| match kind {
                Kind::Bucket => of == group,
                Kind::GangOfAll | Kind::GangOfCount | Kind::ExlocatedGang | Kind::BucketGang | Kind::Single => {
                    other.key == pod.key
                }
            });
            for (_, pod) in together {
                if !created.contains(&pod.key.uid) {
                    live.create(pod.clone(), BTreeSet::new());
                    created.push(pod.key.uid.clone());
                }
                if matches!(kind, Kind::Bucket | Kind::GangOfAll) {
                    live.show(&pod.key.uid);
                }
            }
        };
        for choice in &scenario.choices {
            let number = usize::from(choice / 5);
            let pod = created.get(number % created.len().max(1)).cloned();
            match (choice % 5, pod) {
                (0, _) => match arrivals.next() {
                    Some(arrival) => arrive(&mut live, &mut created, arrival),
                    None => live.wait(2),
                },
                (1, Some(pod)) => live.show(&pod),
                (2 | 3, Some(pod)) if live.is_pending(&pod) => live.cycle(&pod),
                (4, _) if !live.in_flight.is_empty() => live.bind(number % live.in_flight.len(), choice % 4 != 0),
                _ => {}
            }
        }
        for arrival in arrivals {
            arrive(&mut live, &mut created, arrival);
        }
        for uid in &created {
            live.show(uid);
        }
        live.settle();
        finish(&mut live, &pods);
        check(&live, &scenario, &pods)?;
    }
}
