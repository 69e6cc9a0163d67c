use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::DemandState;
use crate::forecast::demand::{
    DemandCounts, DemandGrid, DemandLimits, Measured, NodeSample, Observation, ObservationReport, PeIdentity, PeSample,
};
use crate::model::{DemandForecasts, DemandKey, DemandPath, JobDemand, Namespace, NodeName, PodName};

/// The steps of a season.
const SEASON: i64 = 48;
const GIBIBYTE: f64 = 1_073_741_824.0;

/// Steps of a second in seasons of 48, of which 12 are forecast.
fn grid() -> DemandGrid {
    DemandGrid::new(SignedDuration::from_secs(1), SignedDuration::from_secs(SEASON), 12).unwrap()
}

fn state() -> DemandState {
    DemandState::new(grid(), DemandLimits::default())
}

fn at(step: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 * SEASON + step).unwrap()
}

fn key(job: &str) -> DemandKey {
    DemandKey { namespace: Namespace::from("streams"), job: Arc::from(job) }
}

fn cpu(step: i64, cpu: Option<f64>) -> Measured {
    Measured { at: at(step), cpu, ..Measured::default() }
}

/// A sample of a PE `job/pe` on `node-1`; a name that begins with `*` is that of a pod whose PE is interchangeable.
fn pe(name: &str, measured: Measured) -> PeSample {
    let (job, pe) = name.split_once('/').unwrap();
    let pe_of_pod = pe.strip_prefix('*');
    PeSample {
        job: key(job),
        pe: pe_of_pod.map_or_else(|| PeIdentity::Named(Arc::from(pe)), |_| PeIdentity::Interchangeable),
        pod: PodName::from(pe_of_pod.unwrap_or(pe)),
        node: Some(NodeName::from("node-1")),
        measured,
    }
}

fn node(name: &str, measured: Measured) -> NodeSample {
    NodeSample { node: NodeName::from(name), measured }
}

fn observe(state: &mut DemandState, step: i64, pes: Vec<PeSample>, nodes: Vec<NodeSample>) -> ObservationReport {
    state.observe(&Observation { at: at(step), pes, nodes })
}

/// Observes the CPU of these PEs at each of these steps.
fn run(state: &mut DemandState, steps: std::ops::Range<i64>, pes: &[(&str, Option<f64>)]) {
    for step in steps {
        let samples = pes.iter().map(|(name, used)| pe(name, cpu(step, *used))).collect();
        assert!(observe(state, step, samples, Vec::new()).is_accepted);
    }
}

fn job(state: &DemandState, job: &str) -> Arc<JobDemand> {
    Arc::clone(&state.forecasts().jobs[&key(job)])
}

fn cpu_of(state: &DemandState, name: &str) -> DemandPath {
    job(state, name).total.cpu.unwrap()
}

/// The mean CPU of a job at the next step, rounded.
fn total(state: &DemandState, name: &str) -> f64 {
    f64::from(cpu_of(state, name).mean[0]).round()
}

fn share(state: &DemandState, name: &str, pe: &str) -> f64 {
    f64::from(job(state, name).shares[pe].cpu.unwrap().of_job)
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 0.02 * expected.abs(), "{found} instead of {expected}");
}

/// A course of the day between 200 and 400.
fn daily(step: i64) -> f64 {
    let angle = f64::from(i32::try_from(step.rem_euclid(SEASON)).unwrap()) / 48.0 * std::f64::consts::TAU;
    300.0 + 100.0 * angle.sin()
}

#[test]
fn a_job_has_a_course_of_the_season_and_its_pes_have_shares() {
    let mut state = state();
    for step in 0..5 * SEASON {
        let used = daily(step);
        let pes = vec![pe("j/a", cpu(step, Some(0.75 * used))), pe("j/b", cpu(step, Some(0.25 * used)))];
        observe(&mut state, step, pes, Vec::new());
    }
    let forecasts = state.forecasts();
    assert_eq!((forecasts.at, forecasts.step, forecasts.steps), (at(5 * SEASON - 1), SignedDuration::from_secs(1), 12));
    let path = cpu_of(&state, "j");
    for (lead, mean) in (0..).zip(path.mean) {
        assert_near(f64::from(mean), daily(5 * SEASON + lead));
    }
    assert_near(share(&state, "j", "a"), 0.75);
    assert_near(share(&state, "j", "b"), 0.25);
    let demand = job(&state, "j");
    assert!(demand.shares["a"].cpu.unwrap().own_deviation < 0.05, "the PEs move together");
    assert!(demand.total.memory.is_none() && demand.shares["a"].memory.is_none(), "memory was never measured");
    assert_eq!(demand.interchangeable.cpu, None);
    assert_eq!(demand.history.memory, None);
}

#[test]
fn a_pe_that_is_not_measured_is_not_idle() {
    let all = [("j/a", Some(100.0)), ("j/b", Some(100.0)), ("j/c", Some(200.0))];
    let after = |missing: Option<f64>| {
        let mut state = state();
        run(&mut state, 0..20, &all);
        run(&mut state, 20..40, &[("j/a", Some(100.0)), ("j/b", missing), ("j/c", Some(200.0))]);
        state
    };
    let missing = after(None);
    assert_near(total(&missing, "j"), 400.0);
    assert_near(share(&missing, "j", "b"), 0.25);
    assert_eq!(job(&missing, "j").history.cpu.unwrap().missing_steps, 0, "three quarters were measured");
    let idle = after(Some(0.0));
    assert!((285.0..330.0).contains(&total(&idle, "j")));
    assert!(share(&idle, "j", "b") < 0.15, "zeros that were measured count");
}

#[test]
fn a_step_of_which_too_little_was_measured_is_missing_and_widens() {
    let mut state = state();
    run(&mut state, 0..2 * SEASON, &[("j/a", Some(100.0)), ("j/b", Some(110.0)), ("j/c", Some(190.0))]);
    let before = cpu_of(&state, "j");
    let pes = vec![pe("j/a", cpu(96, Some(100.0))), pe("j/b", cpu(96, None)), pe("j/c", cpu(96, None))];
    assert_eq!(observe(&mut state, 96, pes, Vec::new()).jobs_without_total, 1);
    let history = job(&state, "j").history.cpu.unwrap();
    assert_eq!((history.observed_steps, history.missing_steps), (96, 1));
    for step in 97..120 {
        observe(&mut state, step, vec![pe("j/a", cpu(step, None))], Vec::new());
    }
    let after = cpu_of(&state, "j");
    assert_eq!(job(&state, "j").history.cpu.unwrap().missing_steps, 24);
    assert_near(f64::from(after.mean[0]), 400.0);
    assert!(after.deviation[0] >= 49.0, "half a season is missing: {after:?} after {before:?}");
    assert!(before.deviation[0] < 10.0);
}

#[test]
fn what_is_no_measurement_is_missing_and_is_counted() {
    let step = 20;
    let old = Measured { at: at(step - 2), ..cpu(step, Some(100.0)) };
    let future = Measured { at: at(step + 2), ..cpu(step, Some(100.0)) };
    let wrong = [-1.0, f64::NAN, f64::INFINITY, 1e30].map(|value| (cpu(step, Some(value)), "invalid"));
    for (measured, kind) in wrong.into_iter().chain([(old, "stale"), (future, "stale")]) {
        let mut state = state();
        run(&mut state, 0..step, &[("j/a", Some(100.0)), ("j/b", Some(300.0))]);
        let report =
            observe(&mut state, step, vec![pe("j/a", measured), pe("j/b", cpu(step, Some(300.0)))], Vec::new());
        assert_eq!((report.invalid, report.stale), if kind == "invalid" { (1, 0) } else { (0, 1) }, "{measured:?}");
        assert_near(total(&state, "j"), 400.0);
        assert_near(share(&state, "j", "a"), 0.25);
    }
}

#[test]
fn a_measurement_of_the_step_before_counts() {
    let mut state = state();
    let measured = Measured { at: at(-1), ..cpu(0, Some(100.0)) };
    assert_eq!(observe(&mut state, 0, vec![pe("j/a", measured)], Vec::new()).stale, 0);
    assert_near(total(&state, "j"), 100.0);
}

#[test]
fn of_two_samples_of_a_pod_or_node_the_later_one_counts() {
    for order in [[0, 1], [1, 0]] {
        let mut state = state();
        let samples = order.map(|age| if age == 0 { cpu(9, Some(100.0)) } else { cpu(8, Some(900.0)) });
        let pes = samples.map(|measured| pe("j/a", measured)).into();
        let nodes = samples.map(|measured| node("node-1", measured)).into();
        assert_eq!(observe(&mut state, 9, pes, nodes).duplicates, 2);
        assert_near(total(&state, "j"), 100.0);
        assert_near(f64::from(others(&state, "node-1").unwrap().mean[0]), 0.0);
    }
}

#[test]
fn an_observation_that_comes_late_or_twice_changes_nothing() {
    let mut state = state();
    run(&mut state, 0..20, &[("j/a", Some(100.0))]);
    let before = state.forecasts();
    for step in [19, 10] {
        let report = observe(&mut state, step, vec![pe("j/a", cpu(step, Some(900.0)))], Vec::new());
        assert!(!report.is_accepted);
        assert_eq!(state.forecasts(), before);
    }
}

#[test]
fn one_wrong_time_of_the_clock_forgets_nothing_and_a_clock_that_was_set_is_followed() {
    let mut state = state();
    run(&mut state, 0..3 * SEASON, &[("j/a", Some(100.0))]);
    let before = state.forecasts();
    assert!(!observe(&mut state, 1_000_000, Vec::new(), Vec::new()).is_accepted);
    assert_eq!(state.forecasts(), before);
    run(&mut state, 3 * SEASON..3 * SEASON + 1, &[("j/a", Some(100.0))]);
    // Back by a season and a half.
    let back = 3 * SEASON - 72;
    for step in back..back + 3 {
        observe(&mut state, step, vec![pe("j/a", cpu(step, Some(100.0)))], Vec::new());
    }
    assert_eq!(state.forecasts().at, at(back + 2));
    assert_near(total(&state, "j"), 100.0);
    assert_eq!(job(&state, "j").history.cpu.unwrap().observed_steps, 146, "nothing was forgotten");
}

#[test]
fn a_pod_that_is_replaced_goes_on_as_the_pe() {
    let mut state = state();
    run(&mut state, 0..20, &[("j/a", Some(100.0)), ("j/b", Some(300.0))]);
    for step in 20..30 {
        let new = PeSample { pod: PodName::from("a-2"), ..pe("j/a", cpu(step, Some(100.0))) };
        let mut pes = vec![new, pe("j/b", cpu(step, Some(300.0)))];
        if step < 23 {
            // The old pod is leaving: its PE counts once.
            pes.push(pe("j/a", cpu(step, Some(40.0))));
        }
        observe(&mut state, step, pes, Vec::new());
        assert_near(total(&state, "j"), 400.0);
    }
    assert_eq!(state.counts().pes, 2);
    assert_near(share(&state, "j", "a"), 0.25);
}

#[test]
fn interchangeable_pes_share_equally_whatever_their_pods_are_called() {
    let mut state = state();
    for step in 0..40 {
        let used = |pod: i64| 100.0 + 20.0 * f64::from(i32::try_from((step + pod) % 2).unwrap());
        // Each pod is replaced after ten steps.
        let pes = (0..4).map(|pod| pe(&format!("j/*tm-{}-{pod}", step / 10), cpu(step, Some(used(pod)))));
        let mut pes: Vec<PeSample> = pes.collect();
        // A pod that waits for a node does no work.
        pes.push(PeSample { node: None, ..pe("j/*waiting", cpu(step, None)) });
        observe(&mut state, step, pes, Vec::new());
    }
    assert_near(total(&state, "j"), 440.0);
    let demand = job(&state, "j");
    let share = demand.interchangeable.cpu.unwrap();
    assert_near(f64::from(share.of_job), 0.25);
    assert!((0.05..0.15).contains(&share.own_deviation), "{share:?}: each is 10 of 110 off");
    assert!(demand.shares.is_empty() && state.counts().pes == 0);
}

#[test]
fn pes_that_are_added_or_removed_share_the_same_total() {
    let mut state = state();
    let pes =
        |names: &'static [&'static str], each: f64| names.iter().map(|name| (*name, Some(each))).collect::<Vec<_>>();
    let two: &[&str] = &["j/a", "j/b"];
    let four: &[&str] = &["j/a", "j/b", "j/c", "j/d"];
    run(&mut state, 0..20, &pes(two, 400.0));
    run(&mut state, 20..21, &pes(four, 200.0));
    assert_near(total(&state, "j"), 800.0);
    for name in ["a", "b", "c", "d"] {
        assert_near(share(&state, "j", name), 0.25);
    }
    run(&mut state, 21..40, &pes(four, 200.0));
    run(&mut state, 40..41, &pes(two, 400.0));
    assert_near(total(&state, "j"), 800.0);
    assert_near(share(&state, "j", "a"), 0.5);
    // A PE that is away is kept for a season.
    assert_near(share(&state, "j", "c"), 0.25);
    run(&mut state, 41..41 + SEASON, &pes(two, 400.0));
    assert_eq!(state.counts().pes, 2);
}

#[test]
fn a_job_that_leaves_is_kept_for_fourteen_seasons() {
    let mut state = state();
    run(&mut state, 0..3 * SEASON, &[("j/a", Some(100.0))]);
    for step in 3 * SEASON..13 * SEASON {
        observe(&mut state, step, Vec::new(), Vec::new());
    }
    assert_near(total(&state, "j"), 100.0);
    let history = job(&state, "j").history.cpu.unwrap();
    assert_eq!(i64::from(history.missing_steps), 10 * SEASON);
    run(&mut state, 13 * SEASON..13 * SEASON + 1, &[("j/a", Some(120.0))]);
    assert_eq!(job(&state, "j").history.cpu.unwrap().missing_steps, 0);
    for step in 13 * SEASON + 1..28 * SEASON {
        observe(&mut state, step, Vec::new(), Vec::new());
    }
    assert_eq!(state.counts(), DemandCounts { jobs: 0, pes: 0, nodes: 0 });
}

fn others(state: &DemandState, name: &str) -> Option<DemandPath> {
    state.forecasts().others[&NodeName::from(name)].cpu
}

#[test]
fn what_is_no_pe_on_a_node_is_the_use_of_the_node_without_that_of_pes() {
    let mut state = state();
    let step_of = |state: &mut DemandState, step, of_b, of_node| {
        let mut elsewhere = pe("k/x", cpu(step, Some(50.0)));
        elsewhere.node = Some(NodeName::from("node-2"));
        let pes = vec![pe("j/a", cpu(step, Some(300.0))), pe("j/b", cpu(step, of_b)), elsewhere];
        let nodes = vec![node("node-1", cpu(step, of_node)), node("node-2", cpu(step, Some(60.0)))];
        observe(state, step, pes, nodes);
    };
    for step in 0..20 {
        step_of(&mut state, step, Some(100.0), Some(1_000.0));
    }
    assert_near(f64::from(others(&state, "node-1").unwrap().mean[0]), 600.0);
    assert_near(f64::from(others(&state, "node-2").unwrap().mean[0]), 10.0);
    // The share of a PE that was not measured counts; a node that was not measured is not idle.
    for (step, of_b, of_node) in [(20, None, Some(1_000.0)), (21, Some(100.0), None), (22, None, Some(f64::NAN))] {
        step_of(&mut state, step, of_b, of_node);
        assert_near(f64::from(others(&state, "node-1").unwrap().mean[0]), 600.0);
    }
    // PEs that use more than their node: nothing is learnt. A little more: nothing is left for others.
    step_of(&mut state, 23, Some(100.0), Some(200.0));
    assert_near(f64::from(others(&state, "node-1").unwrap().mean[0]), 600.0);
    for step in 24..40 {
        step_of(&mut state, step, Some(100.0), Some(390.0));
    }
    assert!(others(&state, "node-1").unwrap().mean[0] < 1.0);
}

#[test]
fn a_job_of_which_nothing_is_known_leaves_the_rest_of_its_node_unknown() {
    let mut state = state();
    observe(&mut state, 0, vec![pe("j/a", cpu(0, None))], vec![node("node-1", cpu(0, Some(1_000.0)))]);
    assert_eq!(others(&state, "node-1"), None);
}

#[test]
fn a_node_that_is_replaced_begins_anew_and_the_old_one_is_forgotten_after_a_season() {
    let mut state = state();
    for step in 0..2 * SEASON {
        observe(&mut state, step, Vec::new(), vec![node("old", cpu(step, Some(500.0)))]);
    }
    for step in 2 * SEASON..3 * SEASON {
        observe(&mut state, step, Vec::new(), vec![node("new", cpu(step, Some(100.0)))]);
        let (old, new) = (others(&state, "old").unwrap(), others(&state, "new").unwrap());
        assert_near(f64::from(old.mean[0]), 500.0);
        assert_near(f64::from(new.mean[0]), 100.0);
    }
    observe(&mut state, 3 * SEASON, Vec::new(), vec![node("new", cpu(3 * SEASON, Some(100.0)))]);
    assert_eq!(state.counts().nodes, 1);
}

#[test]
fn where_all_is_full_what_was_away_longest_makes_room() {
    let mut state = DemandState::new(grid(), DemandLimits { jobs: 2, pes: 2, nodes: 2 });
    let step_of = |state: &mut DemandState, step, jobs: &[&str]| {
        let pes = jobs.iter().map(|name| pe(name, cpu(step, Some(100.0)))).collect();
        let nodes = jobs.iter().map(|name| node(name, cpu(step, Some(200.0)))).collect();
        observe(state, step, pes, nodes)
    };
    let kept = |state: &DemandState| {
        let DemandForecasts { jobs, others, .. } = state.forecasts();
        let mut jobs: Vec<String> = jobs.keys().map(|key| key.job.to_string()).collect();
        jobs.sort();
        (jobs, others.len())
    };
    step_of(&mut state, 0, &["a/1", "b/1"]);
    step_of(&mut state, 1, &["b/1"]);
    step_of(&mut state, 2, &["c/1"]);
    assert_eq!(kept(&state), (vec!["b".to_owned(), "c".to_owned()], 2), "a was away longest");
    let report = step_of(&mut state, 3, &["b/1", "c/1", "d/1"]);
    assert_eq!(report.not_kept, 2, "a job and a node: what is there never makes room");
    assert_eq!(kept(&state), (vec!["b".to_owned(), "c".to_owned()], 2));
    // A PE beyond the limit counts as interchangeable.
    let report = step_of(&mut state, 4, &["b/1", "b/2", "c/1"]);
    assert_eq!((report.unnamed, state.counts().pes), (1, 2));
    assert!(job(&state, "b").interchangeable.cpu.is_some());
    // PEs that are away make room first.
    let report = step_of(&mut state, 5, &["b/2"]);
    assert_eq!((report.unnamed, state.counts().pes), (0, 2));
    assert!(job(&state, "b").shares.contains_key("2"));
}

#[test]
fn the_highest_use_is_kept_for_one_to_two_windows() {
    let mut state = state();
    let memory = |step, bytes| Measured { at: at(step), memory: Some(bytes), ..Measured::default() };
    let peak = |state: &DemandState| f64::from(job(state, "j").shares["a"].memory.unwrap().peak);
    let window = 7 * SEASON;
    let start = -(1_000_000 * SEASON).rem_euclid(window) + window;
    for step in start..start + 3 * window {
        let bytes = if step == start + 5 { 8.0 * GIBIBYTE } else { GIBIBYTE };
        observe(&mut state, step, vec![pe("j/a", memory(step, bytes))], Vec::new());
        let expected = if (start + 5..start + 2 * window).contains(&step) { 8.0 } else { 1.0 };
        assert_near(peak(&state) / GIBIBYTE, expected);
    }
}

#[test]
fn a_cold_start_is_wide_and_says_so() {
    let mut state = state();
    run(&mut state, 0..1, &[("j/a", Some(100.0))]);
    let path = cpu_of(&state, "j");
    assert!(path.deviation.iter().all(|deviation| *deviation >= 50.0), "half the mean: {path:?}");
    assert!(job(&state, "j").history.cpu.unwrap().is_cold);
    run(&mut state, 1..24, &[("j/a", Some(100.0))]);
    let path = cpu_of(&state, "j");
    assert!((12.0..13.5).contains(&path.deviation[0]), "half a season was not seen: {path:?}");
    run(&mut state, 24..2 * SEASON, &[("j/a", Some(100.0))]);
    let path = cpu_of(&state, "j");
    assert!(path.deviation[0] < 10.0, "{path:?}");
    assert!(!job(&state, "j").history.cpu.unwrap().is_cold);
}

#[test]
fn the_accuracy_is_that_of_the_next_step() {
    let mut state = state();
    let mut random: u64 = 1;
    let mut noise = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(random >> 40).unwrap()) / f64::from(1 << 24)
    };
    for step in 0..20 * SEASON {
        let used = 1_000.0 + 200.0 * (noise() + noise() + noise() - 1.5);
        let measured = Measured { memory: Some(used * 1e6), ..cpu(step, Some(used)) };
        let node_measured = cpu(step, Some(used + 500.0 + 100.0 * noise()));
        observe(&mut state, step, vec![pe("j/a", measured)], vec![node("node-1", node_measured)]);
    }
    let accuracy = state.accuracy();
    for of_job in [accuracy.jobs.cpu, accuracy.jobs.memory] {
        let values = f64::from(u32::try_from(of_job.values).unwrap());
        assert_near(values, 19.0 * 48.0);
        let part = |count: u64| f64::from(u32::try_from(count).unwrap()) / values;
        assert!((0.7..0.92).contains(&part(of_job.within_80)), "{of_job:?}");
        assert!((0.04..0.16).contains(&part(of_job.above_80)), "{of_job:?}");
        let error = of_job.error_sum / of_job.value_sum;
        assert!((0.05..0.14).contains(&error), "{error}: the noise is 0.08 on average");
    }
    assert!(accuracy.others.cpu.values > 900 && accuracy.others.memory.values == 0);
}

#[test]
fn a_horizon_of_a_season_foresees_the_peak_of_the_day() {
    let grid = DemandGrid::new(SignedDuration::from_secs(1), SignedDuration::from_secs(SEASON), 48).unwrap();
    let mut state = DemandState::new(grid, DemandLimits::default());
    // A peak in the last quarter of each season.
    let used = |step: i64| if step.rem_euclid(SEASON) >= 36 { 900.0 } else { 300.0 };
    for step in 0..6 * SEASON {
        let samples =
            vec![pe("clicks/a", Measured { memory: Some(used(step) * GIBIBYTE), ..cpu(step, Some(used(step))) })];
        observe(&mut state, step, samples, vec![]);
    }
    let forecasts = state.forecasts();
    assert_eq!((forecasts.step, forecasts.steps), (SignedDuration::from_secs(4), 12));
    let demand = &forecasts.jobs[&key("clicks")];
    let (cpu, memory) = (demand.total.cpu.unwrap(), demand.total.memory.unwrap());
    // The first steps are those of the forecaster of near samples.
    for (step, (cpu, memory)) in cpu.mean.iter().zip(memory.mean).enumerate().skip(3) {
        let (cpu, memory) = (f64::from(*cpu), f64::from(memory) / GIBIBYTE);
        if step >= 9 {
            assert!(cpu > 800.0 && memory > 600.0, "step {step}: {cpu} and {memory} GiB instead of 900");
        } else {
            assert!(cpu < 400.0, "step {step}: {cpu} instead of 300");
            // The course of the hours rises between the middles of two hours.
            assert!(memory < 600.0 || step == 8, "step {step}: {memory} GiB instead of 300");
        }
    }
}
