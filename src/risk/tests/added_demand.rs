//! The risk with one PE more is that of the node with the PE on it, never falls, and is what a simulation finds.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::basis::RiskBasis;
use super::super::calibration::{Calibration, Observation};
use super::super::demand_sums::{DemandSums, JobSums};
use super::super::node_class::NodeClass;
use super::super::node_demand::NodeDemand;
use super::super::normal::tail;
use super::super::pod_demand::PodDemand;
use super::AddedDemand;
use crate::model::{
    Bytes, Declarations, DemandForecasts, DemandKey, DemandPath, DemandResource, DemandShare, JobDemand,
    MOST_HORIZON_STEPS, Millicores, Node, OfResources, Pod, PodRequests, Resources,
};
use crate::testing::{NAMESPACE, limited, node, pe, pod, policies};

const GIB: f32 = 1_024.0 * 1_024.0 * 1_024.0;

/// A job with a forecast for CPU and memory.
#[derive(Clone, Debug)]
struct Job {
    cpu: Vec<f32>,
    memory: f32,
    deviation: f32,
    share: f32,
    own: f32,
}

/// A node with pods: the numbers of jobs, of which some have no forecast; 9 is a pod that is no PE.
#[derive(Clone, Debug)]
struct World {
    jobs: Vec<Job>,
    others: Option<f32>,
    pods: Vec<usize>,
    added: usize,
    requests: u64,
    limits: u64,
}

fn worlds() -> impl Strategy<Value = World> {
    let path = prop::collection::vec(0.0..6_000.0_f32, MOST_HORIZON_STEPS);
    let job = (path, 0.0..20.0_f32, 0.0..0.8_f32, 0.0..1.0_f32, 0.0..0.8_f32)
        .prop_map(|(cpu, memory, deviation, share, own)| Job { cpu, memory: memory * GIB, deviation, share, own });
    let jobs = prop::collection::vec(job, 1..4);
    let pods = prop::collection::vec(prop_oneof![4 => 0..5_usize, 1 => Just(9)], 0..6);
    (jobs, prop::option::of(0.0..3_000.0_f32), pods, 0..5_usize, 0..1_500_u64, 0..3_000_u64)
        .prop_map(|(jobs, others, pods, added, requests, limits)| World { jobs, others, pods, added, requests, limits })
}

impl World {
    fn forecasts(&self) -> Arc<DemandForecasts> {
        let path = |mean: [f32; MOST_HORIZON_STEPS], deviation: f32| {
            Some(DemandPath { mean, deviation: mean.map(|mean| mean * deviation) })
        };
        let demand = |job: &Job| {
            let share = Some(DemandShare { of_job: job.share, own_deviation: job.own, peak: 0.0 });
            let cpu = path(std::array::from_fn(|step| job.cpu[step]), job.deviation);
            let memory = path([job.memory; MOST_HORIZON_STEPS], job.deviation);
            let interchangeable = OfResources { cpu: share, memory: share };
            JobDemand { total: OfResources { cpu, memory }, interchangeable, ..JobDemand::default() }
        };
        let key = |number: usize| DemandKey { namespace: NAMESPACE.into(), job: format!("j{number}").into() };
        let jobs = self.jobs.iter().enumerate().map(|(number, job)| (key(number), Arc::new(demand(job))));
        let others = self.others.map(|cpu| {
            let cpu = path([cpu; MOST_HORIZON_STEPS], 0.1);
            (node("n").name, OfResources { cpu, memory: None })
        });
        Arc::new(DemandForecasts {
            step: jiff::SignedDuration::from_mins(5),
            steps: MOST_HORIZON_STEPS,
            jobs: jobs.collect(),
            others: others.into_iter().collect(),
            ..DemandForecasts::default()
        })
    }

    fn basis(&self) -> RiskBasis {
        RiskBasis::new(&self.forecasts(), &Calibration::default(), Timestamp::UNIX_EPOCH).unwrap()
    }

    fn pod(&self, kind: usize, name: &str) -> Pod {
        let base = if kind == 9 { pod(name) } else { pe(&format!("j{kind}"), name, &[]) };
        let requests = Resources { cpu: Millicores(self.requests), memory: Bytes(1 << 29), other: Vec::new() };
        limited(self.limits, Pod { resources: Arc::new(PodRequests { limits: requests.clone(), requests }), ..base })
    }

    fn demand(&self, basis: &RiskBasis, kind: usize, name: &str) -> PodDemand {
        let pod = Arc::new(self.pod(kind, name));
        let pe = policies("").pe(&pod, &Declarations::default());
        basis.pod_demand(&pod, pe.as_ref())
    }

    fn sums(&self, basis: &RiskBasis) -> DemandSums {
        let mut sums = DemandSums::default();
        for (number, kind) in self.pods.iter().enumerate() {
            sums.add(&self.demand(basis, *kind, &format!("p{number}")));
        }
        sums
    }
}

fn risk(added: &AddedDemand, sums: &DemandSums, node: &Node, basis: &RiskBasis) -> f64 {
    added.risk_on(&NodeDemand::new(Some(sums), node, basis), basis, || Some(sums))
}

proptest! {
    #[test]
    fn the_risk_with_a_pe_is_that_of_the_node_with_the_pe_on_it(world in worlds()) {
        let (basis, node) = (world.basis(), node("n"));
        let mut sums = world.sums(&basis);
        let demand = world.demand(&basis, world.added, "new");
        let added = AddedDemand::new(JobSums::of_pe(&demand).unwrap());
        let increment = risk(&added, &sums, &node, &basis);
        sums.add(&demand);
        let recomputed = risk(&AddedDemand::nothing(), &sums, &node, &basis);
        prop_assert!((increment - recomputed).abs() < 2e-5, "{} {}", increment, recomputed);
    }

    #[test]
    fn another_pe_never_lowers_the_risk(world in worlds()) {
        let (basis, node) = (world.basis(), node("n"));
        let sums = world.sums(&basis);
        let added = AddedDemand::new(JobSums::of_pe(&world.demand(&basis, world.added, "new")).unwrap());
        let (before, after) = (
            risk(&AddedDemand::nothing(), &sums, &node, &basis), risk(&added, &sums, &node, &basis),
        );
        prop_assert!(after >= before - 1e-6, "{} {}", before, after);
        prop_assert!(before > 0.0 && after < 1.0, "nothing is impossible or certain: {} {}", before, after);
    }

    /// The quick exit gives what the steps give.
    #[test]
    fn a_node_that_is_far_has_the_risk_of_its_worst_step(world in worlds()) {
        let (basis, node) = (world.basis(), node("n"));
        let sums = world.sums(&basis);
        let added = AddedDemand::new(JobSums::of_pe(&world.demand(&basis, world.added, "new")).unwrap());
        let demand = NodeDemand::new(Some(&sums), &node, &basis);
        let worst = DemandResource::ALL.map(|resource| added.worst_step(&demand, resource, Some(&sums)));
        let steps = worst.map(|worst| tail(worst.distance)).into_iter().fold(0.0, f64::max);
        prop_assert!((risk(&added, &sums, &node, &basis) - steps).abs() < 1e-9);
    }
}

/// Standard normal numbers, the same at every run: Box and Muller 1958 over an xorshift generator.
struct Normal(u64);

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (f64::from(u32::try_from(self.0 >> 32).unwrap()) + 0.5) / 4_294_967_296.0
    }

    fn next(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Errors of all steps, each with this correlation to the one before.
    fn errors(&mut self, correlation: f64) -> [f64; MOST_HORIZON_STEPS] {
        let mut last = self.next();
        std::array::from_fn(|step| {
            if step > 0 {
                last = correlation.mul_add(last, correlation.mul_add(-correlation, 1.0).sqrt() * self.next());
            }
            last
        })
    }
}

/// How often the use of a node passes four cores: at the worst step, and at any step. Three PEs of one job and two of another,
/// each job with a common factor, each PE with its own.
fn simulated(jobs: &[(&Job, usize)], others: f64, correlation: f64) -> (f64, f64) {
    const RUNS: usize = 40_000;
    let mut normal = Normal(0x2545_f491_4f6c_dd1d);
    let mut at_step = [0_usize; MOST_HORIZON_STEPS];
    let mut at_any = 0;
    for _ in 0..RUNS {
        let mut used = normal.errors(correlation).map(|error| others * 0.1_f64.mul_add(error, 1.0));
        for (job, pes) in jobs {
            let common = normal.errors(correlation);
            for _ in 0..*pes {
                let own = normal.errors(correlation);
                for (step, used) in used.iter_mut().enumerate() {
                    let shared = f64::from(job.deviation).mul_add(common[step], 1.0);
                    let factor = f64::from(job.own).mul_add(own[step], shared);
                    *used += f64::from(job.cpu[step]) * f64::from(job.share) * factor;
                }
            }
        }
        let over = used.map(|used| used > 4_000.0);
        at_step.iter_mut().zip(over).for_each(|(count, over)| *count += usize::from(over));
        at_any += usize::from(over.contains(&true));
    }
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    let share = |count: usize| number(count) / number(RUNS);
    (share(*at_step.iter().max().unwrap()), share(at_any))
}

#[test]
fn the_risk_is_what_a_simulation_finds() {
    let rising =
        |peak: f32| (0..12_u8).map(|step| peak * (0.5 + (f32::from(step) / 16.0).min(0.5))).collect::<Vec<f32>>();
    let flat = |mean: f32| vec![mean; MOST_HORIZON_STEPS];
    let job = |cpu: Vec<f32>, deviation: f32| Job { cpu, memory: 0.0, deviation, share: 0.2, own: 0.2 };
    let cases = [
        (job(rising(4_000.0), 0.2), job(flat(1_500.0), 0.1)),
        (job(rising(3_200.0), 0.4), job(rising(3_000.0), 0.1)),
        (job(flat(3_500.0), 0.25), job(flat(2_000.0), 0.25)),
    ];
    for (one, other) in cases {
        let world = World {
            jobs: vec![one.clone(), other.clone()],
            others: Some(800.0),
            pods: vec![0, 0, 0, 1],
            added: 1,
            requests: 100,
            limits: 0,
        };
        let (basis, node) = (world.basis(), node("n"));
        let sums = world.sums(&basis);
        let added = AddedDemand::new(JobSums::of_pe(&world.demand(&basis, 1, "new")).unwrap());
        let demand = NodeDemand::new(Some(&sums), &node, &basis);
        let stated = tail(added.worst_step(&demand, DemandResource::Cpu, Some(&sums)).distance);
        let at_worst = simulated(&[(&one, 3), (&other, 2)], 800.0, 0.95);
        assert!((stated - at_worst.0).abs() < 0.01, "at the worst step: {stated} {at_worst:?}");
        // The documented bound: the truth is between the largest step and three times as much.
        assert!(at_worst.1 >= stated - 0.01 && at_worst.1 <= 3.0 * stated, "at any step: {stated} {at_worst:?}");
        let same = simulated(&[(&one, 3), (&other, 2)], 800.0, 1.0);
        assert!(same.1 <= 1.6 * stated, "nearly exact where the errors of all steps are the same: {stated} {same:?}");
    }
}

/// Were variances of PEs of one job added as if the PEs were independent, the risk would be far too low.
#[test]
fn pes_of_one_job_move_together() {
    let of_one = |jobs: [usize; 4]| {
        let job = Job { cpu: vec![3_600.0; 12], memory: 0.0, deviation: 0.4, share: 0.25, own: 0.0 };
        let world = World {
            jobs: vec![job.clone(), job.clone(), job.clone(), job],
            others: Some(0.0),
            pods: jobs.to_vec(),
            added: 0,
            requests: 100,
            limits: 0,
        };
        let basis = world.basis();
        let (together, node) = (world.sums(&basis), node("n"));
        risk(&AddedDemand::nothing(), &together, &node, &basis)
    };
    let (same, different) = (of_one([0, 0, 0, 0]), of_one([0, 1, 2, 3]));
    assert!((same - tail(400.0 / 1_440.0)).abs() < 1e-3, "{same}");
    assert!((different - tail(400.0 / 720.0)).abs() < 1e-3, "{different}");
}

#[test]
fn what_was_learnt_corrects_the_risk_of_near_and_of_far_nodes() {
    let job = Job { cpu: vec![100.0; 12], memory: 0.0, deviation: 0.1, share: 0.25, own: 0.0 };
    let world = World { jobs: vec![job], others: Some(100.0), pods: vec![0], added: 0, requests: 1, limits: 0 };
    let node = node("n");
    let mut learnt = Calibration::default();
    for _ in 0..4_000 {
        let class = NodeClass::of_node(&node);
        learnt.observe(&[Observation { class, resource: DemandResource::Cpu, distance: 4.25, happened: true }]);
    }
    let basis = RiskBasis::new(&world.forecasts(), &learnt, Timestamp::UNIX_EPOCH).unwrap();
    let corrected = risk(&AddedDemand::nothing(), &world.sums(&basis), &node, &basis);
    assert!(corrected > 0.01, "{corrected}");
    let stated = risk(&AddedDemand::nothing(), &world.sums(&world.basis()), &node, &world.basis());
    assert!(stated < 1e-4, "{stated}");
}
