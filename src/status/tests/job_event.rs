use serde_json::json;

use super::*;
use crate::model::Reason;
use crate::state::Event;
use crate::status::support::{Attempts, first_status, status, stream_job, with_record};
use crate::testing::{bound_to, cluster, node, pe};

#[test]
fn each_change_is_one_event() {
    let object = stream_job(&json!({}));
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[]), bound_to("n1", pe("j", "b", &[]))]);
    let rejected = |reason: Reason, nodes: usize| Attempts::from([("a", BTreeMap::from([(reason, nodes)]))]);
    let first = first_status(&object, &cluster);
    let pod = |name: &str| InvolvedObject::Pod { name: name.to_owned(), uid: name.to_owned() };
    let reported = |events: Vec<JobEvent>| -> Vec<(InvolvedObject, &str, String)> {
        events.into_iter().map(|event| (event.regarding, event.reason, event.note)).collect()
    };
    assert_eq!(reported(job_events(None, &first)), [(pod("b"), "Placed", "placed PE b on node n1".to_owned())]);
    assert_eq!(job_events(Some(&first), &first), []);

    let waits = status(&object, Some(&first), &cluster, (&rejected(Reason::HostMismatch, 1), 0));
    assert_eq!(
        reported(job_events(Some(&first), &waits)),
        [
            (pod("a"), "Waiting", "PE a waits for a node; nodes rejected: 1 HostMismatch".to_owned()),
            (InvolvedObject::Job, "Waiting", "1/2 PEs are placed; nodes rejected: 1 HostMismatch".to_owned()),
        ]
    );
    let longer = status(&object, Some(&waits), &cluster, (&rejected(Reason::HostMismatch, 2), 0));
    assert_eq!(job_events(Some(&waits), &longer), [], "a count is no news");
    let another = status(&object, Some(&waits), &cluster, (&rejected(Reason::ExlocationConflict, 2), 0));
    assert_eq!(job_events(Some(&waits), &another).len(), 2, "another code is");

    cluster.apply(Event::put(with_record(bound_to("n1", pe("j", "a", &[])))));
    let placed = status(&object, Some(&another), &cluster, (&Attempts::new(), 0));
    assert_eq!(
        reported(job_events(Some(&another), &placed)),
        [
            (
                pod("a"),
                "Placed",
                "placed PE a on node n1, rank 2 of the nodes that passed; nodes rejected: 3 PoolTagMissing".to_owned()
            ),
            (InvolvedObject::Job, "Placed", "2/2 PEs are placed".to_owned()),
        ]
    );
}
