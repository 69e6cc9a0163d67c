//! Gangs and buckets under random orders of arrival: the extender's verbs against `simulate`, and no group in part.
//!
//! `PROPTEST_CASES=2560 cargo test --lib simulate::tests::gangs` runs ten thousand cases of each property.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::super::{Input, SimulationMode, simulate};
use super::live::{Live, Offered};
use crate::model::{Declarations, Node, NodeName, PersistentVolume, PersistentVolumeClaim, Pod, PodUid};
use crate::placement::{Foresight, GangState, PlacementDecision, plan_gang};
use crate::state::Event;
use crate::testing::{asking, bound_claim, claiming, host, local_volume, pe, policies, with_cores};

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

/// Where the volumes of a pod can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Volumes {
    /// The pod has no volume.
    None,
    /// The volume is bound, and can be used on the nodes of these bits.
    Bound(u8),
    /// Outrigger does not know the volume. kube-scheduler offers the nodes of these bits.
    Unknown(u8),
}

#[derive(Clone, Debug)]
struct Scenario {
    /// The cores of each node.
    cores: Vec<u64>,
    groups: Vec<Group>,
    /// The volumes of each PE.
    volumes: Vec<Volumes>,
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

fn volumes() -> impl Strategy<Value = Volumes> {
    prop_oneof![
        6 => Just(Volumes::None),
        2 => (0_u8..16).prop_map(Volumes::Bound),
        1 => (1_u8..16).prop_map(Volumes::Unknown),
    ]
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let cores = prop::collection::vec(1_u64..4, 1..5);
    let groups = prop::collection::vec(group(), 1..5);
    let volumes = prop::collection::vec(volumes(), 20);
    (cores, groups, volumes, prop::collection::vec(any::<u32>(), 20), prop::collection::vec(any::<u8>(), 0..160))
        .prop_map(|(cores, groups, volumes, order, choices)| Scenario { cores, groups, volumes, order, choices })
}

impl Scenario {
    fn nodes(&self) -> Vec<Node> {
        self.cores.iter().enumerate().map(|(at, cores)| with_cores(*cores, host(&format!("n{at}")))).collect()
    }

    /// The names of the nodes of these bits.
    fn nodes_of(&self, bits: u8) -> Vec<String> {
        (0..self.cores.len()).filter(|at| bits >> at & 1 == 1).map(|at| format!("n{at}")).collect()
    }

    /// The volumes of a pod. The number of the pod is at the end of its UID.
    fn volumes_of(&self, pod: &Pod) -> Volumes {
        self.volumes[number_of(pod)]
    }

    /// The nodes that kube-scheduler offers a pod by its volumes.
    fn offered_to(&self, pod: &Pod) -> Offered {
        match self.volumes_of(pod) {
            Volumes::None => Offered::All,
            Volumes::Bound(bits) | Volumes::Unknown(bits) => {
                Offered::Only(self.nodes_of(bits).iter().map(NodeName::from).collect())
            }
        }
    }

    /// The bound volumes, each with its claim of the same name.
    fn bound_volumes(&self) -> (Vec<PersistentVolume>, Vec<PersistentVolumeClaim>) {
        let bound = self.volumes.iter().enumerate().filter_map(|(number, volumes)| match volumes {
            Volumes::Bound(bits) => {
                let (name, nodes) = (number.to_string(), self.nodes_of(*bits));
                let nodes: Vec<&str> = nodes.iter().map(String::as_str).collect();
                Some((local_volume(&name, &nodes), bound_claim(&name, &name)))
            }
            Volumes::None | Volumes::Unknown(_) => None,
        });
        bound.unzip()
    }

    /// Without volumes that Outrigger does not know.
    fn known(self) -> Self {
        self.without_unknown(|_, _| true)
    }

    /// Without volumes that Outrigger cannot learn of by a question of kube-scheduler before the group begins: those of
    /// buckets, and of the PE that completes a gang.
    fn asked_before_complete(self) -> Self {
        let mut last: BTreeMap<usize, PodUid> = BTreeMap::new();
        last.extend(self.pods().into_iter().map(|(group, pod)| (group, pod.key.uid)));
        let kinds: Vec<Kind> = self.groups.iter().map(|group| group.kind).collect();
        self.without_unknown(|group, pod| match kinds[group] {
            Kind::Bucket => true,
            Kind::GangOfCount | Kind::ExlocatedGang | Kind::BucketGang => last[&group] == pod.key.uid,
            Kind::GangOfAll | Kind::Single => false,
        })
    }

    fn without_unknown(mut self, is_meant: impl Fn(usize, &Pod) -> bool) -> Self {
        for (group, pod) in self.pods() {
            if matches!(self.volumes_of(&pod), Volumes::Unknown(_)) && is_meant(group, &pod) {
                self.volumes[number_of(&pod)] = Volumes::None;
            }
        }
        self
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
            for size in sizes {
                let at = pods.len();
                let pod = asking(size * 500, pe(&job, &format!("{job}-{at}"), &spec));
                let has_volume = self.volumes[at] != Volumes::None;
                pods.push((number, if has_volume { claiming(&at.to_string(), pod) } else { pod }));
            }
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

fn number_of(pod: &Pod) -> usize {
    pod.key.uid.as_str().rsplit('-').next().unwrap().parse().unwrap()
}

/// The nodes by `simulate`.
fn simulated(scenario: &Scenario) -> BTreeMap<String, Option<NodeName>> {
    let (volumes, claims) = scenario.bound_volumes();
    let outcome = simulate(Input {
        policies: policies(""),
        nodes: scenario.nodes(),
        pools: vec![],
        declared: Declarations::default(),
        volumes,
        claims,
        cluster: vec![],
        workload: scenario.pods().into_iter().map(|(_, pod)| pod).collect(),
        loads: BTreeMap::new(),
        demand: Arc::default(),
        now: Timestamp::UNIX_EPOCH,
        mode: SimulationMode::Full,
    });
    outcome.placements.into_iter().map(|placement| (placement.pod, placement.node)).collect()
}

/// The nodes by the extender, of all pods.
fn placed(live: &Live, pods: &[(usize, Pod)]) -> BTreeMap<String, Option<NodeName>> {
    pods.iter().map(|(_, pod)| (pod.key.to_string(), live.bound.get(&pod.key.uid).cloned())).collect()
}

/// An extender that has seen the nodes and the bound volumes.
fn live(scenario: &Scenario) -> Live {
    let mut live = Live::new(policies(""), scenario.nodes(), Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1));
    let (volumes, claims) = scenario.bound_volumes();
    live.cluster.apply(Event::listed(volumes));
    live.cluster.apply(Event::listed(claims));
    live
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
            let is_offered = |index| live.is_offered(&pod.key.uid, &snapshot.node(index).unwrap().name);
            let passes = snapshot.indexes().any(|index| is_offered(index) && decision.filter(index).is_ok());
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
    fn the_extender_does_what_simulate_says(scenario in scenario().prop_map(Scenario::known)) {
        let pods = scenario.pods();
        let mut live = live(&scenario);
        for (_, pod) in &pods {
            live.create(pod.clone(), scenario.offered_to(pod));
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
    fn no_group_is_placed_in_part(scenario in scenario().prop_map(Scenario::asked_before_complete)) {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1);
        let pods: Vec<(usize, Pod)> =
            scenario.pods().into_iter().map(|(number, pod)| (number, Pod { created: now, ..pod })).collect();
        let mut live = live(&scenario);
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
                    live.create(pod.clone(), scenario.offered_to(pod));
                    created.push(pod.key.uid.clone());
                }
                let is_unknown = matches!(scenario.volumes_of(pod), Volumes::Unknown(_));
                if is_unknown || matches!(kind, Kind::Bucket | Kind::GangOfAll) {
                    live.show(&pod.key.uid);
                }
                // kube-scheduler asks about a member before its gang is complete. A member that it could not ask about has a
                // volume that can be used everywhere.
                if is_unknown && !live.cycle(&pod.key.uid) {
                    live.offer_all(&pod.key.uid);
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
                (2 | 3, Some(pod)) if live.is_pending(&pod) => {
                    live.cycle(&pod);
                }
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
