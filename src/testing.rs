//! Builders of small clusters for tests.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{
    BoundVolume, Bytes, DeclaredPe, DeclaredRegion, HostPort, JobId, Labels, Load, Metrics, Millicores, Namespace,
    Node, NodeLabels, NodeName, NodeRequirement, NodeRequirements, ObjectId, Owner, OwnerKind, Pe, Percent,
    PersistentVolume, PersistentVolumeClaim, Pod, PodClaim, PodClaims, PodKey, PodPhase, PodRequests, PodUid, Pool,
    PoolMembers, PoolMode, Reason, Rejection, Resources, Shortage, StreamJob, Tag, Taint, Toleration, VolumeTopology,
};
use crate::placement::{Foresight, PlacementDecision, plan_gang};
use crate::policy::{PolicySet, Source};
use crate::state::{Cluster, Event, NodeIndex, Snapshot};

/// The namespace of objects that a test gives no namespace.
pub(crate) const NAMESPACE: &str = "streams";
/// The allocatable cores of [`node`].
const CORES: u64 = 4;

/// One policy: a pod with the label `outrigger.dev/job` is a PE; `placement` is the text of that field in braces.
pub(crate) fn policies(placement: &str) -> PolicySet {
    PolicySet::parse(&[policy("", placement)]).unwrap()
}

/// Policies like those of [`policies`], one for each of these namespaces.
pub(crate) fn policies_by_namespace(placements: &[(&str, &str)]) -> PolicySet {
    let sources: Vec<Source> = placements.iter().map(|(namespace, placement)| policy(namespace, placement)).collect();
    PolicySet::parse(&sources).unwrap()
}

/// Policies like those of [`policies_by_namespace`] with this load protection: `cpu: {upper: 75}`.
pub(crate) fn protecting(load_protection: &str, placements: &[(&str, &str)]) -> PolicySet {
    let mut sources: Vec<Source> =
        placements.iter().map(|(namespace, placement)| policy(namespace, placement)).collect();
    let Source { text, .. } = policy("nowhere", "");
    let text = format!("{text}  loadProtection: {{{load_protection}}}\n");
    sources.push(Source { file: "protection.yaml".to_owned(), text });
    PolicySet::parse(&sources).unwrap()
}

/// Loads of nodes at the Unix epoch: CPU and memory in percent.
pub(crate) fn measured(loads: &[(&str, f64, f64)]) -> Event {
    let load = |(name, cpu, memory): &(&str, f64, f64)| {
        let used = Metrics { cpu: Percent::new(*cpu), memory: Percent::new(*memory), network: None };
        (NodeName::from(*name), Load { used, at: Timestamp::UNIX_EPOCH })
    };
    Event::Loads(loads.iter().map(load).collect())
}

/// A policy for one namespace, or for all namespaces where `namespace` is empty.
fn policy(namespace: &str, placement: &str) -> Source {
    let text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: test{namespace}}}\nspec:\n  \
         selector: {{namespaces: [{namespace}], \
         podSelector: {{matchExpressions: [{{key: outrigger.dev/job, operator: Exists}}]}}}}\n  \
         dialect: annotations\n  placement: {{{placement}}}\n"
    );
    Source { file: format!("test{namespace}.yaml"), text }
}

/// A ready node with four cores, 16 GiB and 110 pods.
pub(crate) fn node(name: &str) -> Node {
    Node {
        name: NodeName::from(name),
        labels: NodeLabels::default(),
        addresses: Vec::new(),
        allocatable: Resources { cpu: Millicores(CORES * 1_000), memory: Bytes(16 << 30), other: Vec::new() },
        pods: 110,
        taints: Vec::new(),
        soft_taints: Vec::new(),
        schedulable: true,
        unschedulable_taints: Vec::new(),
        load: None,
    }
}

/// The same node with these labels.
pub(crate) fn labelled(labels: &[&str], node: Node) -> Node {
    Node { labels: labels.iter().map(|label| (*label, "")).collect(), ..node }
}

/// The same node with these tags.
pub(crate) fn tagged(tags: &[&str], node: Node) -> Node {
    let labels: Vec<String> = tags.iter().map(|tag| format!("tag.outrigger.dev/{tag}")).collect();
    labelled(&labels.iter().map(String::as_str).collect::<Vec<&str>>(), node)
}

/// The same node with these tags, which are restricting tags too.
pub(crate) fn closed(tags: &[&str], node: Node) -> Node {
    let keys = |prefix: &'static str| tags.iter().map(move |tag| format!("{prefix}.outrigger.dev/{tag}"));
    let labels: Vec<String> = keys("tag").chain(keys("restrict")).collect();
    labelled(&labels.iter().map(String::as_str).collect::<Vec<&str>>(), node)
}

/// The same node, cordoned.
pub(crate) fn cordoned(node: Node) -> Node {
    let taint = Taint::read("node.kubernetes.io/unschedulable", "", "NoSchedule");
    Node { schedulable: false, unschedulable_taints: taint.into_iter().collect(), ..node }
}

/// The same node with a taint of each of these keys.
pub(crate) fn tainted(keys: &[&str], node: Node) -> Node {
    Node { taints: keys.iter().map(|key| Taint::read(key, "", "NoSchedule").unwrap()).collect(), ..node }
}

/// The same node with so many cores.
pub(crate) fn with_cores(cores: u64, node: Node) -> Node {
    let allocatable = Resources { cpu: Millicores(cores * 1_000), ..node.allocatable };
    Node { allocatable, ..node }
}

/// The key of a pod of these tests.
pub(crate) fn pod_key(name: &str) -> PodKey {
    PodKey { namespace: Namespace::from(NAMESPACE), name: name.into(), uid: name.into() }
}

/// The identity of a job of these tests.
pub(crate) fn job_id(name: &str) -> JobId {
    JobId { namespace: Namespace::from(NAMESPACE), name: name.into(), generation: "".into() }
}

/// A pending pod without a job. It requests 0.1 cores and 128 MiB.
pub(crate) fn pod(name: &str) -> Pod {
    let requests = Resources { cpu: Millicores(100), memory: Bytes(128 << 20), other: Vec::new() };
    Pod {
        key: pod_key(name),
        resource_version: "1".into(),
        labels: Labels::default(),
        annotations: Labels::default(),
        owner: None,
        node: None,
        phase: PodPhase::Active,
        resources: Arc::new(PodRequests { limits: requests.clone(), requests }),
        node_requirements: None,
        claims: None,
        created: Timestamp::UNIX_EPOCH,
        priority: 0,
        has_preferences: false,
        has_unread_filters: false,
        oom_kill: None,
        is_gated: false,
        oversized: None,
        scheduler_name: Arc::from(""),
    }
}

/// The same pod with tolerations of taints with these keys.
pub(crate) fn tolerating(keys: &[&str], pod: Pod) -> Pod {
    let tolerations = keys.iter().map(|key| Toleration::read(key, "Exists", "", "").unwrap());
    eligible(pod, |own| own.tolerations.extend(tolerations))
}

/// The same pod with a node selector of these labels.
pub(crate) fn selecting(labels: &[&str], pod: Pod) -> Pod {
    eligible(pod, |own| own.selector.extend(labels.iter().map(|label| NodeRequirement::equal(label, ""))))
}

/// The same pod with a host port.
pub(crate) fn taking(port: u32, pod: Pod) -> Pod {
    eligible(pod, |own| own.host_ports.push(HostPort::new(port, "", "")))
}

fn eligible(mut pod: Pod, change: impl FnOnce(&mut NodeRequirements)) -> Pod {
    let mut own = pod.node_requirements.take().map(Arc::unwrap_or_clone).unwrap_or_default();
    change(&mut own);
    Pod { node_requirements: (!own.is_empty()).then(|| Arc::new(own)), ..pod }
}

/// The label of a node with its name.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// A [`node`] with the label that local volumes ask for.
pub(crate) fn host(name: &str) -> Node {
    Node { labels: [(HOSTNAME, name)].into_iter().collect(), ..node(name) }
}

/// A volume that can be used on these hosts alone.
pub(crate) fn local_volume(name: &str, hosts: &[&str]) -> PersistentVolume {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let terms = NodeRequirement::of_label(HOSTNAME, "In", &hosts).map(|requirement| vec![requirement]);
    let topology = VolumeTopology { terms: Some(terms.into_iter().collect()), zones: Vec::new() };
    PersistentVolume { name: name.into(), topology: Arc::new(topology) }
}

/// A claim that is bound to a volume.
pub(crate) fn bound_claim(name: &str, volume: &str) -> PersistentVolumeClaim {
    let volume = Some(BoundVolume { name: volume.into(), pod: None });
    PersistentVolumeClaim { id: ObjectId::new(&Namespace::from(NAMESPACE), name), volume }
}

/// The same pod with a volume of this claim.
pub(crate) fn claiming(claim: &str, pod: Pod) -> Pod {
    Pod { claims: PodClaims::new(vec![PodClaim { name: claim.into(), is_ephemeral: false }]), ..pod }
}

/// A pending PE of a job with these annotations: `colocation` for `outrigger.dev/colocation`.
pub(crate) fn pe(job: &str, name: &str, spec: &[(&str, &str)]) -> Pod {
    Pod {
        labels: [("outrigger.dev/job", job)].into_iter().collect(),
        annotations: spec.iter().map(|(key, value)| (format!("outrigger.dev/{key}"), *value)).collect(),
        ..pod(name)
    }
}

/// The same pod, bound to a node.
pub(crate) fn bound_to(node: &str, pod: Pod) -> Pod {
    Pod { node: Some(NodeName::from(node)), ..pod }
}

/// The same pod while it is being deleted.
pub(crate) fn leaving(pod: Pod) -> Pod {
    Pod { phase: PodPhase::Leaving, ..pod }
}

/// The same pod with a scheduling gate that is not Outrigger's.
pub(crate) fn gated(pod: Pod) -> Pod {
    Pod { is_gated: true, ..pod }
}

/// The same pod for another scheduler.
pub(crate) fn scheduled_by(scheduler: &str, pod: Pod) -> Pod {
    Pod { scheduler_name: scheduler.into(), ..pod }
}

/// The same pod in another namespace.
pub(crate) fn in_namespace(namespace: &str, pod: Pod) -> Pod {
    Pod { key: PodKey { namespace: Namespace::from(namespace), ..pod.key }, ..pod }
}

/// The same pod with this CPU request and limit in millicores.
pub(crate) fn asking(millicores: u64, pod: Pod) -> Pod {
    let requests = Resources { cpu: Millicores(millicores), ..Resources::default() };
    Pod { resources: Arc::new(PodRequests { limits: requests.clone(), requests }), ..pod }
}

/// The same pod with this CPU limit in millicores, or its request where the request is larger.
pub(crate) fn limited(millicores: u64, mut pod: Pod) -> Pod {
    let resources = Arc::make_mut(&mut pod.resources);
    resources.limits.cpu = resources.requests.cpu.max(Millicores(millicores));
    pod
}

/// A pool of nodes with all of these tags.
pub(crate) fn pool(name: &str, tags: &[&str], mode: PoolMode) -> Pool {
    let id = ObjectId { namespace: Namespace::from(NAMESPACE), name: name.into() };
    Pool { id, members: PoolMembers::Tagged(tags.iter().map(|tag| Tag::from(*tag)).collect()), mode }
}

/// A pool of these hosts.
pub(crate) fn listed(name: &str, hosts: &[&str], mode: PoolMode) -> Pool {
    let members = PoolMembers::Hosts(hosts.iter().map(|host| Box::from(*host)).collect());
    Pool { members, ..pool(name, &[], mode) }
}

/// A `StreamJob` that declares these values of PEs: `colocation` for `outrigger.dev/colocation`.
pub(crate) fn stream_job(name: &str, pes: &[(&str, &[(&str, &str)])]) -> StreamJob {
    let declared =
        |spec: &[(&str, &str)]| spec.iter().map(|(key, value)| (format!("outrigger.dev/{key}"), *value)).collect();
    StreamJob {
        id: ObjectId { namespace: Namespace::from(NAMESPACE), name: name.into() },
        version: None,
        pes: pes.iter().map(|(pe, spec)| (Arc::from(*pe), declared(spec))).collect(),
        others: Labels::default(),
        override_load_protection: false,
        last_places: Vec::new(),
    }
}

/// One policy of dialect `open-streams`; `placement` is the text of that field in braces.
pub(crate) fn streams_policy(placement: &str) -> PolicySet {
    let text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: streams}}\nspec:\n  \
         selector: {{podSelector: {{matchExpressions: [{{key: streams.ibm.com/job, operator: Exists}}]}}}}\n  \
         dialect: open-streams\n  placement: {{{placement}}}\n"
    );
    PolicySet::parse(&[Source { file: "streams.yaml".to_owned(), text }]).unwrap()
}

/// A pending PE of an open-streams job with the labels of its operator; the pod is named `<job>-<pe>`.
pub(crate) fn streams_pe(job: &str, pe: &str) -> Pod {
    Pod {
        labels: [("streams.ibm.com/job", job), ("streams.ibm.com/pe", pe)].into_iter().collect(),
        ..pod(&format!("{job}-{pe}"))
    }
}

/// A parallel region of a job in namespace `streams`.
pub(crate) fn declared_region(job: &str, name: &str, width: Option<u32>) -> DeclaredRegion {
    DeclaredRegion {
        id: ObjectId::new(&"streams".into(), name),
        job: job.into(),
        alias: format!("of {name}").into(),
        width: width.and_then(NonZeroU32::new),
        field_problems: Vec::new(),
    }
}

/// The values that a `ProcessingElement` declares: `colocation` for `outrigger.dev/colocation`.
pub(crate) fn declared_pe(name: &str, spec: &[(&str, &str)]) -> DeclaredPe {
    DeclaredPe {
        id: ObjectId::new(&Namespace::from(NAMESPACE), name),
        uid: "u1".into(),
        spec: spec.iter().map(|(key, value)| (format!("outrigger.dev/{key}"), *value)).collect(),
        field_problems: Vec::new(),
    }
}

/// The mode of a shared pool of this size.
pub(crate) fn sized(nodes: u32) -> PoolMode {
    PoolMode::SharedSized(NonZeroU32::new(nodes).unwrap())
}

/// The mode of an exclusive pool of this size.
pub(crate) fn exclusive(nodes: u32) -> PoolMode {
    PoolMode::Exclusive(NonZeroU32::new(nodes).unwrap())
}

/// A cluster with all kinds listed and the default policies.
pub(crate) fn cluster(nodes: Vec<Node>, pools: Vec<Pool>, pods: Vec<Pod>) -> Cluster {
    governed(policies(""), nodes, pools, pods)
}

/// A cluster with all kinds listed and these policies.
pub(crate) fn governed(policies: PolicySet, nodes: Vec<Node>, pools: Vec<Pool>, pods: Vec<Pod>) -> Cluster {
    let mut cluster = Cluster::new(policies);
    cluster.apply(Event::listed(nodes));
    cluster.apply(Event::listed(pools));
    cluster.apply(Event::listed::<StreamJob>(Vec::new()));
    cluster.apply(Event::listed(pods));
    cluster
}

/// A shortage of a resource.
pub(crate) fn shortage(resource: &'static str, requested: u64, free: u64) -> Shortage {
    Shortage { resource: resource.into(), requested, free }
}

/// The decision about a PE, as for a request of kube-scheduler.
pub(crate) fn decide<'a>(cluster: &'a Cluster, pod: &str) -> PlacementDecision<'a> {
    let (_, pe) = cluster.pod(pod).unwrap();
    decide_pe(pe.unwrap(), cluster.snapshot())
}

/// The decision about a PE that the cluster may not have.
pub(crate) fn decide_pe<'a>(pe: &Arc<Pe>, snapshot: &'a Snapshot) -> PlacementDecision<'a> {
    let snapshot = match snapshot.prepare_for(pe) {
        Cow::Borrowed(snapshot) => snapshot,
        Cow::Owned(prepared) => Box::leak(Box::new(prepared)),
    };
    PlacementDecision::new(pe, snapshot, Foresight::Gang(plan_gang(pe, snapshot)))
}

/// Filters one node for a PE.
pub(crate) fn filter_node(cluster: &Cluster, pod: &str, node: &str) -> Result<(), Rejection> {
    let index = cluster.snapshot().find(node).ok_or(Rejection::NodeUnknown)?;
    decide(cluster, pod).filter(index)
}

/// The reason of the rejection of each node for a PE; `None` for nodes that pass.
pub(crate) fn reasons(cluster: &Cluster, pod: &str) -> BTreeMap<String, Option<Reason>> {
    let names = cluster.snapshot().nodes().map(|(_, row, _)| row.name.to_string());
    names
        .map(|name| (name.clone(), filter_node(cluster, pod, &name).err().map(|rejection| rejection.reason())))
        .collect()
}

/// The nodes that pass for a PE, best first; the node of a plan alone, where there is one.
pub(crate) fn choice(cluster: &Cluster, pod: &str) -> Vec<String> {
    let decision = decide(cluster, pod);
    let mut pass: Vec<NodeIndex> =
        cluster.snapshot().indexes().filter(|index| decision.filter(*index).is_ok()).collect();
    if let Some(planned) = decision.planned_node().filter(|planned| pass.contains(planned)) {
        pass = vec![planned];
    }
    let ranked = decision.rank(&pass);
    ranked.into_iter().map(|node| node.name.to_string()).collect()
}

/// Assumes a pending PE on its best node, as bind does. Returns the node, or `None` where no node passes.
pub(crate) fn place(cluster: &mut Cluster, pod: &str) -> Option<String> {
    let best = choice(cluster, pod).into_iter().next()?;
    cluster.assume(&PodUid::from(pod), &NodeName::from(&best)).unwrap();
    Some(best)
}

/// Like [`place`]; the nodes of the PE's gang or bucket are reserved too, as bind does.
pub(crate) fn place_and_reserve(cluster: &mut Cluster, pod: &str) -> Option<String> {
    let best = choice(cluster, pod).into_iter().next()?;
    let decision = decide(cluster, pod);
    let snapshot = cluster.snapshot();
    let places = decision.places_of_group(snapshot.find(&best)?).into_iter();
    let places = places.map(|(pe, node)| (pe.pod.key.uid.clone(), snapshot.node(node).unwrap().name.clone()));
    let (job, places): (_, Vec<(PodUid, NodeName)>) = (decision.pe().job.clone(), places.collect());
    cluster.assume(&PodUid::from(pod), &NodeName::from(&best)).unwrap();
    cluster.reserve(&job, &places);
    Some(best)
}

/// Golden files of requests and responses: `NAME.request.json` and `NAME.response.json` in a folder of `tests/golden`.
pub(crate) struct Golden(pub(crate) &'static str);

impl Golden {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(self.0).join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "golden files stand beside the other tests")]
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn cases(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.path("")).unwrap();
        let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut cases: Vec<String> =
            files.filter_map(|name| Some(name.strip_suffix(".request.json")?.to_owned())).collect();
        cases.sort();
        assert!(cases.len() > 10, "the golden files are there");
        cases
    }

    /// Compares the response to each request with its file.
    pub(crate) fn check(&self, answer: impl Fn(&str) -> String) {
        for case in self.cases() {
            assert_eq!(answer(&case), self.read(&format!("{case}.response.json")), "{case}");
        }
    }

    /// Writes all response files.
    #[expect(clippy::disallowed_methods, reason = "golden files stand beside the other tests")]
    pub(crate) fn write(&self, answer: impl Fn(&str) -> String) {
        for case in self.cases() {
            std::fs::write(self.path(&format!("{case}.response.json")), answer(&case)).unwrap();
        }
    }
}

/// The same pod as PE `name` of job `j`, with an owner that outlives the pod.
pub(crate) fn lasting(name: &str, pod: Pod) -> Pod {
    let labels = [("outrigger.dev/job", "j"), ("outrigger.dev/pe", name)].into_iter().collect();
    Pod {
        labels,
        owner: Some(Arc::new(Owner { name: "set".into(), uid: "owner".into(), kind: OwnerKind::Other, is_only: true })),
        ..pod
    }
}
