use super::*;
use crate::demand::known::KnownCluster;
use crate::model::Pod;
use crate::state::Cluster;
use crate::testing::{NAMESPACE, bound_to, cluster, job_id, lasting, node, pe};

fn reference(pod: &str) -> PodReference {
    PodReference { namespace: NAMESPACE.into(), pod: pod.into() }
}

fn departed(attribution: &Attribution, pod: &str) -> Option<(String, PeIdentity)> {
    let found = attribution.departed(&reference(pod), &MeasuredPod::default())?;
    Some((found.job.job.to_string(), found.pe))
}

fn attribution(cluster: &Cluster) -> Attribution {
    Attribution::to(&KnownCluster::of(cluster).pes)
}

fn made(job: &str, pod: &str) -> Pod {
    pe(job, pod, &[])
}

#[test]
fn names_without_what_their_workload_has_made_up() {
    for (name, expected) in [
        ("web-7d4b9c6f5d-x2x9k", Some("web")),
        ("clicks-taskmanager-1-3", Some("clicks-taskmanager")),
        ("stateful-12", Some("stateful")),
        ("web-server-x2x9k", Some("web-server")),
        ("plain", None),
        ("two-words", None),
        ("ends-with-", None),
        ("-12", None),
        ("1-2-3-4", Some("1-2")),
    ] {
        assert_eq!(stem(name), expected, "{name}");
    }
}

#[test]
fn a_pod_that_is_gone_belongs_to_the_job_whose_pods_have_names_of_its_kind() {
    let pods = vec![
        made("clicks", "clicks-taskmanager-2-1"),
        // Of job `j`, and named after its PE.
        lasting("store-0", made("j", "store-0")),
        bound_to("n1", made("one", "shared-1")),
        made("two", "shared-2"),
    ];
    let attribution = attribution(&cluster(vec![node("n1")], vec![], pods));
    let found = departed(&attribution, "clicks-taskmanager-1-7").unwrap();
    assert_eq!(found, ("clicks".to_owned(), PeIdentity::Interchangeable));
    assert_eq!(departed(&attribution, "shared-3"), None, "two jobs have such pods");
    assert_eq!(departed(&attribution, "unknown-3"), None);
    let found = departed(&attribution, "store-4").unwrap();
    assert_eq!(found, ("j".to_owned(), PeIdentity::Named("store-4".into())), "a StatefulSet that was larger");
}

#[test]
fn a_label_of_the_query_tells_the_job_whatever_the_name_is() {
    let attribution = Attribution::default();
    let labelled = MeasuredPod { job: Some("clicks".into()), ..MeasuredPod::default() };
    let found = attribution.departed(&reference("any"), &labelled).unwrap();
    assert_eq!(found.job, DemandKey::from(&job_id("clicks")));
    assert_eq!(found.pe, PeIdentity::Interchangeable);
    let named = MeasuredPod { pe: Some("sink".into()), ..labelled };
    assert_eq!(attribution.departed(&reference("any"), &named).unwrap().pe, PeIdentity::Named("sink".into()));
}

#[test]
fn a_pod_that_is_there_is_known_with_its_node() {
    let cluster = cluster(vec![node("n1")], vec![], vec![bound_to("n1", made("j", "a")), made("j", "b")]);
    let attribution = attribution(&cluster);
    assert_eq!(attribution.known(&reference("a")).unwrap().node.as_ref().unwrap().as_str(), "n1");
    assert_eq!(attribution.known(&reference("b")).unwrap().node, None);
    assert!(attribution.known(&reference("c")).is_none());
}
