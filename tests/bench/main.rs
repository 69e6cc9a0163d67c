//! What a decision costs: by itself, over the wire, and in memory: `make bench`.
//!
//! The PE in question asks for a pool that holds every second node, shares a node with one PE of its job and shares
//! none with three others; ten PEs run on every node. Figures on a shared machine are only good for comparisons within
//! one run.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up has nothing to say"
)]

mod cluster;
mod demand;
mod memory;
mod reviewed;
mod served;
mod wire;

use std::sync::Arc;

use divan::{Bencher, black_box, counter::ItemsCount};
use jiff::Timestamp;
use outrigger::admission::{self, Context, KnownDemand};
use outrigger::extender::{self, LastAttempt, SchedulingContext};
use outrigger::model::{
    Declarations, DemandedQuantity, LimitRange, Namespace, ObjectId, Pe, PodUid, Pools, QuotaDemand, RequestRange,
    ResourceConstraints, ResourceList, ResourceQuota,
};
use outrigger::placement::{Budget, Foresight, PlacementDecision, plan, plan_gang};
use outrigger::state::{Cluster, NodeIndex, Reservations, Snapshot};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NODES: [usize; 4] = [100, 1_000, 5_000, 15_000];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| *argument != "--bench").collect();
    match chosen.as_slice() {
        [] => {
            divan::main();
            served::run();
            reviewed::run();
            memory::run();
            demand::run();
        }
        ["served"] => served::run(),
        ["reviewed"] => reviewed::run(),
        ["serve"] => reviewed::serve(),
        ["memory"] => memory::run(),
        ["demand-memory"] => demand::run(),
        ["hold-demand", jobs, nodes] => demand::hold(jobs.parse().unwrap(), nodes.parse().unwrap()),
        ["hold", nodes, pes] => memory::hold(nodes.parse().unwrap(), pes.parse().unwrap()),
        _ => divan::main(),
    }
}

/// The rules for one PE before every node, and nothing else.
#[divan::bench(args = NODES)]
fn verdicts(bencher: Bencher<'_, '_>, nodes: usize) {
    let cluster = cluster::cluster(nodes);
    let body = cluster::question(nodes);
    let pe = Arc::new(
        cluster.policies().pe(&extender::decode_arguments(&body).unwrap().pod, &Declarations::default()).unwrap(),
    );
    let all: Vec<NodeIndex> = cluster.snapshot().indexes().collect();
    bencher.counter(ItemsCount::new(nodes)).bench(|| {
        let decision = decide(black_box(&pe), cluster.snapshot());
        all.iter().filter(|index| decision.filter(**index).is_ok()).count()
    });
}

fn decide<'a>(pe: &Arc<Pe>, snapshot: &'a Snapshot) -> PlacementDecision<'a> {
    PlacementDecision::new(pe, snapshot, Foresight::Gang(plan_gang(pe, snapshot)))
}

/// filter as a whole: bytes to bytes, with every node named.
#[divan::bench(args = NODES)]
fn filter(bencher: Bencher<'_, '_>, nodes: usize) {
    let cluster = cluster::cluster(nodes);
    let body = cluster::question(nodes);
    bencher.counter(ItemsCount::new(nodes)).bench(|| {
        let arguments = extender::decode_arguments(black_box(&body)).unwrap();
        let view = SchedulingContext {
            filter_decides: false,
            ..SchedulingContext::new(cluster.snapshot(), cluster.policies())
        };
        extender::filter(&arguments, view).body
    });
}

/// prioritize as a whole: bytes to bytes.
#[divan::bench(args = NODES)]
fn prioritize(bencher: Bencher<'_, '_>, nodes: usize) {
    let cluster = cluster::cluster(nodes);
    let body = cluster::question(nodes);
    bencher.counter(ItemsCount::new(nodes)).bench(|| {
        let arguments = extender::decode_arguments(black_box(&body)).unwrap();
        extender::prioritize(&arguments, SchedulingContext::new(cluster.snapshot(), cluster.policies())).body
    });
}

/// The best nodes for one PE and the scores of all, and nothing else.
#[divan::bench(args = NODES)]
fn ranks(bencher: Bencher<'_, '_>, nodes: usize) {
    let cluster = cluster::cluster(nodes);
    let body = cluster::question(nodes);
    let pe = Arc::new(
        cluster.policies().pe(&extender::decode_arguments(&body).unwrap().pod, &Declarations::default()).unwrap(),
    );
    let all: Vec<NodeIndex> = cluster.snapshot().indexes().collect();
    bencher.counter(ItemsCount::new(nodes)).bench(|| {
        let decision = decide(black_box(&pe), cluster.snapshot());
        decision.rank_best(3, &all, &[]).others.len()
    });
}

/// The rules for one PE of a group of so many that must not share a node, before 5,000 nodes.
#[divan::bench(args = [4, 100])]
fn verdicts_of_exlocated_pes(bencher: Bencher<'_, '_>, pes: usize) {
    let cluster = cluster::waiting(5_000, cluster::apart(pes));
    let (_, pe) = cluster.pod("uid-waiting-0").unwrap();
    let pe = pe.unwrap();
    let all: Vec<NodeIndex> = cluster.snapshot().indexes().collect();
    bencher.bench(|| {
        let decision = decide(black_box(pe), cluster.snapshot());
        all.iter().filter(|index| decision.filter(**index).is_ok()).count()
    });
}

/// A plan for a job of so many PEs, before 5,000 nodes.
#[divan::bench(args = [10, 100, 1_000], sample_count = 10)]
fn plan_of_a_job(bencher: Bencher<'_, '_>, pes: usize) {
    planned(bencher, cluster::group("waiting", pes));
}

/// A plan for so many jobs of one PE each, before 5,000 nodes.
#[divan::bench(args = [10, 100, 1_000], sample_count = 10)]
fn plan_of_single_pes(bencher: Bencher<'_, '_>, pes: usize) {
    planned(bencher, cluster::singles(pes));
}

fn planned(bencher: Bencher<'_, '_>, pods: Vec<Value>) {
    let uid = |pod: &Value| pod.pointer("/metadata/uid").unwrap().as_str().unwrap().to_owned();
    let uids: Vec<String> = pods.iter().map(uid).collect();
    let cluster = cluster::waiting(5_000, pods);
    let waiting: Vec<_> = uids.iter().map(|uid| Arc::clone(cluster.pod(uid).unwrap().1.unwrap())).collect();
    bencher.bench(|| {
        let plan = plan(cluster.snapshot(), black_box(&waiting), Budget::default());
        assert!(plan.unplaced.is_empty());
        plan.cost
    });
}

/// Reading the question: part of filter and of prioritize.
#[divan::bench(args = NODES)]
fn decode(bencher: Bencher<'_, '_>, nodes: usize) {
    let body = cluster::question(nodes);
    bencher
        .counter(ItemsCount::new(nodes))
        .bench(|| extender::decode_arguments(black_box(&body)).unwrap().candidates.names().len());
}

/// What filter and prioritize each do first while ten PEs are being bound: the cluster as it will be.
#[divan::bench(args = NODES)]
fn with_reservations(bencher: Bencher<'_, '_>, nodes: usize) {
    let cluster = cluster::waiting(nodes, cluster::singles(10));
    let mut reservations = Reservations::default();
    for (number, index) in cluster.snapshot().indexes().step_by(nodes / 10).take(10).enumerate() {
        let (_, pe) = cluster.pod(&format!("uid-single-{number}-1")).unwrap();
        let name = cluster.snapshot().node(index).unwrap().name.clone();
        reservations.reserve([(Arc::clone(pe.unwrap()), name)], Timestamp::UNIX_EPOCH);
    }
    let question = PodUid::from("uid-subject");
    bencher.bench(|| {
        reservations.with_reservations(black_box(cluster.snapshot()), &question, Timestamp::UNIX_EPOCH).is_some()
    });
}

/// A watch event of one pod, and the snapshot that comes of it.
#[divan::bench(args = NODES)]
fn watch_event(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut cluster = cluster::cluster(nodes);
    let event = cluster::change(nodes);
    // Requests go on reading the one before.
    let mut published = cluster.snapshot().clone();
    bencher.bench_local(|| {
        cluster.apply(event.clone());
        published = cluster.snapshot().clone();
    });
    drop(published);
}

/// A watch event of one `StreamJob`, whose PEs are read again.
#[divan::bench(args = NODES)]
fn stream_job_event(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut cluster = cluster::cluster(nodes);
    let mut versions = cluster::stream_job_versions(nodes).into_iter().cycle();
    bencher.bench_local(|| cluster.apply(versions.next().unwrap()));
}

/// Admission of a pod that no policy governs: what every other pod of the cluster pays.
#[divan::bench]
fn admission_not_ours(bencher: Bencher<'_, '_>) {
    review(bencher, include_bytes!("../golden/admission/no-policy.request.json"));
}

/// Admission of a PE: sidecar, sizing, affinity, tolerations, and the proof of the patch.
#[divan::bench]
fn admission_of_a_pe(bencher: Bencher<'_, '_>) {
    review(bencher, include_bytes!("../golden/admission/deployment-pod.request.json"));
}

/// The same in a namespace with a `LimitRange` and a `ResourceQuota`.
#[divan::bench]
fn admission_of_a_pe_in_a_constrained_namespace(bencher: Bencher<'_, '_>) {
    review_in(bencher, include_bytes!("../golden/admission/deployment-pod.request.json"), &constraints());
}

/// A PE with 36 environment variables in such a namespace.
#[divan::bench]
fn admission_of_a_large_pe_in_a_constrained_namespace(bencher: Bencher<'_, '_>) {
    review_in(bencher, &reviewed::review(&reviewed::PE), &constraints());
}

/// Bounds of containers and pods that a PE of the shipped policy keeps, and a quota that it meets.
fn constraints() -> ResourceConstraints {
    let list = |cpu: &str, memory: &str| {
        let mut list = ResourceList::default();
        list.set("cpu", cpu).unwrap();
        list.set("memory", memory).unwrap();
        list
    };
    let mut constraints = ResourceConstraints::default();
    let id = ObjectId::new(&Namespace::from("streams"), "bounds");
    let range = RequestRange { min: list("1m", "1Mi"), ..RequestRange::default() };
    constraints.put_limit_range(LimitRange { id: id.clone(), container: range.clone(), pod: range });
    let quantities = vec![DemandedQuantity::CpuRequest, DemandedQuantity::MemoryRequest];
    constraints.put_quota(ResourceQuota { id, demand: QuotaDemand { scopes: Vec::new(), quantities } });
    constraints
}

/// A PE with 36 environment variables.
#[divan::bench]
fn admission_of_a_large_pe(bencher: Bencher<'_, '_>) {
    review(bencher, &reviewed::review(&reviewed::PE));
}

fn review(bencher: Bencher<'_, '_>, body: &[u8]) {
    review_in(bencher, body, &ResourceConstraints::default());
}

fn review_in(bencher: Bencher<'_, '_>, body: &[u8], constraints: &ResourceConstraints) {
    let policies = cluster::policies();
    let pools = Pools::default();
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &Declarations::default(),
        constraints,
        demand: KnownDemand::default(),
    };
    bencher.bench(|| admission::mutate(black_box(body), context).unwrap().body);
}

/// filter of one member of a gang of exlocated PEs that has one PE more than there are nodes: the plan is made anew.
#[divan::bench(args = [300, 1_000], sample_count = 10)]
fn infeasible_gang(bencher: Bencher<'_, '_>, nodes: usize) {
    let (cluster, body) = gang_of(nodes + 1, nodes);
    bencher.bench(|| {
        let view = SchedulingContext::new(cluster.snapshot(), cluster.policies());
        let filtered = extender::filter(&extender::decode_arguments(black_box(&body)).unwrap(), view);
        assert!(filtered.passed.is_empty());
    });
}

/// The same again in the same snapshot: what was looked up is kept.
#[divan::bench(args = [300, 1_000])]
fn infeasible_gang_repeated(bencher: Bencher<'_, '_>, nodes: usize) {
    let (cluster, body) = gang_of(nodes + 1, nodes);
    let view = SchedulingContext::new(cluster.snapshot(), cluster.policies());
    let first = extender::filter(&extender::decode_arguments(&body).unwrap(), view).attempt;
    let last_attempt = LastAttempt { cached_cycle: first.cached_cycle, unbound: Vec::new() };
    bencher.bench(|| {
        let view = SchedulingContext {
            last_attempt: &last_attempt,
            ..SchedulingContext::new(cluster.snapshot(), cluster.policies())
        };
        extender::filter(&extender::decode_arguments(black_box(&body)).unwrap(), view).passed.len()
    });
}

/// filter of an isolated PE where other PEs run on every node, so that every node is rejected.
#[divan::bench(args = NODES)]
fn rejected(bencher: Bencher<'_, '_>, nodes: usize) {
    let (cluster, body) = isolated_pe(nodes);
    bencher.bench(|| rejects_all(&cluster, &body, &LastAttempt::default()));
}

/// The same again after another pod has changed: what was looked up about the PE is kept, and the nodes are filtered anew.
#[divan::bench(args = NODES)]
fn rejected_repeated(bencher: Bencher<'_, '_>, nodes: usize) {
    let (mut cluster, body) = isolated_pe(nodes);
    let view = SchedulingContext::new(cluster.snapshot(), cluster.policies());
    let first = extender::filter(&extender::decode_arguments(&body).unwrap(), view).attempt;
    let last_attempt = LastAttempt { cached_cycle: first.cached_cycle, unbound: Vec::new() };
    cluster.apply(cluster::change(nodes));
    bencher.bench(|| rejects_all(&cluster, &body, &last_attempt));
}

/// A cluster in which an isolated PE waits, and the question about the PE.
fn isolated_pe(nodes: usize) -> (Cluster, Vec<u8>) {
    let pods = cluster::isolated();
    let body = cluster::question_about(&pods[0], nodes);
    (cluster::waiting(nodes, pods), body)
}

fn rejects_all(cluster: &Cluster, body: &[u8], last_attempt: &LastAttempt) {
    let view = SchedulingContext {
        last_attempt,
        asked_by_kube_scheduler: true,
        ..SchedulingContext::new(cluster.snapshot(), cluster.policies())
    };
    let filtered = extender::filter(&extender::decode_arguments(black_box(body)).unwrap(), view);
    assert!(filtered.passed.is_empty() && filtered.error.is_none());
}

/// filter of one member of a gang of exlocated PEs that fits.
#[divan::bench(args = [300, 1_000], sample_count = 3)]
fn feasible_gang(bencher: Bencher<'_, '_>, nodes: usize) {
    let (cluster, body) = gang_of(nodes, nodes);
    bencher.bench(|| {
        let view = SchedulingContext::new(cluster.snapshot(), cluster.policies());
        let filtered = extender::filter(&extender::decode_arguments(black_box(&body)).unwrap(), view);
        assert_eq!(filtered.passed.len(), 1);
    });
}

/// A pending gang of so many exlocated PEs in a cluster of so many nodes, and the question about its first member.
fn gang_of(pes: usize, nodes: usize) -> (Cluster, Vec<u8>) {
    let pods = cluster::gang(pes);
    let body = cluster::question_about(&pods[0], nodes);
    (cluster::waiting(nodes, pods), body)
}
