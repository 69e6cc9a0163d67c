//! What is told of pools and jobs follows from nodes, pods and the last status, and from nothing else.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{InvolvedObject, JobEvent, Overview, PodReport, job_events, job_status, pool_status};
use crate::api::{HostPool, HostPoolStatus, Phase, PlacementStatus, StreamJob, StreamJobStatus};
use crate::model::{Pod, PodUid, Pool, Reason, StreamJob as Declared};
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, cordoned, lasting, leaving, node, pe, tagged};

fn host_pool(spec: &Value) -> HostPool {
    let metadata = json!({"name": "fast", "namespace": "streams", "generation": 3});
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
}

fn stream_job(spec: &Value) -> StreamJob {
    let metadata = json!({"name": "j", "namespace": "streams", "generation": 2});
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
}

fn with_record(pod: Pod) -> Pod {
    let record = json!({"rank": 2, "refused": {"PoolTagMissing": 3}, "node": "n1"}).to_string();
    Pod { annotations: [("outrigger.dev/placement", record)].into_iter().collect(), ..pod }
}

/// What happened at the last attempts, by pod.
type Attempts = BTreeMap<&'static str, BTreeMap<Reason, usize>>;

fn status(
    object: &StreamJob,
    last: Option<&StreamJobStatus>,
    cluster: &Cluster,
    (attempts, seconds): (&Attempts, i64),
) -> StreamJobStatus {
    let report = |uid: &PodUid| {
        let (pod, _) = cluster.pod(uid.as_str()).unwrap();
        PodReport {
            is_bound: pod.node.is_some(),
            record: pod.annotations.get("outrigger.dev/placement").map(str::to_owned),
            rejected: attempts.get(uid.as_str()).cloned(),
        }
    };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    job_status(object, last, &Overview::new(cluster.snapshot()), (&report, now)).unwrap()
}

fn first_status(object: &StreamJob, cluster: &Cluster) -> StreamJobStatus {
    status(object, None, cluster, (&Attempts::new(), 0))
}

fn place<'a>(status: &'a StreamJobStatus, pe: &str) -> &'a PlacementStatus {
    status.placements.iter().find(|place| place.pe == pe).unwrap()
}

fn condition<'a>(status: &'a StreamJobStatus, kind: &str) -> (&'a str, &'a str, i64) {
    let found = status.conditions.iter().find(|condition| condition.type_ == kind).unwrap();
    (&found.status, &found.message, found.last_transition_time.0.as_second())
}

#[test]
fn a_pool_tells_its_nodes_and_who_has_which() {
    let object = host_pool(&json!({"tags": ["ssd"], "size": 2}));
    let of_pool_fast = |job: &str, name: &str| pe(job, name, &[("host-pool", "fast")]);
    let nodes = vec![tagged(&["ssd"], node("n1")), cordoned(tagged(&["ssd"], node("n2"))), node("n3")];
    let pods = vec![
        bound_to("n1", of_pool_fast("j", "a")),
        bound_to("n1", of_pool_fast("j", "b")),
        bound_to("n2", of_pool_fast("k", "c")),
        of_pool_fast("waits", "d"),
        bound_to("n3", pe("other", "e", &[])),
        leaving(bound_to("n1", of_pool_fast("leaves", "f"))),
    ];
    let cluster = cluster(nodes, vec![Pool::try_from(&object).unwrap()], pods);
    let reported = pool_status(&object, &Overview::new(cluster.snapshot())).unwrap();
    let expected = json!({
        "nodes": 2, "schedulable": 1, "jobs": 2, "observedGeneration": 3,
        "allocations": [{"job": "j", "pes": 2, "nodes": ["n1"]}, {"job": "k", "pes": 1, "nodes": ["n2"]}],
    });
    assert_eq!(reported, serde_json::from_value::<HostPoolStatus>(expected).unwrap());
}

#[test]
fn a_job_tells_where_its_pes_are_and_why_others_wait() {
    let object = stream_job(&json!({"pes": [{"name": "a"}, {"name": "b"}, {"name": "no-pod-yet"}]}));
    let pods = vec![with_record(bound_to("n1", pe("j", "a", &[]))), pe("j", "b", &[]), pe("j", "unlisted", &[])];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    let attempts = Attempts::from([("b", BTreeMap::from([(Reason::ExlocationConflict, 4)]))]);
    let reported = status(&object, None, &cluster, (&attempts, 7));

    assert_eq!(
        (reported.phase, reported.placed, reported.of, reported.observed_generation),
        (Phase::Placing, 1, 4, Some(2))
    );
    let a = place(&reported, "a");
    assert_eq!((a.pod.as_deref(), a.node.as_deref(), a.rank), (Some("a"), Some("n1"), Some(2)));
    assert_eq!(a.rejected, BTreeMap::from([("PoolTagMissing".to_owned(), 3)]), "as its record has it");
    let b = place(&reported, "b");
    assert_eq!((b.node.as_deref(), &b.rejected), (None, &BTreeMap::from([("ExlocationConflict".to_owned(), 4)])));
    assert_eq!(
        condition(&reported, "Placed"),
        ("False", "1/4 PEs are placed; 1 without a pod; nodes rejected: 4 ExlocationConflict", 7)
    );

    // nobody remembers the attempt, after a restart: what was told stays true
    let again = status(&object, Some(&reported), &cluster, (&Attempts::new(), 9));
    assert_eq!(again, reported);
}

#[test]
fn what_is_committed_but_not_bound_is_not_told_as_placed() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    cluster.assume(&"a".into(), &"n1".into()).unwrap();
    let reported = first_status(&stream_job(&json!({})), &cluster);
    assert_eq!((reported.phase, reported.placed, reported.of), (Phase::Pending, 0, 1));
}

#[test]
fn a_condition_tells_since_when_it_holds() {
    let object = stream_job(&json!({}));
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    let waiting = status(&object, None, &cluster, (&Attempts::new(), 1));
    assert_eq!(condition(&waiting, "Placed"), ("False", "0/1 PEs are placed", 1));
    cluster.apply(Event::put(bound_to("n1", pe("j", "a", &[]))));
    let placed = status(&object, Some(&waiting), &cluster, (&Attempts::new(), 2));
    assert_eq!(condition(&placed, "Placed"), ("True", "1/1 PEs are placed", 2));
    let later = status(&object, Some(&placed), &cluster, (&Attempts::new(), 3));
    assert_eq!(later, placed, "nothing happened");
}

#[test]
fn differences_between_pods_and_their_job_are_told() {
    let object = stream_job(&json!({"pes": [{"name": "a", "hosts": ["n1"]}]}));
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[("hosts", "n2")])]);
    assert_eq!(
        condition(&first_status(&object, &cluster), "SpecOverridden").0,
        "False",
        "the watch has not shown the StreamJob yet"
    );
    cluster.apply(Event::put(Declared::try_from(&object).unwrap()));
    assert_eq!(
        condition(&first_status(&object, &cluster), "SpecOverridden"),
        ("True", "this StreamJob overrides keys of its pods: PE a: outrigger.dev/hosts", 0)
    );
}

#[test]
fn where_a_pe_comes_back_to_outlives_its_pod_and_the_process() {
    let object = stream_job(&json!({}));
    let pods = vec![lasting("a", bound_to("n1", pe("j", "a-1", &[]))), bound_to("n1", pe("j", "b", &[]))];
    let mut seen = cluster(vec![node("n1")], vec![], pods);
    let bound = first_status(&object, &seen);
    assert_eq!(place(&bound, "a").owner.as_deref(), Some("owner"));
    assert_eq!(place(&bound, "b").owner, None, "its name is its pod's");

    seen.apply(Event::gone::<Pod>("a-1".into()));
    let gone = status(&object, Some(&bound), &seen, (&Attempts::new(), 0));
    let expected = PlacementStatus {
        pe: "a".to_owned(),
        last_node: Some("n1".to_owned()),
        owner: Some("owner".to_owned()),
        ..PlacementStatus::default()
    };
    assert_eq!(*place(&gone, "a"), expected);
    assert_eq!((gone.placed, gone.of), (1, 1), "only pods count");

    // a process that has never seen the pod, and a wiped status in one that has
    let fresh = cluster(vec![node("n1")], vec![], vec![]);
    let kept = status(&object, Some(&gone), &fresh, (&Attempts::new(), 0));
    assert_eq!(*place(&kept, "a"), expected);
    assert_eq!(*place(&first_status(&object, &seen), "a"), expected);
    let reported = StreamJob { status: Some(kept), ..object };
    assert_eq!(Declared::try_from(&reported).unwrap().last_places.len(), 1, "and it is read back");
}

#[test]
fn an_older_submission_is_over_once_there_is_a_later_one() {
    let object = stream_job(&json!({}));
    let of = |generation: &str, pod: Pod| {
        let labels = [("outrigger.dev/job", "j"), ("outrigger.dev/pe", "a"), ("outrigger.dev/generation", generation)];
        Pod { labels: labels.into_iter().collect(), ..lasting("a", pod) }
    };
    let first = cluster(vec![node("n1")], vec![], vec![of("1", bound_to("n1", pe("j", "a-1", &[])))]);
    let reported = first_status(&object, &first);
    let second = cluster(vec![node("n1")], vec![], vec![of("2", pe("j", "a-2", &[]))]);
    let reported = status(&object, Some(&reported), &second, (&Attempts::new(), 0));
    let generations: Vec<&str> = reported.placements.iter().map(|place| place.generation.as_str()).collect();
    assert_eq!(generations, ["2"]);
}

#[test]
fn news_are_told_once() {
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
