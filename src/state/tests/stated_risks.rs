//! A statement is judged by the highest use until its end, and only where it can be.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::StatedRisks;
use crate::model::{DemandResource, NodeName, OfResources};
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, forecasts, job_demand, node, others_demand, pe};

fn stated() -> (Cluster, StatedRisks) {
    let pods = vec![bound_to("n1", pe("j", "a", &[])), bound_to("n2", pe("j", "b", &[]))];
    let mut cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods);
    assert_eq!(StatedRisks::new(cluster.snapshot()), None, "without demand nothing is stated");
    let known = forecasts(&[("j", job_demand(&[3_000.0], 0.2, 0.5))], &[("n1", others_demand(2_000.0))]);
    cluster.apply(Event::Demand(Arc::clone(&known)));
    let stated = StatedRisks::new(cluster.snapshot()).unwrap();
    (cluster, stated)
}

fn peaks(cpu: Option<f64>, memory: Option<f64>) -> impl Fn(&NodeName) -> OfResources<f64> {
    move |node| if node.as_str() == "n1" { OfResources { cpu, memory } } else { OfResources::default() }
}

#[test]
fn a_statement_is_compared_with_the_highest_use() {
    let (cluster, stated) = stated();
    assert_eq!(stated.until(), Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1));
    let observed = stated.compare(cluster.snapshot(), peaks(Some(4_000.0), Some(1e9)));
    let outcome: Vec<_> = observed.iter().map(|one| (one.resource, one.happened)).collect();
    assert_eq!(outcome, [(DemandResource::Cpu, true), (DemandResource::Memory, false)]);
    // 2.0 + 1.5 of 4 cores, with a deviation of 0.3.
    assert!((observed[0].distance - 500.0 / 300.7).abs() < 0.01, "{observed:?}");
}

#[test]
fn no_measurement_is_no_quiet_hour() {
    let (cluster, stated) = stated();
    assert_eq!(stated.compare(cluster.snapshot(), peaks(None, None)), []);
    assert_eq!(stated.compare(cluster.snapshot(), peaks(Some(f64::NAN), Some(-1.0))), []);
}

#[test]
fn a_statement_about_other_pes_is_not_judged() {
    let (mut cluster, stated) = stated();
    cluster.apply(Event::put(bound_to("n1", pe("j", "c", &[]))));
    assert_eq!(stated.compare(cluster.snapshot(), peaks(Some(4_000.0), None)), []);
}
