//! No data is not zero: what is not known counts by requests and limits, and widens the risk.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::super::added_demand::AddedDemand;
use super::super::demand_sums::DemandSums;
use super::super::node_demand::{NodeDemand, WorstStep};
use super::{Calibration, RiskBasis};
use crate::model::{Declarations, DemandForecasts, DemandResource, DemandShare, JobDemand, OfResources, Pod};
use crate::testing::{asking, forecasts, job_demand, limited, node, others_demand, pe, pod, policies};

fn basis(forecasts: &Arc<DemandForecasts>) -> RiskBasis {
    RiskBasis::new(forecasts, &Calibration::default(), Timestamp::UNIX_EPOCH).unwrap()
}

/// The worst step of CPU on a node of four cores with these pods.
fn worst(basis: &RiskBasis, pods: &[Pod]) -> WorstStep {
    let mut sums = DemandSums::default();
    for pod in pods {
        let pod = Arc::new(pod.clone());
        sums.add(&basis.pod_demand(&pod, policies("").pe(&pod, &Declarations::default()).as_ref()));
    }
    let demand = NodeDemand::new(Some(&sums), &node("n"), basis);
    AddedDemand::nothing().worst_step(&demand, DemandResource::Cpu, Some(&sums))
}

fn assert_near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < wanted.max(100.0) / 100.0, "{found} {wanted}");
}

#[test]
fn a_pe_with_history_counts_with_its_share() {
    let known = forecasts(&[("j", job_demand(&[1_000.0, 3_000.0], 0.1, 0.5))], &[("n", others_demand(0.0))]);
    let worst = worst(&basis(&known), &[asking(9_000, pe("j", "a", &[]))]);
    assert_eq!(worst.step, 1);
    assert_near(worst.mean, 1_500.0);
    assert_near(worst.deviation, 150.0);
}

#[test]
fn a_pe_without_history_counts_with_its_request_and_wide() {
    let known = forecasts(&[("j", job_demand(&[1_000.0], 0.1, 0.5))], &[("n", others_demand(0.0))]);
    let of = |pod: Pod| worst(&basis(&known), &[pod]);
    let by_request = of(asking(600, pe("k", "a", &[])));
    assert_near(by_request.mean, 600.0);
    assert_near(by_request.deviation, 600.0 / 3.0_f64.sqrt());
    let by_limit = of(limited(3_600, asking(600, pe("k", "a", &[]))));
    assert_near(by_limit.mean, 600.0);
    assert_near(by_limit.deviation, 3_000.0 / 3.0_f64.sqrt());
    let without_request = of(asking(0, pe("k", "a", &[])));
    assert_near(without_request.mean, 100.0);
    assert!(without_request.deviation > 50.0, "{without_request:?}");
}

/// Sources that miss samples must not say that nothing is used. What they say that is no number is not believed either.
#[test]
fn a_missing_share_path_or_number_is_not_zero() {
    let share = |of_job: f32, own_deviation: f32| Some(DemandShare { of_job, own_deviation, peak: 0.0 });
    let good = job_demand(&[1_000.0], 0.1, 0.5);
    let with_share = |cpu| JobDemand { interchangeable: OfResources { cpu, memory: None }, ..good.clone() };
    let broken = [
        with_share(None),
        with_share(share(f32::NAN, 0.1)),
        with_share(share(-0.5, 0.1)),
        with_share(share(1.5, 0.1)),
        with_share(share(0.5, f32::NAN)),
        job_demand(&[f32::NAN], 0.1, 0.5),
        job_demand(&[-1_000.0], 0.1, 0.5),
        JobDemand { total: OfResources::default(), ..good },
    ];
    for demand in broken {
        let known = forecasts(&[("j", demand.clone())], &[("n", others_demand(0.0))]);
        let worst = worst(&basis(&known), &[asking(600, pe("j", "a", &[]))]);
        assert_near(worst.mean, 600.0);
        assert!(worst.deviation > 300.0, "{demand:?}: {worst:?}");
    }
}

#[test]
fn pods_that_are_no_pes_count_by_the_use_of_the_node_or_else_by_their_requests() {
    let pods = [asking(500, pod("a")), asking(700, pod("b"))];
    let measured = worst(&basis(&forecasts(&[], &[("n", others_demand(900.0))])), &pods);
    assert_near(measured.mean, 900.0);
    let unknown = worst(&basis(&forecasts(&[], &[("m", others_demand(900.0))])), &pods);
    assert_near(unknown.mean, 1_200.0);
    // They do not move together; the system's use is not known either.
    let wanted = (500.0_f64 / 3.0_f64.sqrt()).hypot(700.0 / 3.0_f64.sqrt()).hypot(200.0);
    assert_near(unknown.deviation, wanted);
    let empty = worst(&basis(&forecasts(&[], &[("m", others_demand(900.0))])), &[]);
    assert_near(empty.deviation, 200.0);
}

#[test]
fn old_forecasts_widen_and_never_end() {
    let known = forecasts(&[("j", job_demand(&[3_000.0], 0.05, 0.5))], &[("n", others_demand(0.0))]);
    let at = |hours: i64| {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let basis = RiskBasis::new(&known, &Calibration::default(), now).unwrap();
        worst(&basis, &[pe("j", "a", &[]), pe("j", "b", &[])])
    };
    let (fresh, old, very_old) = (at(0), at(2), at(5_000));
    assert!(fresh.distance > old.distance && old.distance > very_old.distance, "{fresh:?} {old:?} {very_old:?}");
    assert_near(very_old.mean, 3_000.0);
}

#[test]
fn the_basis_is_made_anew_when_a_step_has_ended() {
    let known = forecasts(&[("j", job_demand(&[1_000.0], 0.1, 0.5))], &[]);
    let basis = basis(&known);
    let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    assert!(!basis.is_outdated(at(0)) && !basis.is_outdated(at(299)) && basis.is_outdated(at(300)));
    assert_eq!(basis.horizon_end(), at(3_600));
}

#[test]
fn no_forecast_at_all_is_no_basis() {
    let none = Arc::new(DemandForecasts::default());
    assert!(RiskBasis::new(&none, &Calibration::default(), Timestamp::UNIX_EPOCH).is_none());
}
