use jiff::SignedDuration;

use super::*;
use crate::model::{Node, Pod};
use crate::state::Cluster;
use crate::testing::{NAMESPACE, bound_to, cluster, leaving, node, pe};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn reference(pod: &str) -> PodReference {
    PodReference { namespace: NAMESPACE.into(), pod: pod.into() }
}

fn created(seconds: i64, pod: Pod) -> Pod {
    Pod { created: at(seconds), ..pod }
}

/// Node `n1` with the address 10.0.0.1, PE `a` on it since second 100, and PE `b` that waits.
fn two_pes() -> Cluster {
    let node = Node { addresses: vec!["10.0.0.1".into(), "n1".into()], ..node("n1") };
    let pods = vec![created(100, bound_to("n1", pe("j", "a", &[]))), created(100, pe("j", "b", &[]))];
    cluster(vec![node], vec![], pods)
}

fn sample<'o>(observation: &'o Observation, pod: &str) -> &'o PeSample {
    observation.pes.iter().find(|sample| sample.pod.as_str() == pod).unwrap()
}

#[test]
fn every_pe_and_node_is_there_and_what_was_not_measured_is_no_zero() {
    let mut measurements = Measurements::nothing(at(300));
    measurements.pod(reference("a")).measured.cpu = Some(250.0);
    measurements.pod(reference("stranger")).measured.cpu = Some(9.0);
    let observation = Observer::of(&KnownCluster::of(&two_pes())).observe(&measurements);
    assert_eq!(observation.at, at(300));
    assert_eq!(observation.pes.len(), 2, "the pod that is no PE is left out: {observation:?}");
    let measured = sample(&observation, "a");
    assert_eq!((measured.measured.cpu, measured.measured.memory), (Some(250.0), None));
    assert_eq!(measured.node.as_ref().unwrap().as_str(), "n1");
    let waiting = sample(&observation, "b");
    assert_eq!((waiting.measured.cpu, &waiting.node), (None, &None));
    let [of_node] = observation.nodes.as_slice() else { panic!("{observation:?}") };
    assert_eq!((of_node.measured.cpu, of_node.measured.memory), (None, None));
}

#[test]
fn a_pe_that_was_not_there_yet_is_missing_in_no_sum() {
    let observer = Observer::of(&KnownCluster::of(&two_pes()));
    assert_eq!(observer.observe(&Measurements::nothing(at(99))).pes, []);
    let mut measurements = Measurements::nothing(at(99));
    measurements.pod(reference("a")).measured.cpu = Some(1.0);
    let observation = observer.observe(&measurements);
    let [before] = observation.pes.as_slice() else { panic!("{observation:?}") };
    assert_eq!(before.node, None, "the pod of this name that was there before ran elsewhere");
}

#[test]
fn a_node_is_found_by_its_name_and_by_its_address() {
    let observer = Observer::of(&KnownCluster::of(&two_pes()));
    for name in ["n1", "10.0.0.1"] {
        let mut measurements = Measurements::nothing(at(300));
        measurements.node(name).memory = Some(7.0);
        measurements.node("unknown").memory = Some(8.0);
        let observation = observer.observe(&measurements);
        let [node] = observation.nodes.as_slice() else { panic!("{observation:?}") };
        assert_eq!((node.node.as_str(), node.measured.memory), ("n1", Some(7.0)), "{name}");
    }
}

#[test]
fn a_pod_that_is_gone_counts_for_its_job_on_the_node_that_the_source_tells() {
    let labelled = created(100, bound_to("n1", pe("j", "j-taskmanager-1-2", &[])));
    let observer = Observer::of(&KnownCluster::of(&cluster(vec![node("n1")], vec![], vec![labelled])));
    let before = at(300) - SignedDuration::from_hours(1);
    let mut measurements = Measurements::nothing(before);
    let gone = measurements.pod(reference("j-taskmanager-1-1"));
    gone.measured.cpu = Some(5.0);
    gone.node = Some("n1".into());
    let observation = observer.observe(&measurements);
    let [sample] = observation.pes.as_slice() else { panic!("{observation:?}") };
    assert_eq!((&*sample.job.job, &sample.pe), ("j", &PeIdentity::Interchangeable));
    assert_eq!(sample.node.as_ref().unwrap().as_str(), "n1");
}

#[test]
fn a_pe_that_is_leaving_still_uses_what_it_uses() {
    let pods = vec![created(100, leaving(bound_to("n1", pe("j", "a", &[]))))];
    let observer = Observer::of(&KnownCluster::of(&cluster(vec![node("n1")], vec![], pods)));
    let mut measurements = Measurements::nothing(at(300));
    measurements.pod(reference("a")).measured.cpu = Some(5.0);
    let observation = observer.observe(&measurements);
    assert_eq!(sample(&observation, "a").measured.cpu, Some(5.0));
}
