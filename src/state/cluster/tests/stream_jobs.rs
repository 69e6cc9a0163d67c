use crate::model::{LastPlace, NodeName, Pod, StreamJob};
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, lasting, node, pe, stream_job};

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
