//! Placing one PE after another never breaks a rule, and every rejection has a rule.
//!
//! What is legal is said here once more, from `docs/placement.md` alone: as predicates over who is where, by name,
//! without the code that decides.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::model::{Node, NodeName, Pod, Pool, PoolMode, Scope, StreamJob};
use crate::state::{Cluster, Event};
use crate::testing::{
    asking, bound_to, cordoned, exclusive, filter_node, governed, in_namespace, labelled, leaving, listed, measured,
    node, pe, pod, pool, protecting, selecting, sized, stream_job, tainted, taking, tolerating, with_cores,
};

const NAMESPACES: [&str; 2] = ["streams", "other"];
const NODES: [&str; 5] = ["n0", "n1", "n2", "n3", "n4"];
const PES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
const TAGS: [&str; 2] = ["red", "blue"];
/// Pools by name; the last one does not exist.
const POOLS: [&str; 5] = ["tags", "none", "hosts", "some", "absent"];
const SCOPES: [(Scope, &str); 3] = [(Scope::Job, "Job"), (Scope::Namespace, "Namespace"), (Scope::Cluster, "Cluster")];

type Names = BTreeSet<&'static str>;

/// Everything that does not change while PEs are placed.
#[derive(Clone, Debug)]
pub(in crate::placement) struct World {
    pub(super) hosts: Vec<Host>,
    pools: Vec<HostPool>,
    pub(in crate::placement) elements: Vec<Element>,
    /// Scopes of isolation and of exclusive pools, by namespace.
    scopes: [(usize, usize); 2],
    /// The job of the first namespace whose PEs may go to overloaded nodes.
    overrides: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) name: &'static str,
    tags: Names,
    restricting: Names,
    cordoned: bool,
    /// It has a taint.
    tainted: bool,
    /// It has the label that some pods select.
    labelled: bool,
    /// Its memory in use, in percent: above 90 it is overloaded.
    memory: f64,
    pub(super) cores: u64,
    pods: u64,
}

/// A pool, which both namespaces have.
#[derive(Clone, Debug)]
struct HostPool {
    name: &'static str,
    members: Members,
    mode: Mode,
}

#[derive(Clone, Debug)]
enum Members {
    Tags(Names),
    Hosts(Names),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Shared,
    Sized(u32),
    Exclusive(u32),
}

#[derive(Clone, Debug)]
enum Wish {
    Any,
    Tags(Names),
    Pool(&'static str),
}

#[derive(Clone, Debug)]
pub(in crate::placement) struct Element {
    pub(in crate::placement) name: &'static str,
    /// The PEs that this PE sends to, with the rates.
    pub(super) sends: Vec<(&'static str, u64)>,
    namespace: usize,
    job: &'static str,
    cores: u64,
    wish: Wish,
    /// The place of the pool that it names, where it names a pool.
    index: Option<u32>,
    only: Names,
    native: Native,
    colocation: Names,
    exlocation: Names,
    isolated: bool,
    start: Start,
}

/// The constraints in the pod's own fields.
#[derive(Clone, Copy, Debug)]
struct Native {
    tolerates: bool,
    selects: bool,
    takes_port: bool,
}

/// How a pod is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Waiting,
    /// On its way out, on this node.
    Leaving(usize),
    /// Of no policy, on this node.
    Stranger(usize),
}

/// Where a pod is and how much of it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Waiting,
    On(usize),
    Leaving(usize),
}

/// The place of each element, in their order.
pub(super) type Assignment = Vec<Place>;

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Names> {
    subsequence(of, 0..=of.len()).prop_map(|names| names.into_iter().collect())
}

/// Mostly nothing, since wishes that are all there at once leave no node.
fn seldom(of: &'static [&'static str]) -> impl Strategy<Value = Names> {
    prop_oneof![3 => Just(Names::new()), 2 => some(of)]
}

/// Whether there is a taint, a label and too much load: mostly none keeps anybody off.
fn native() -> impl Strategy<Value = (bool, bool, f64)> {
    (prop::bool::weighted(0.15), prop::bool::weighted(0.8), prop_oneof![6 => Just(90.0), 1 => Just(91.0)])
}

fn host(name: &'static str) -> impl Strategy<Value = Host> {
    (
        some(&TAGS),
        prop_oneof![5 => Just(Names::new()), 1 => some(&TAGS)],
        prop::bool::weighted(0.1),
        2_u64..6,
        1_u64..6,
        native(),
    )
        .prop_map(move |(tags, restricting, cordoned, cores, pods, (tainted, labelled, memory))| Host {
            name,
            tags,
            restricting,
            cordoned,
            tainted,
            labelled,
            memory,
            cores,
            pods,
        })
}

fn host_pool(name: &'static str) -> impl Strategy<Value = HostPool> {
    let members = match name {
        "tags" => some(&TAGS).prop_map(Members::Tags).boxed(),
        "none" => Just(Members::Tags(Names::new())).boxed(),
        _ => some(&NODES).prop_map(Members::Hosts).boxed(),
    };
    let mode = prop_oneof![
        Just(Mode::Shared),
        (1_u32..4).prop_map(Mode::Sized),
        (1_u32..4).prop_map(Mode::Exclusive),
        (1_u32..3).prop_map(Mode::Exclusive),
    ];
    (members, mode).prop_map(move |(members, mode)| HostPool { name, members, mode })
}

fn element(name: &'static str) -> impl Strategy<Value = Element> {
    let wish = prop_oneof![
        6 => Just(Wish::Any),
        1 => some(&TAGS).prop_filter("an empty list is no list", |tags| !tags.is_empty()).prop_map(Wish::Tags),
        5 => select(&POOLS[..4]).prop_map(Wish::Pool),
        1 => Just(Wish::Pool(POOLS[4])),
    ];
    let start = prop_oneof![
        8 => Just(Start::Waiting),
        1 => (0..NODES.len()).prop_map(Start::Leaving),
        1 => (0..NODES.len()).prop_map(Start::Stranger),
    ];
    let identity = (prop_oneof![4 => Just(0_usize), 1 => Just(1)], prop_oneof![3 => Just("j"), 1 => Just("k")]);
    let tokens = (prop_oneof![seldom(&["s", "t"]), some(&["s", "t", "u"])], seldom(&["x", "y"]));
    let only = prop_oneof![6 => Just(Names::new()), 1 => some(&NODES)];
    let sends = prop_oneof![3 => Just(Vec::new()), 1 => vec((select(&PES[..]), 1_u64..9), 1..3)];
    let wish = (wish, sends, prop_oneof![4 => Just(None), 1 => (0_u32..3).prop_map(Some)]);
    let native = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.2))
        .prop_map(|(tolerates, selects, takes_port)| Native { tolerates, selects, takes_port });
    (identity, 1_u64..3, wish, only, tokens, prop::bool::weighted(0.15), start, native).prop_map(
        move |(
            (namespace, job),
            cores,
            (wish, sends, index),
            only,
            (colocation, exlocation),
            isolated,
            start,
            native,
        )| {
            Element {
                name,
                sends: sends.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect(),
                namespace,
                job,
                cores,
                index: index.filter(|_| matches!(wish, Wish::Pool(_))),
                wish,
                only,
                native,
                colocation,
                exlocation,
                isolated,
                start,
            }
        },
    )
}

pub(in crate::placement) fn world() -> impl Strategy<Value = World> {
    let hosts =
        (1..=NODES.len()).prop_flat_map(|count| NODES[..count].iter().map(|name| host(name)).collect::<Vec<_>>());
    let pools: Vec<_> = POOLS[..4].iter().map(|name| host_pool(name)).collect();
    let elements =
        (1..=PES.len()).prop_flat_map(|count| PES[..count].iter().map(|name| element(name)).collect::<Vec<_>>());
    let scopes = [(0_usize..3, 0_usize..3), (0_usize..3, 0_usize..3)];
    let overrides = prop_oneof![2 => Just(None), 1 => Just(Some("j")), 1 => Just(Some("k"))];
    (hosts, pools, elements, scopes, overrides).prop_map(|(hosts, pools, mut elements, scopes, overrides)| {
        for element in &mut elements {
            // Existing PEs are on nodes that exist.
            if let Start::Leaving(host) | Start::Stranger(host) = &mut element.start {
                *host %= hosts.len();
            }
        }
        World { hosts, pools, elements, scopes, overrides }
    })
}

/// The rules of `docs/placement.md`.
impl World {
    pub(super) fn same_job(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.elements[one], &self.elements[other]);
        one.namespace == other.namespace && one.job == other.job
    }

    fn reaches(&self, scope: Scope, one: usize, other: usize) -> bool {
        match scope {
            Scope::Job => self.same_job(one, other),
            Scope::Namespace => self.elements[one].namespace == self.elements[other].namespace,
            Scope::Cluster => true,
        }
    }

    fn isolation_reaches(&self, one: usize, other: usize) -> bool {
        self.elements[one].isolated && self.reaches(SCOPES[self.scopes[self.elements[one].namespace].0].0, one, other)
    }

    fn pool_of(&self, element: usize) -> Option<&HostPool> {
        let Wish::Pool(name) = self.elements[element].wish else { return None };
        self.pools.iter().find(|pool| pool.name == name)
    }

    fn excludes(&self, one: usize, other: usize) -> bool {
        let scope = SCOPES[self.scopes[self.elements[one].namespace].1].0;
        self.pool_of(one).is_some_and(|pool| matches!(pool.mode, Mode::Exclusive(_)))
            && !self.same_job(one, other)
            && self.reaches(scope, one, other)
    }

    fn qualifies(pool: &HostPool, host: &Host) -> bool {
        match &pool.members {
            Members::Tags(tags) => tags.is_subset(&host.tags),
            Members::Hosts(hosts) => hosts.contains(host.name),
        }
    }

    /// The PEs that are not leaving.
    pub(super) fn active(&self, places: &Assignment) -> Vec<usize> {
        let stranger = |element: &usize| matches!(self.elements[*element].start, Start::Stranger(_));
        let leaving = |element: &usize| matches!(places[*element], Place::Leaving(_));
        (0..self.elements.len()).filter(|element| !stranger(element) && !leaving(element)).collect()
    }

    /// The other PEs of a bucket: the PEs that shared tokens reach, from PE to PE.
    pub(super) fn mates(&self, element: usize, places: &Assignment) -> Vec<usize> {
        let active = self.active(places);
        let mut reached = vec![element];
        for _ in 0..self.elements.len() {
            for other in &active {
                let shares = |one: &usize| {
                    let (theirs, own) = (&self.elements[*one], &self.elements[*other]);
                    let same_place = theirs.index.is_some() && theirs.index == own.index && theirs.asks_as(own);
                    self.same_job(*one, *other) && (!theirs.colocation.is_disjoint(&own.colocation) || same_place)
                };
                if !reached.contains(other) && reached.iter().any(shares) {
                    reached.push(*other);
                }
            }
        }
        reached.retain(|other| *other != element);
        reached
    }

    /// The number of pods on a node, and their cores.
    fn load(&self, host: usize, places: &Assignment) -> (u64, u64) {
        let here = places.iter().zip(&self.elements).filter(|(place, _)| match place {
            Place::On(node) | Place::Leaving(node) => *node == host,
            Place::Waiting => false,
        });
        here.fold((0, 0), |(pods, cores), (_, element)| (pods + 1, cores + element.cores))
    }

    fn port_is_shared(&self, element: usize, host: usize, places: &Assignment) -> bool {
        let takes = |element: usize| self.elements[element].native.takes_port;
        let is_there = |other: usize| matches!(places[other], Place::On(node) | Place::Leaving(node) if node == host);
        takes(element) && (0..places.len()).any(|other| other != element && takes(other) && is_there(other))
    }

    /// The rejection of a node for a PE by rules that read no other PE.
    fn unfit(&self, element: usize, host: usize) -> Option<&'static str> {
        let (element, pool, host) = (&self.elements[element], self.pool_of(element), &self.hosts[host]);
        let overrides = element.namespace == 0 && self.overrides == Some(element.job);
        let asked = match (&element.wish, pool.map(|pool| &pool.members)) {
            (Wish::Tags(tags), _) | (_, Some(Members::Tags(tags))) => tags.clone(),
            _ => Names::new(),
        };
        let open = |host: &Host| !host.cordoned && host.restricting.is_subset(&asked);
        let qualify =
            |pool: &HostPool| self.hosts.iter().filter(|host| open(host) && Self::qualifies(pool, host)).count();
        let too_small = |pool: &HostPool| match pool.mode {
            Mode::Shared => false,
            Mode::Sized(size) | Mode::Exclusive(size) => qualify(pool) < usize::try_from(size).unwrap(),
        };
        let beyond = |pool: &HostPool| match (element.index, pool.mode) {
            (None, _) => false,
            (Some(_), Mode::Shared) => true,
            (Some(index), Mode::Sized(size) | Mode::Exclusive(size)) => index >= size,
        };
        [
            ("the pool has no such place", pool.is_some_and(beyond)),
            ("the node is cordoned", host.cordoned),
            ("the node has a taint", host.tainted && !element.native.tolerates),
            ("the node is overloaded", host.memory > 90.0 && !overrides),
            ("the node lacks a label", !host.labelled && element.native.selects),
            ("the pool does not exist", matches!(element.wish, Wish::Pool(_)) && pool.is_none()),
            ("the node is closed", !host.restricting.is_subset(&asked)),
            ("the node lacks a tag", !asked.is_subset(&host.tags)),
            ("the node is not in the pool", pool.is_some_and(|pool| !Self::qualifies(pool, host))),
            // Unschedulable nodes do not count; nodes in use do.
            ("the pool is too small", pool.is_some_and(too_small)),
            ("the node is not among the hosts", !element.only.is_empty() && !element.only.contains(host.name)),
        ]
        .into_iter()
        .find_map(|(rule, broken)| broken.then_some(rule))
    }

    /// The first rule that an assignment breaks.
    pub(super) fn broken(&self, places: &Assignment) -> Option<&'static str> {
        let active = self.active(places);
        let there = |element: &usize| match places[*element] {
            Place::On(host) => Some((*element, host)),
            Place::Waiting | Place::Leaving(_) => None,
        };
        let running: Vec<(usize, usize)> = active.iter().filter_map(there).collect();
        for (element, host) in running.iter().copied() {
            if let Some(rule) = self.unfit(element, host) {
                return Some(rule);
            }
            let (pods, cores) = self.load(host, places);
            if pods > self.hosts[host].pods || cores > self.hosts[host].cores {
                return Some("a node holds more than it can");
            }
            if self.port_is_shared(element, host, places) {
                return Some("two pods have one port of a node");
            }
            let mates = self.mates(element, places);
            let own = &self.elements[element];
            if self.contradicts(element, &mates) {
                return Some("a PE of a bucket that contradicts itself is placed");
            }
            if running.iter().any(|(other, elsewhere)| mates.contains(other) && *elsewhere != host) {
                return Some("a bucket is on two nodes");
            }
            let of_pool = |(other, _): &&(usize, usize)| match (self.pool_of(*other), self.pool_of(element)) {
                (Some(theirs), Some(own)) => self.same_job(*other, element) && theirs.name == own.name,
                _ => false,
            };
            let chosen: BTreeSet<usize> = running.iter().filter(of_pool).map(|(_, host)| *host).collect();
            if let Some(Mode::Sized(size) | Mode::Exclusive(size)) = self.pool_of(element).map(|pool| pool.mode)
                && chosen.len() > usize::try_from(size).unwrap()
            {
                return Some("a job has more nodes of a pool than its size");
            }
            for (other, _) in running.iter().copied().filter(|(other, there)| *there == host && *other != element) {
                if self.isolation_reaches(element, other) {
                    return Some("an isolated PE is not alone");
                }
                if self.excludes(element, other) {
                    return Some("another job is on a node of an exclusive pool");
                }
                let theirs = &self.elements[other];
                if self.same_job(element, other) && !theirs.exlocation.is_disjoint(&own.exlocation) {
                    return Some("exlocated PEs share a node");
                }
                if self.same_job(element, other) && own.has_another_place_than(theirs) {
                    return Some("two places of a pool are one node");
                }
            }
        }
        None
    }

    /// True when some PEs of a bucket can never share a node.
    fn contradicts(&self, element: usize, mates: &[usize]) -> bool {
        let all: Vec<&Element> = mates.iter().chain([&element]).map(|mate| &self.elements[*mate]).collect();
        let pairs = all.iter().enumerate().flat_map(|(at, one)| all.iter().skip(at + 1).map(move |other| (one, other)));
        pairs.into_iter().any(|(one, other)| {
            !one.exlocation.is_disjoint(&other.exlocation)
                || one.isolated
                || other.isolated
                || one.has_another_place_than(other)
        })
    }

    /// The rejection of a node for a pending PE, and for the others of its bucket where the PE is the first: by the rules,
    /// or by look-ahead.
    fn rejection_of(&self, element: usize, host: usize, places: &Assignment) -> Option<&'static str> {
        let mates = self.mates(element, places);
        let is_first = mates.iter().all(|mate| places[*mate] == Place::Waiting);
        let moves = mates.iter().filter(|_| is_first).chain([&element]);
        self.broken_rule(element, host, places).or_else(|| {
            let takes = moves.into_iter().any(|moved| self.leaves_another_without(*moved, host, places));
            takes.then_some("another PE would be left without a node")
        })
    }

    /// True where an exlocated PE on this node would leave another pending PE without a node, or a more urgent PE needs the
    /// node.
    fn leaves_another_without(&self, element: usize, host: usize, places: &Assignment) -> bool {
        self.elements[element].exlocation.iter().any(|token| {
            let waits = |other: &usize| {
                places[*other] == Place::Waiting
                    && self.same_job(*other, element)
                    && self.elements[*other].exlocation.contains(token)
            };
            let group: Vec<usize> = self.active(places).into_iter().filter(waits).collect();
            let passes = |member: usize| {
                (0..self.hosts.len())
                    .filter(|host| self.broken_rule(member, *host, places).is_none())
                    .collect::<Vec<usize>>()
            };
            let options: Vec<Vec<usize>> = group.iter().map(|member| passes(*member)).collect();
            let all = assignments(&options);
            let set_of =
                |assignment: &Vec<Option<usize>>| -> Vec<bool> { assignment.iter().map(Option::is_some).collect() };
            // the largest number of PEs, and of these sets the one with the earliest
            let best = all.iter().map(set_of).max_by_key(|set| (set.iter().filter(|is| **is).count(), set.clone()));
            let at = group.iter().position(|member| *member == element).unwrap();
            !all.iter().any(|assignment| Some(set_of(assignment)) == best && assignment[at] == Some(host))
        })
    }

    /// The rejection of a node for a pending PE without look-ahead: by the rules for the PE, or for the pending members of
    /// its bucket where the PE is the first.
    fn broken_rule(&self, element: usize, host: usize, places: &Assignment) -> Option<&'static str> {
        let mates = self.mates(element, places);
        let is_first = mates.iter().all(|mate| places[*mate] == Place::Waiting);
        let mut whole = places.clone();
        whole[element] = Place::On(host);
        for mate in mates.iter().filter(|_| is_first) {
            whole[*mate] = Place::On(host);
        }
        self.broken(&whole)
    }
}

/// Every way to give members places of their own, some of them none.
pub(in crate::placement) fn assignments(options: &[Vec<usize>]) -> Vec<Vec<Option<usize>>> {
    let mut all = vec![Vec::new()];
    for own in options {
        let mut longer = Vec::new();
        for assignment in &all {
            let free = own.iter().filter(|place| !assignment.contains(&Some(**place))).map(|place| Some(*place));
            for place in free.chain([None]) {
                longer.push(assignment.iter().copied().chain([place]).collect());
            }
        }
        all = longer;
    }
    all
}

/// The same world for the code that decides.
impl World {
    pub(in crate::placement) fn cluster(&self) -> Cluster {
        let placement = |(isolation, exclusive): (usize, usize)| {
            format!("isolationScope: {}, exclusiveScope: {}", SCOPES[isolation].1, SCOPES[exclusive].1)
        };
        let placements = self.scopes.map(placement);
        let placements = [(NAMESPACES[0], &*placements[0]), (NAMESPACES[1], &*placements[1])];
        let policies = protecting("memory: {upper: 90, lower: 80}", &placements);
        let nodes = self.hosts.iter().map(Host::node).collect();
        let pools =
            NAMESPACES.iter().flat_map(|namespace| self.pools.iter().map(|pool| pool.meant(namespace))).collect();
        let pods = self.elements.iter().map(|element| element.pod(&self.hosts)).collect();
        let mut cluster = governed(policies, nodes, pools, pods);
        let load = |host: &Host| (host.name, 99.0, host.memory);
        cluster.apply(measured(&self.hosts.iter().map(load).collect::<Vec<_>>()));
        if let Some(job) = self.overrides {
            let job = StreamJob { override_load_protection: true, ..stream_job(job, &[]) };
            cluster.apply(Event::put(job));
        }
        cluster
    }

    pub(super) fn places(&self) -> Assignment {
        let place = |element: &Element| match element.start {
            Start::Waiting => Place::Waiting,
            Start::Leaving(host) => Place::Leaving(host),
            Start::Stranger(host) => Place::On(host),
        };
        self.elements.iter().map(place).collect()
    }
}

impl Host {
    fn node(&self) -> Node {
        let key = |prefix: &'static str| move |tag: &&str| format!("{prefix}.outrigger.dev/{tag}");
        let labels: Vec<String> =
            self.tags.iter().map(key("tag")).chain(self.restricting.iter().map(key("restrict"))).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let labels = [labels, self.labelled.then_some("native").into_iter().collect()].concat();
        let taints: &[&str] = if self.tainted { &["native"] } else { &[] };
        let plain =
            Node { pods: self.pods, ..with_cores(self.cores, tainted(taints, labelled(&labels, node(self.name)))) };
        if self.cordoned { cordoned(plain) } else { plain }
    }
}

impl HostPool {
    fn meant(&self, namespace: &str) -> Pool {
        let mode = match self.mode {
            Mode::Shared => PoolMode::Shared,
            Mode::Sized(size) => sized(size),
            Mode::Exclusive(size) => exclusive(size),
        };
        let names = |names: &Names| names.iter().copied().collect::<Vec<&str>>();
        let mut meant = match &self.members {
            Members::Tags(tags) => pool(self.name, &names(tags), mode),
            Members::Hosts(hosts) => listed(self.name, &names(hosts), mode),
        };
        meant.id.namespace = namespace.into();
        meant
    }
}

impl Element {
    /// True when both name the same pool.
    fn asks_as(&self, other: &Self) -> bool {
        matches!((&self.wish, &other.wish), (Wish::Pool(one), Wish::Pool(other)) if one == other)
    }

    fn has_another_place_than(&self, other: &Self) -> bool {
        self.asks_as(other) && self.index.is_some() && other.index.is_some() && self.index != other.index
    }

    fn pod(&self, hosts: &[Host]) -> Pod {
        let join = |names: &Names| names.iter().copied().collect::<Vec<&str>>().join(",");
        let tags = match &self.wish {
            Wish::Tags(tags) => join(tags),
            Wish::Any | Wish::Pool(_) => String::new(),
        };
        let index = self.index.map(|index| index.to_string()).unwrap_or_default();
        let sends: Vec<String> = self.sends.iter().map(|(to, rate)| format!("{to}={rate}")).collect();
        let lists = [
            ("connects-to", sends.join(",")),
            ("pool-index", index),
            ("hosts", join(&self.only)),
            ("colocation", join(&self.colocation)),
            ("exlocation", join(&self.exlocation)),
            ("host-tags", tags),
        ];
        let mut spec: Vec<(&str, &str)> =
            lists.iter().filter(|(_, list)| !list.is_empty()).map(|(key, list)| (*key, list.as_str())).collect();
        if let Wish::Pool(name) = self.wish {
            spec.push(("host-pool", name));
        }
        if self.isolated {
            spec.push(("isolated", "true"));
        }
        let of_job = || asking(self.cores * 1_000, pe(self.job, self.name, &spec));
        let found = match self.start {
            Start::Waiting => of_job(),
            Start::Leaving(host) => leaving(bound_to(hosts[host].name, of_job())),
            Start::Stranger(host) => bound_to(hosts[host].name, asking(self.cores * 1_000, pod(self.name))),
        };
        let Native { tolerates, selects, takes_port } = self.native;
        let found = if tolerates { tolerating(&["native"], found) } else { found };
        let found = if selects { selecting(&["native"], found) } else { found };
        let found = if takes_port { taking(80, found) } else { found };
        in_namespace(NAMESPACES[self.namespace], found)
    }
}

proptest! {
    #[test]
    fn nodes_pass_where_no_rule_is_broken_and_nowhere_else(
        world in world(),
        steps in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::bool::weighted(0.15)), 1..12),
    ) {
        let mut cluster = world.cluster();
        let mut places = world.places();
        for (which, where_to, leaves) in steps {
            let active = world.active(&places);
            let mut passing: Vec<(usize, usize)> = Vec::new();
            for element in active.iter().copied().filter(|element| places[*element] == Place::Waiting) {
                for (host, Host { name, .. }) in world.hosts.iter().enumerate() {
                    let said = filter_node(&cluster, world.elements[element].name, name);
                    let against = world.rejection_of(element, host, &places);
                    let context = format!("{} on {name}: {said:?}, {against:?}", world.elements[element].name);
                    prop_assert_eq!(said.is_ok(), against.is_none(), "{}", context);
                    passing.extend(said.is_ok().then_some((element, host)));
                }
            }
            let placed: Vec<usize> =
                active.into_iter().filter(|element| matches!(places[*element], Place::On(_))).collect();
            if leaves && !placed.is_empty() {
                let element = *which.get(&placed);
                let Place::On(host) = places[element] else { continue };
                places[element] = Place::Leaving(host);
                let gone = leaving(bound_to(world.hosts[host].name, world.elements[element].pod(&world.hosts)));
                cluster.apply(Event::put(gone));
            } else if !passing.is_empty() {
                let candidates: BTreeSet<usize> = passing.iter().map(|(element, _)| *element).collect();
                let element = *which.get(&candidates.into_iter().collect::<Vec<usize>>());
                passing.retain(|(passes, _)| *passes == element);
                let (_, host) = *where_to.get(&passing);
                cluster.assume(&world.elements[element].name.into(), &NodeName::from(world.hosts[host].name)).unwrap();
                places[element] = Place::On(host);
            }
            prop_assert_eq!(world.broken(&places), None, "{:?}", places);
        }
    }
}
