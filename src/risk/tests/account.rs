//! The risk is told with the job that uses most, the time of the worst step, and what is not known.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::calibration::Calibration;
use super::super::demand_sums::JobSums;
use super::{AddedDemand, DemandSums, NodeDemand, RiskBasis};
use crate::model::{Declarations, OversubscriptionRisk, Pod};
use crate::testing::{asking, forecasts, job_demand, node, others_demand, pe, policies};

fn told(on_node: &[Pod], added: Option<Pod>, others: f32) -> OversubscriptionRisk {
    let jobs = [
        ("clicks", job_demand(&[2_000.0, 4_000.0, 6_000.0, 4_000.0], 0.1, 0.25)),
        ("orders", job_demand(&[1_200.0], 0.1, 0.5)),
    ];
    let known = forecasts(&jobs, &[("n", others_demand(others))]);
    let basis = RiskBasis::new(&known, &Calibration::default(), Timestamp::UNIX_EPOCH).unwrap();
    let demand = |pod: &Pod| {
        let pod = Arc::new(pod.clone());
        basis.pod_demand(&pod, policies("").pe(&pod, &Declarations::default()).as_ref())
    };
    let mut sums = DemandSums::default();
    for pod in on_node {
        sums.add(&demand(pod));
    }
    let added = added.and_then(|pod| JobSums::of_pe(&demand(&pod))).map_or_else(AddedDemand::nothing, AddedDemand::new);
    let node = node("n");
    basis.explain(&added, &NodeDemand::new(Some(&sums), &node, &basis), &node.name, Some(&sums))
}

#[test]
fn the_job_that_uses_most_at_the_worst_step_is_named() {
    let on_node = [pe("clicks", "a", &[]), pe("orders", "b", &[])];
    let told = told(&on_node, Some(pe("clicks", "c", &[])), 100.0);
    assert_eq!(told.job.as_ref().map(|key| &*key.job), Some("clicks"), "{told:?}");
    assert_eq!((told.expected, told.capacity, told.without_history), (3_700, 4_000, 0), "{told:?}");
    assert_eq!(told.to_string(), "0.16: job streams/clicks peaks at 00:15 UTC, together 3.7 of 4.0 cores");
}

#[test]
fn pods_that_are_no_pes_are_named_where_they_use_most() {
    let told = told(&[pe("orders", "b", &[])], None, 3_000.0);
    assert_eq!((told.job, told.expected), (None, 3_600));
}

#[test]
fn pes_without_history_are_counted() {
    let told = told(&[asking(1_500, pe("new", "a", &[])), asking(1_500, pe("new", "b", &[]))], None, 100.0);
    assert_eq!((told.without_history, told.others_unknown), (2, false));
    assert!(told.to_string().contains("2 PEs without history"), "{told}");
}
