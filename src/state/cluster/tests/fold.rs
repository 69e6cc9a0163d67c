//! After any events in any order, the snapshot is what counting everything again gives.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::Cluster;
use crate::model::{
    Bytes, Declarations, DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, FieldProblem, HostPort, JobId, Labels,
    Millicores, Node, NodeName, ObjectId, OpenStreams, OpenStreamsObject, Owner, OwnerKind, Pe, Pod, PodKey, PodPhase,
    PodRequests, PodUid, Pool, PoolMode, Pools, Resources, StreamJob, StreamJobs,
};
use crate::policy::PolicySet;
use crate::state::{Change, Event, Observed, Snapshot, UnknownPod};
use crate::testing::{
    declared_pe, declared_region, in_namespace, labelled, listed, node, pe, pod, policies, pool, stream_job,
    streams_policy, taking,
};

const NODES: [&str; 3] = ["n1", "n2", "n3"];
const PODS: [&str; 5] = ["a", "b", "c", "d", "e"];
const VERSIONS: [&str; 2] = ["1", "2"];

/// A snapshot in a form that does not depend on places.
#[derive(Debug, PartialEq)]
struct Picture {
    complete: bool,
    nodes: BTreeMap<NodeName, Row>,
    jobs: BTreeMap<JobId, Vec<(Pe, Option<NodeName>)>>,
    pools: Pools,
}

#[derive(Debug, Default, PartialEq)]
struct Row {
    node: Option<Node>,
    requested: BTreeMap<String, u64>,
    limits: BTreeMap<String, u64>,
    pods: u64,
    host_ports: Vec<HostPort>,
    pes: BTreeSet<PodKey>,
}

/// Amounts by name, those of zero left out.
fn amounts(resources: &Resources) -> BTreeMap<String, u64> {
    let other = resources.other.iter().map(|(name, _)| &**name);
    let names = ["cpu", "memory"].into_iter().chain(other);
    names.map(|name| (name.to_owned(), resources.get(name))).filter(|(_, amount)| *amount > 0).collect()
}

fn picture(snapshot: &Snapshot) -> Picture {
    let state = |name: &NodeName| {
        let state = snapshot.node(snapshot.find(name.as_str()).unwrap()).unwrap();
        assert_eq!(state.name, *name);
        let pes: BTreeSet<PodKey> = state.pes.iter().map(|pe| pe.pod.key.clone()).collect();
        assert_eq!(pes.len(), state.pes.len(), "each PE once");
        let claimants: Vec<&Arc<Pe>> = state.pes.iter().filter(|pe| pe.may_claim_node()).collect();
        assert_eq!(state.claimants.iter().collect::<Vec<_>>(), claimants);
        let node = state.node.as_deref().cloned();
        let (requested, limits) = (amounts(&state.requested), amounts(&state.limits));
        Row { node, requested, limits, pods: state.pods, host_ports: state.host_ports.clone(), pes }
    };
    let nodes: BTreeMap<NodeName, Row> = snapshot.by_name.keys().map(|name| (name.clone(), state(name))).collect();
    let seen: BTreeSet<&NodeName> = snapshot.nodes().map(|(_, state, _)| &state.name).collect();
    assert_eq!(seen, nodes.iter().filter(|(_, state)| state.node.is_some()).map(|(name, _)| name).collect());
    let member = |member: &crate::state::Member| {
        ((*member.pe).clone(), member.node().map(|index| snapshot.node(index).unwrap().name.clone()))
    };
    let jobs = snapshot.jobs.iter().map(|(id, state)| (id.clone(), state.members.iter().map(member).collect()));
    Picture { complete: snapshot.is_complete(), nodes, jobs: jobs.collect(), pools: (**snapshot.pools()).clone() }
}

/// The objects as the events delivered them.
#[derive(Default)]
struct Model {
    policies: PolicySet,
    nodes: BTreeMap<NodeName, Node>,
    pods: BTreeMap<PodUid, Pod>,
    /// Those that were gone while a pod named them.
    gone_owners: BTreeSet<(Arc<str>, Arc<str>)>,
    pools: Pools,
    stream_jobs: StreamJobs,
    open_streams: OpenStreams,
    expected: BTreeSet<&'static str>,
    assumed_pods: BTreeMap<PodUid, ModelBinding>,
}

struct ModelBinding {
    node: NodeName,
    resource_version: Box<str>,
    outcome_unknown: bool,
}

impl Model {
    /// A gone owner counts where a pod names it.
    fn lose(&mut self, owner: Owner) {
        if self.pods.values().any(|pod| pod.owner.as_deref() == Some(&owner)) {
            self.gone_owners.insert((owner.name, owner.uid));
        }
    }

    fn change_pods(&mut self, change: Change<Pod>) {
        match change {
            Change::Expected => drop(self.expected.insert("pods")),
            Change::Put(pod) => self.show(*pod),
            Change::Gone(uid) => {
                self.pods.remove(&uid);
                self.assumed_pods.remove(&uid);
            }
            Change::Listed(pods) => {
                self.expected.remove("pods");
                let listed: BTreeSet<PodUid> = pods.iter().map(|pod| pod.key.uid.clone()).collect();
                self.pods.retain(|uid, _| listed.contains(uid));
                self.assumed_pods.retain(|uid, _| listed.contains(uid));
                for pod in pods {
                    self.show(pod);
                }
            }
        }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Node(change) => match change {
                Change::Expected => drop(self.expected.insert("nodes")),
                Change::Put(node) => drop(self.nodes.insert(node.name.clone(), *node)),
                Change::Gone(name) => drop(self.nodes.remove(&name)),
                Change::Listed(nodes) => {
                    self.expected.remove("nodes");
                    self.nodes = nodes.into_iter().map(|node| (node.name.clone(), node)).collect();
                }
            },
            Event::Pod(change) => self.change_pods(change),
            Event::OwnerGone(owner) => self.lose(owner),
            Event::Pool(change) => match change {
                Change::Expected => drop(self.expected.insert("pools")),
                Change::Put(pool) => drop(self.pools.insert(pool.id.clone(), (*pool).into())),
                Change::Gone(id) => drop(self.pools.remove(&id)),
                Change::Listed(pools) => {
                    self.expected.remove("pools");
                    self.pools = pools.into_iter().map(|pool| (pool.id.clone(), pool.into())).collect();
                }
            },
            Event::StreamJob(change) => match change {
                Change::Expected => drop(self.expected.insert("jobs")),
                Change::Put(job) => drop(self.stream_jobs.insert(job.id.clone(), (*job).into())),
                Change::Gone(id) => drop(self.stream_jobs.remove(&id)),
                Change::Listed(jobs) => {
                    self.expected.remove("jobs");
                    self.stream_jobs = jobs.into_iter().map(|job| (job.id.clone(), job.into())).collect();
                }
            },
            Event::DeclaredPe(change) => self.change(change),
            Event::DeclaredPool(change) => self.change(change),
            Event::DeclaredJob(change) => self.change(change),
            Event::DeclaredRegion(change) => self.change(change),
            Event::Policies(policies) => self.policies = policies,
            // What comes of these depends on what was before: see `overload`.
            Event::Loads(_)
            | Event::Demand(_)
            | Event::Calibration(_)
            | Event::Time(_)
            | Event::Settled { .. }
            | Event::StreamJobsShown(_)
            | Event::PersistentVolume(_)
            | Event::PersistentVolumeClaim(_)
            | Event::Unreadable(_)
            | Event::LimitRange(_)
            | Event::ResourceQuota(_) => {}
        }
    }

    fn change<T: OpenStreamsObject + Observed<Key = ObjectId> + Clone>(&mut self, change: Change<T>) {
        let objects = Arc::make_mut(T::of_mut(&mut self.open_streams));
        match change {
            Change::Expected => drop(self.expected.insert(T::KIND_AND_GROUP)),
            Change::Put(object) => drop(objects.insert(object.id().clone(), Arc::new(*object))),
            Change::Gone(id) => drop(objects.remove(&id)),
            Change::Listed(listed) => {
                self.expected.remove(T::KIND_AND_GROUP);
                *objects = listed.into_iter().map(|object| (object.id().clone(), Arc::new(object))).collect();
            }
        }
    }

    fn declared(&self) -> Declarations {
        Declarations {
            jobs: Arc::new(self.stream_jobs.clone()),
            open_streams: self.open_streams.clone(),
            ..Declarations::default()
        }
    }

    /// A pod is no longer assumed when the watch shows a node, the end of the pod, or a later version.
    fn show(&mut self, pod: Pod) {
        let may_land = pod.node.is_none() && pod.phase == PodPhase::Active;
        self.assumed_pods.retain(|uid, assumed| {
            *uid != pod.key.uid || (may_land && assumed.resource_version == pod.resource_version)
        });
        self.pods.insert(pod.key.uid.clone(), pod);
    }

    fn assume(&mut self, uid: &PodUid, node: NodeName) -> Result<(), UnknownPod> {
        let resource_version = self.pods.get(uid).ok_or(UnknownPod)?.resource_version.clone();
        self.assumed_pods.insert(uid.clone(), ModelBinding { node, resource_version, outcome_unknown: false });
        Ok(())
    }

    fn of_version(&mut self, uid: &PodUid, version: &str) -> Option<&mut ModelBinding> {
        self.assumed_pods.get_mut(uid).filter(|assumed| &*assumed.resource_version == version)
    }

    /// The node that a pod counts on: where the watch shows it, else where it is assumed.
    fn place(&self, pod: &Pod) -> Option<NodeName> {
        let assumed = self.assumed_pods.get(&pod.key.uid).map(|assumed| assumed.node.clone());
        pod.node.clone().or(assumed).filter(|_| pod.phase != PodPhase::Finished)
    }

    fn is_leaving(&self, pod: &Pod) -> bool {
        let names = |owner: &Owner| (Arc::clone(&owner.name), Arc::clone(&owner.uid));
        let is_gone = |owner: &Arc<Owner>| owner.is_only && self.gone_owners.contains(&names(owner));
        pod.phase != PodPhase::Active || pod.owner.as_ref().is_some_and(is_gone)
    }

    fn state(&self, name: &NodeName) -> Row {
        let mut state = Row { node: self.nodes.get(name).cloned(), ..Row::default() };
        let (mut requested, mut limits) = (Resources::default(), Resources::default());
        for pod in self.pods.values().filter(|pod| self.place(pod).as_ref() == Some(name)) {
            requested.add(&pod.resources.requests);
            limits.add(&pod.resources.limits);
            state.pods += 1;
            state.host_ports.extend_from_slice(pod.host_ports());
            if !self.is_leaving(pod) && self.policies.pe(&Arc::new(pod.clone()), &self.declared()).is_some() {
                state.pes.insert(pod.key.clone());
            }
        }
        state.host_ports.sort_unstable();
        Row { requested: amounts(&requested), limits: amounts(&limits), ..state }
    }

    fn picture(&self) -> Picture {
        let mut jobs: BTreeMap<JobId, Vec<(Pe, Option<NodeName>)>> = BTreeMap::new();
        for pod in self.pods.values().filter(|pod| !self.is_leaving(pod)) {
            let Some(pe) = self.policies.pe(&Arc::new(pod.clone()), &self.declared()) else { continue };
            jobs.entry(pe.job.clone()).or_default().push((pe, self.place(pod)));
        }
        for members in jobs.values_mut() {
            members.sort_by(|(left, _), (right, _)| left.pod.key.cmp(&right.pod.key));
        }
        let places = self.pods.values().filter_map(|pod| self.place(pod));
        let names: BTreeSet<NodeName> = self.nodes.keys().cloned().chain(places).collect();
        let nodes = names.into_iter().map(|name| (name.clone(), self.state(&name))).collect();
        let of_group = self.open_streams.pools.values().filter_map(|declared| declared.pool.clone());
        let pools = self.pools.clone().into_iter().chain(of_group.map(|pool| (pool.id.clone(), pool))).collect();
        let complete = self.expected.is_empty();
        Picture { complete, nodes, jobs, pools }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Apply(Box<Event>),
    Assume(PodUid, NodeName),
    Withdraw(PodUid, &'static str),
    UnknownOutcome(PodUid, &'static str),
}

fn a_name() -> impl Strategy<Value = NodeName> {
    select(&NODES[..]).prop_map(NodeName::from)
}

fn a_node() -> impl Strategy<Value = Node> {
    (select(&NODES[..]), any::<bool>())
        .prop_map(|(name, tagged)| if tagged { labelled(&["zone"], node(name)) } else { node(name) })
}

fn a_uid() -> impl Strategy<Value = PodUid> {
    select(&PODS[..]).prop_map(PodUid::from)
}

fn an_amount() -> impl Strategy<Value = Resources> {
    let amount = || prop_oneof![9 => 0..3_u64, 1 => Just(u64::MAX)];
    (amount(), amount(), amount()).prop_map(|(cpu, memory, gpus)| Resources {
        cpu: Millicores(cpu),
        memory: Bytes(memory),
        other: if gpus > 0 { vec![("example.com/gpu".into(), gpus)] } else { vec![] },
    })
}

fn a_pod() -> impl Strategy<Value = Pod> {
    let phase =
        select(&[PodPhase::Active, PodPhase::Active, PodPhase::Active, PodPhase::Leaving, PodPhase::Finished][..]);
    let fields = (select(&PODS[..]), select(&VERSIONS[..]), option::of(a_name()), phase, option::of(80..82_u32));
    (fields, select(&["", "j", "k"][..]), an_amount(), an_amount()).prop_map(
        |((name, version, node, phase, port), job, requests, limits)| {
            let pod = if job.is_empty() { pod(name) } else { pe(job, name, &[]) };
            // the last in order of names is the first in order of namespaces
            let pod = if name == "e" { in_namespace("other", pod) } else { pod };
            let pod = port.into_iter().fold(pod, |pod, port| taking(port, pod));
            let pod = if job == "k" { of_the_group(pod, version) } else { pod };
            Pod {
                resource_version: version.into(),
                node,
                phase,
                resources: Arc::new(PodRequests { requests, limits }),
                ..pod
            }
        },
    )
}

fn of_the_pe(name: &str, uid: &str) -> Owner {
    Owner { name: format!("k-{name}").into(), uid: uid.into(), kind: OwnerKind::ProcessingElement, is_only: true }
}

/// Labelled as open-streams does it; `b` has another owner beside; owned by `k-a` or, of another UID, by `k-b`.
fn of_the_group(pod: Pod, version: &str) -> Pod {
    let name = pod.key.name.as_str().to_owned();
    let labels = [("outrigger.dev/job", "k"), ("streams.ibm.com/job", "k"), ("streams.ibm.com/pe", &name)];
    let uid = if version == "1" { "u1" } else { "u2" };
    let owner = (name != "c").then(|| Arc::new(Owner { is_only: name != "b", ..of_the_pe(&name, uid) }));
    Pod { labels: labels.into_iter().collect(), owner, ..pod }
}

/// Of the PEs `a`, `b` and `c` of job `k`.
fn a_declared_pe() -> impl Strategy<Value = DeclaredPe> {
    let spec = select(vec![
        vec![("isolated", "true")],
        vec![("host-pool", "streams.ibm.com/k-1"), ("pool-index", "0")],
        vec![("isolated", "perhaps")],
        vec![],
    ]);
    (select(&["k-a", "k-b", "k-c"][..]), spec, select(&["u1", "u2"][..]))
        .prop_map(|(name, spec, uid)| DeclaredPe { uid: uid.into(), ..declared_pe(name, &spec) })
}

fn a_declared_pool() -> impl Strategy<Value = DeclaredPool> {
    let id = ObjectId::new(&"streams".into(), "k-1");
    select(vec![None, Some(vec!["n1", "n2"]), Some(vec!["n2"])]).prop_map(move |hosts| {
        let problem =
            FieldProblem { field: "spec".to_owned(), problem: "unclear".to_owned(), key: Some("outrigger.dev/hosts") };
        let field_problems = if hosts.is_none() { vec![problem] } else { vec![] };
        let pool = hosts.map(|hosts| listed("streams.ibm.com/k-1", &hosts, PoolMode::Shared).into());
        DeclaredPool { id: id.clone(), pool, field_problems }
    })
}

fn a_declared_job() -> impl Strategy<Value = DeclaredJob> {
    let defaults = select(vec![vec![], vec![("outrigger.dev/gang", "true")]]);
    (defaults, option::of(1..3_u32)).prop_map(|(defaults, pes)| DeclaredJob {
        id: ObjectId::new(&"streams".into(), "k"),
        defaults: defaults.into_iter().collect(),
        requests: Labels::default(),
        pes: pes.and_then(std::num::NonZeroU32::new),
        field_problems: vec![],
    })
}

fn a_declared_region() -> impl Strategy<Value = DeclaredRegion> {
    (select(&["k-0", "k-1"][..]), option::of(1..3_u32)).prop_map(|(name, width)| declared_region("k", name, width))
}

fn a_change<T: Observed<Key: Debug> + Clone + Debug + 'static>(
    object: fn() -> BoxedStrategy<T>,
    key: fn(&T) -> T::Key,
) -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => object().prop_map(Event::put),
        1 => object().prop_map(move |object| Event::gone::<T>(key(&object))),
        1 => vec(object(), 0..4).prop_map(Event::listed),
        1 => Just(()).prop_map(|()| Event::expected::<T>()),
    ]
}

fn a_pool() -> impl Strategy<Value = Pool> {
    (select(&["p", "q"][..]), select(&["x", "y"][..])).prop_map(|(name, tag)| pool(name, &[tag], PoolMode::Shared))
}

/// Of job `j`; PE `a` is listed or not.
fn a_stream_job() -> impl Strategy<Value = StreamJob> {
    let spec = prop_oneof![Just(None), Just(Some(("isolated", "true")))];
    (spec, any::<bool>(), any::<bool>()).prop_map(|(spec, is_listed, is_overriding)| StreamJob {
        override_load_protection: is_overriding,
        ..stream_job("j", &if is_listed { vec![("a", spec.as_slice())] } else { vec![] })
    })
}

fn an_event() -> impl Strategy<Value = Event> {
    let governing =
        select(vec![policies(""), policies("isolationScope: Job"), streams_policy(""), PolicySet::default()]);
    prop_oneof![
        7 => a_change(|| a_node().boxed(), |node| node.name.clone()),
        16 => a_change(|| a_pod().boxed(), |pod| pod.key.uid.clone()),
        3 => a_change(|| a_pool().boxed(), |pool| pool.id.clone()),
        4 => a_change(|| a_stream_job().boxed(), |job| job.id.clone()),
        4 => a_change(|| a_declared_pe().boxed(), |pe| pe.id.clone()),
        2 => a_change(|| a_declared_pool().boxed(), |pool| pool.id.clone()),
        1 => a_change(|| a_declared_job().boxed(), |job| job.id.clone()),
        1 => a_change(|| a_declared_region().boxed(), |region| region.id.clone()),
        2 => (select(&PODS[..]), select(&["u1", "u2"][..])).prop_map(|(name, uid)| Event::OwnerGone(of_the_pe(name, uid))),
        2 => governing.prop_map(Event::Policies),
    ]
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => an_event().prop_map(|event| Step::Apply(Box::new(event))),
        2 => (a_uid(), a_name()).prop_map(|(uid, node)| Step::Assume(uid, node)),
        1 => (a_uid(), select(&VERSIONS[..])).prop_map(|(uid, version)| Step::Withdraw(uid, version)),
        1 => (a_uid(), select(&VERSIONS[..])).prop_map(|(uid, version)| Step::UnknownOutcome(uid, version)),
    ]
}

fn take(step: Step, cluster: &mut Cluster, model: &mut Model) {
    match step {
        Step::Apply(event) => {
            cluster.apply((*event).clone());
            model.apply(*event);
        }
        Step::Assume(uid, node) => assert_eq!(cluster.assume(&uid, &node), model.assume(&uid, node)),
        Step::Withdraw(uid, version) => {
            cluster.forget(&uid, version);
            if model.of_version(&uid, version).is_some() {
                model.assumed_pods.remove(&uid);
            }
        }
        Step::UnknownOutcome(uid, version) => {
            cluster.note_unknown_outcome(&uid, version);
            if let Some(assumed) = model.of_version(&uid, version) {
                assumed.outcome_unknown = true;
            }
        }
    }
}

proptest! {
    #[test]
    fn any_order_of_events_and_assumed_pods_gives_what_counting_again_gives(
        steps in vec(a_step(), 1..40), governing in select(vec![policies(""), streams_policy("")]),
    ) {
        let mut cluster = Cluster::new(governing.clone());
        let expected = BTreeSet::from(["nodes", "pods", "pools", "jobs"]);
        let mut model = Model { policies: governing, expected, ..Model::default() };
        let mut published: Vec<(Snapshot, Picture)> = Vec::new();
        for step in steps {
            let always = matches!(&step, Step::Apply(event) if !matches!(**event, Event::OwnerGone(_)));
            take(step, &mut cluster, &mut model);
            let now = picture(cluster.snapshot());
            prop_assert_eq!(&now, &model.picture());

            prop_assert_eq!(cluster.assumed_len(), model.assumed_pods.len());
            let outcome_unknown = model.assumed_pods.iter().filter(|(_, assumed)| assumed.outcome_unknown);
            let outcome_unknown: Vec<&PodKey> = outcome_unknown.map(|(uid, _)| &model.pods[uid].key).collect();
            prop_assert_eq!(cluster.unknown_outcomes().collect::<Vec<_>>(), outcome_unknown);
            for name in PODS {
                let uid = PodUid::from(name);
                prop_assert_eq!(cluster.pod(name).map(|(pod, _)| &**pod), model.pods.get(&uid));
                let pe = cluster.pod(name).and_then(|(_, pe)| pe.map(|pe| (**pe).clone()));
                prop_assert_eq!(pe, model.pods.get(&uid).and_then(|pod| model.policies.pe(&Arc::new(pod.clone()), &model.declared())));
                prop_assert_eq!(cluster.assumed(name), model.assumed_pods.get(&uid).map(|assumed| &assumed.node));
            }

            if let Some((before, picture)) = published.last() {
                let (version, before) = (cluster.snapshot().version(), before.version());
                prop_assert!(version > before || (version == before && !always && *picture == now));
            }
            published.push((cluster.snapshot().clone(), now));
        }
        for (snapshot, then) in published {
            prop_assert_eq!(picture(&snapshot), then, "what was published does not change");
        }
    }
}
