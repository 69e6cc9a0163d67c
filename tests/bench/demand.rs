//! What forecasts cost: one series a sample, all of a cluster a step, and in memory.

use std::sync::Arc;

use divan::{Bencher, black_box, counter::ItemsCount};
use jiff::Timestamp;
use outrigger::forecast::demand::{
    DemandGrid, DemandLimits, DemandState, Measured, NodeSample, Observation, PeIdentity, PeSample,
};
use outrigger::forecast::{Calendar, Compact, Forecaster};
use outrigger::model::{DemandKey, Namespace, NodeName, PodName};

use crate::memory;

/// The steps of a day.
const DAY: i64 = 288;
const JOBS: usize = 2_000;
const PES_PER_JOB: usize = 25;
const NODES: usize = 5_000;
const MEBIBYTE: usize = 1 << 20;
/// What the state of all jobs, PEs and nodes may take.
const MOST_MEBIBYTES: usize = 60;

/// A course of the day, with noise.
fn value(step: i64) -> f64 {
    let [slot, noise] =
        [step.rem_euclid(DAY), (step * 7_919) % 101].map(|count| f64::from(i32::try_from(count).unwrap()));
    let course = slot.mul_add(-slot / 288.0, slot);
    course.mul_add(3.0, 1_000.0) + noise
}

/// One sample of a series of two weeks, and the forecasts of 12 steps with their intervals.
#[divan::bench]
fn forecast_sample(bencher: Bencher<'_, '_>) {
    let mut forecaster: Forecaster<Compact> = Forecaster::new(Calendar::of_days(288), 12);
    let mut step = 0;
    while step < 15 * DAY {
        forecaster.observe(step, Some(value(step)));
        step += 1;
    }
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        forecaster.observe(step, Some(value(step)));
        step += 1;
        black_box(forecaster.forecasts())
    });
}

/// One step of 50,000 PEs of 2,000 jobs on 5,000 nodes, and all forecasts.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn demand_step(bencher: Bencher<'_, '_>) {
    let mut state = state();
    let mut step = 0;
    bencher.counter(ItemsCount::new(JOBS)).bench_local(|| {
        state.observe(&observation(step, JOBS, NODES));
        step += 1;
        black_box(state.forecasts())
    });
}

fn state() -> DemandState {
    DemandState::new(DemandGrid::default(), DemandLimits::default())
}

fn observation(step: i64, jobs: usize, nodes: usize) -> Observation {
    let at = Timestamp::from_second(step * 300).unwrap();
    let used = value(step);
    let measured = Measured { at, cpu: Some(used), memory: Some(used * 1e6), ..Measured::default() };
    let node_of = |pe: usize| NodeName::from(&format!("node-{}", pe % nodes.max(1)));
    let pes = (0..jobs * PES_PER_JOB).map(|pe| {
        let job = DemandKey { namespace: Namespace::from("streams"), job: format!("job-{}", pe / PES_PER_JOB).into() };
        let name: Arc<str> = format!("job-{}-pe-{}", pe / PES_PER_JOB, pe % PES_PER_JOB).into();
        let pod = PodName::from(Arc::clone(&name));
        PeSample { job, pe: PeIdentity::Named(name), pod, node: Some(node_of(pe)), measured }
    });
    let whole = Measured { cpu: Some(used * 11.0), memory: Some(used * 11e6), ..measured };
    let nodes = (0..nodes).map(|node| NodeSample { node: node_of(node), measured: whole });
    Observation { at, pes: pes.collect(), nodes: nodes.collect() }
}

#[expect(clippy::print_stdout, reason = "a benchmark says what it finds")]
pub(crate) fn run() {
    println!("resident memory of the state of demand after two weeks, of processes that hold nothing else");
    println!("{:>6}  {:>8}  {:>6}  {:>8}", "jobs", "PEs", "nodes", "MiB");
    let empty = held(0, 0);
    for (jobs, nodes) in [(JOBS, 0), (JOBS, NODES)] {
        let mebibytes = (held(jobs, nodes) - empty) / MEBIBYTE;
        println!("{jobs:>6}  {:>8}  {nodes:>6}  {mebibytes:>8}", jobs * PES_PER_JOB);
        assert!(mebibytes <= MOST_MEBIBYTES, "the state of demand may take {MOST_MEBIBYTES} MiB");
    }
}

fn held(jobs: usize, nodes: usize) -> usize {
    memory::of_process(&["hold-demand", &jobs.to_string(), &nodes.to_string()])
}

/// Holds a state, and says how much memory this process takes.
#[expect(clippy::print_stdout, reason = "another process reads it")]
pub(crate) fn hold(jobs: usize, nodes: usize) {
    let mut state = state();
    // The steps between are missing, and fill the history like measured ones.
    for week in 0..3 {
        for step in 0..20 {
            state.observe(&observation(week * 7 * DAY + step - 20 * i64::from(week > 0), jobs, nodes));
        }
    }
    println!("{}", memory::resident_bytes());
    drop(state);
}
