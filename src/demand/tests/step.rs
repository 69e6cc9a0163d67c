use jiff::SignedDuration;

use super::*;
use crate::demand::measurements::PodReference;
use crate::demand::steps::end_of;
use crate::forecast::demand::{DemandGrid, DemandLimits};
use crate::model::{DemandKey, DemandPath, DemandShare};
use crate::testing::{NAMESPACE, bound_to, cluster, job_id, node, pe};

/// Steps of a minute in seasons of ten.
fn grid() -> DemandGrid {
    DemandGrid::new(SignedDuration::from_mins(1), SignedDuration::from_mins(10), 3).unwrap()
}

fn known() -> KnownCluster {
    KnownCluster::of(&cluster(vec![node("n1")], vec![], vec![bound_to("n1", pe("j", "a", &[]))]))
}

/// What a PE and its node used at a step; nothing where the source gave nothing.
fn measured(step: i64, millicores: Option<f64>) -> Measurements {
    let mut measurements = Measurements::nothing(end_of(grid().step(), step));
    if let Some(millicores) = millicores {
        let pod = PodReference { namespace: NAMESPACE.into(), pod: "a".into() };
        measurements.pod(pod).measured.cpu = Some(millicores);
        measurements.node("n1").cpu = Some(millicores + 500.0);
    }
    measurements
}

fn cpu_of_job(step: &LearntStep) -> (DemandPath, DemandShare) {
    let demand = &step.forecasts.jobs[&DemandKey::from(&job_id("j"))];
    let share = demand.shares.values().next().copied().unwrap_or_default().cpu.or(demand.interchangeable.cpu);
    (demand.total.cpu.unwrap(), share.unwrap())
}

#[test]
fn steps_without_measurements_widen_the_forecast_and_neither_empty_nor_lower_it() {
    let mut state = DemandState::new(grid(), DemandLimits::default());
    let mut learn_step = |step, millicores| learn(&mut state, &known(), &measured(step, millicores), Percent::WHOLE);
    for step in 1..60 {
        learn_step(step, Some(if step % 2 == 0 { 1_000.0 } else { 1_100.0 }));
    }
    let before = learn_step(60, Some(1_000.0));
    assert_eq!(before.newest, Some(end_of(grid().step(), 60)));
    assert_eq!(before.loads.len(), 1);
    for step in 61..66 {
        learn_step(step, None);
    }
    let after = learn_step(66, None);
    assert_eq!((after.newest, after.loads.len()), (None, 0), "no data is not zero");
    let ((path_before, _), (path_after, share)) = (cpu_of_job(&before), cpu_of_job(&after));
    assert!(path_after.deviation[0] > path_before.deviation[0], "{path_before:?} {path_after:?}");
    assert!(path_after.mean[0] > 0.9 * path_before.mean[0], "{path_before:?} {path_after:?}");
    assert!(share.of_job > 0.99, "{share:?}");
}

#[test]
fn the_past_is_learnt_as_the_present_is() {
    let mut state = DemandState::new(grid(), DemandLimits::default());
    let past: Vec<Measurements> = (1..=40).map(|step| measured(step, Some(700.0))).collect();
    learn_past(&mut state, &known(), &past);
    let step = learn(&mut state, &known(), &measured(41, Some(700.0)), Percent::WHOLE);
    let (path, _) = cpu_of_job(&step);
    assert!((path.mean[0] - 700.0).abs() < 70.0, "{path:?}");
    assert_eq!(step.forecasts.jobs[&DemandKey::from(&job_id("j"))].history.cpu.unwrap().observed_steps, 41);
}
