use crate::model::{LastPlace, NodeName, Pod, Reason, ResourceVersion, StreamJob, StreamJobVersion};
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, filter_node, lasting, node, pe, stream_job};

#[test]
fn previous_nodes_are_restored_from_the_status_of_a_stream_job() {
    let place = |node: &str| LastPlace {
        generation: "".into(),
        pe: "a".into(),
        owner_uid: "owner".into(),
        node: NodeName::from(node),
    };
    let reported = |node: &str| {
        let job = StreamJob { last_places: vec![place(node)], ..stream_job("j", &[]) };
        Event::put(job)
    };
    let of_owner = |pod: Pod| lasting("a", pod);
    let previous_node = |cluster: &Cluster, uid: &str| {
        let (_, pe) = cluster.pod(uid).unwrap();
        let pe = pe.unwrap();
        cluster.snapshot().job(&pe.job).unwrap().previous_node(pe).cloned()
    };
    let waiting = || Event::put(of_owner(pe("j", "a-2", &[])));

    for (first, second) in [(reported("n1"), waiting()), (waiting(), reported("n1"))] {
        let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![]);
        cluster.apply(first);
        cluster.apply(second);
        assert_eq!(previous_node(&cluster, "a-2"), Some("n1".into()), "whatever comes first");
        // The watch is later than the status.
        cluster.apply(Event::put(of_owner(bound_to("n2", pe("j", "a-2", &[])))));
        cluster.apply(reported("n1"));
        assert_eq!(previous_node(&cluster, "a-2"), Some("n2".into()));
    }
}

/// The version of a `StreamJob` with UID `j1`.
fn version(generation: i64, resource_version: &str) -> StreamJobVersion {
    let resource_version = ResourceVersion::parse(resource_version).unwrap();
    StreamJobVersion { uid: "j1".into(), generation, resource_version }
}

fn shown(resource_version: &str) -> Event {
    Event::StreamJobsShown(ResourceVersion::parse(resource_version).unwrap())
}

#[test]
fn a_pe_waits_for_the_version_of_its_stream_job_that_admission_noted() {
    let noted = version(2, "20").to_string();
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[("stream-job", &noted)])]);
    let awaited = |cluster: &Cluster| cluster.pod("a").unwrap().1.unwrap().awaited.as_deref().map(str::to_owned);
    assert_eq!(awaited(&cluster), None, "without a watch of StreamJob objects there is nothing to wait for");
    cluster.apply(shown("9"));
    cluster.apply(Event::put(pe("j", "a", &[("stream-job", &noted)])));
    assert_eq!(awaited(&cluster).as_deref(), Some("StreamJob streams/j of generation 2"));
    assert_eq!(filter_node(&cluster, "a", "n1").unwrap_err().reason(), Reason::StaleState);

    cluster.apply(Event::put(StreamJob { version: Some(version(1, "15")), ..stream_job("j", &[]) }));
    cluster.apply(shown("15"));
    assert!(awaited(&cluster).is_some(), "an older generation");
    let exlocated: &[(&str, &str)] = &[("exlocation", "x")];
    let job = stream_job("j", &[("a", exlocated)]);
    cluster.apply(Event::put(StreamJob { version: Some(version(2, "18")), ..job }));
    assert_eq!(awaited(&cluster), None, "the noted generation, whose status has changed since");

    cluster.apply(Event::gone::<StreamJob>(stream_job("j", &[]).id));
    assert!(awaited(&cluster).is_some(), "an object of that version may come again");
    cluster.apply(shown("20"));
    assert_eq!(awaited(&cluster), None, "the object is gone, and nobody waits for it");
}
