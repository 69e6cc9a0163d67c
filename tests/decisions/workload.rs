//! A workload: jobs that come and go, with PEs whose use follows the load of their job.

use crate::random::Random;
use crate::series::{STEPS_OF_A_DAY, Shapes};

/// Two weeks.
pub(crate) const STEPS: usize = 14 * STEPS_OF_A_DAY;

/// The size of a workload and of its cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) pes: usize,
    pub(crate) nodes: usize,
}

/// Millicores of a node.
pub(crate) const NODE_CPU: f64 = 16_000.0;
/// Bytes of a node.
pub(crate) const NODE_MEMORY: f64 = 137_438_953_472.0;
/// The use of all jobs at their mean load, where all are there, as a share of the cluster.
const LOAD: f64 = 0.62;

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) pes: Vec<Pe>,
    series: usize,
    /// Where the job begins in its series.
    shift: usize,
    /// How much the load strays from its mean, as a multiple of the series.
    stretch: f64,
    /// The steps at which the job comes and goes, in turn; the first is a start.
    turns: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Pe {
    pub(crate) name: String,
    /// Use of CPU at the mean load of the job, in millicores.
    pub(crate) cpu: f64,
    /// Use of memory in bytes.
    pub(crate) memory: f64,
    pub(crate) request: f64,
    pub(crate) limit: f64,
    pub(crate) memory_request: f64,
    /// The deviation of the PE's own use, as a share of its use.
    noise: f64,
}

/// What happens to a job at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Starts,
    Ends,
}

#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) jobs: Vec<Job>,
    seed: u64,
}

impl Workload {
    pub(crate) fn new(shapes: &Shapes, size: Size, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut jobs = Vec::new();
        let mut pes = 0;
        while pes < size.pes {
            let count = (4 + random.below(17)).min(size.pes - pes);
            pes += count;
            jobs.push(Job::new(format!("job-{:03}", jobs.len()), count, shapes, &mut random));
        }
        let total: f64 = jobs.iter().flat_map(|job| &job.pes).map(|pe| pe.cpu).sum();
        let scale = LOAD * NODE_CPU * size.nodes as f64 / total;
        for pe in jobs.iter_mut().flat_map(|job| &mut job.pes) {
            pe.scale(scale);
        }
        Self { jobs, seed }
    }

    /// The use of CPU of a PE at a step, in millicores.
    pub(crate) fn cpu(&self, shapes: &Shapes, (job, pe): (usize, usize), step: usize) -> f64 {
        let owner = &self.jobs[job];
        let subject = &owner.pes[pe];
        let place = self.seed ^ ((job as u64) << 40) ^ ((pe as u64) << 24) ^ step as u64;
        let own = subject.noise.mul_add(Random::new(place).normal(), 1.0);
        (subject.cpu * owner.load(shapes, step) * own).max(0.0)
    }
}

impl Job {
    fn new(name: String, pes: usize, shapes: &Shapes, random: &mut Random) -> Self {
        let mut turns = vec![random.below(STEPS_OF_A_DAY)];
        while let Some(last) = turns.last().copied().filter(|last| *last < STEPS) {
            let mean = if turns.len() % 2 == 1 { 3.0 } else { 0.5 } * STEPS_OF_A_DAY as f64;
            turns.push(last + 24 + random.exponential(mean) as usize);
        }
        Self {
            pes: (0..pes).map(|number| Pe::new(number, random)).collect(),
            series: random.below(shapes.len()),
            shift: random.below(20 * STEPS_OF_A_DAY),
            stretch: random.between(1.0, 3.0),
            turns,
            name,
        }
    }

    /// The load as a multiple of the mean load.
    fn load(&self, shapes: &Shapes, step: usize) -> f64 {
        (shapes.value(self.series, self.shift + step) - 1.0).mul_add(self.stretch, 1.0).max(0.02)
    }

    pub(crate) fn turn_at(&self, step: usize) -> Option<Turn> {
        let place = self.turns.binary_search(&step).ok()?;
        Some(if place % 2 == 0 { Turn::Starts } else { Turn::Ends })
    }
}

impl Pe {
    fn new(number: usize, random: &mut Random) -> Self {
        let cpu = random.between(-1.0, 1.0).exp();
        let memory = random.between(0.5, 2.0) * 1_073_741_824.0;
        // Users ask for what they believe, and believe too much more often than too little.
        let (request, limit) = (cpu * random.between(0.5, 1.3), random.between(2.0, 4.0));
        Self {
            name: format!("pe-{number}"),
            cpu,
            memory,
            request,
            limit: request * limit,
            memory_request: memory * random.between(1.0, 1.5),
            noise: random.between(0.05, 0.2),
        }
    }

    fn scale(&mut self, scale: f64) {
        for amount in [&mut self.cpu, &mut self.request, &mut self.limit] {
            *amount *= scale;
        }
    }
}
