use serde_json::json;

use super::*;
use crate::model::Pod;
use crate::state::Event;
use crate::status::support::{Attempts, first_status, status, stream_job, with_record};
use crate::testing::{bound_to, cluster, lasting, node, pe};

fn place<'a>(status: &'a StreamJobStatus, pe: &str) -> &'a PlacementStatus {
    status.placements.iter().find(|place| place.pe == pe).unwrap()
}

fn condition<'a>(status: &'a StreamJobStatus, kind: &str) -> (&'a str, &'a str, i64) {
    let found = status.conditions.iter().find(|condition| condition.type_ == kind).unwrap();
    (&found.status, &found.message, found.last_transition_time.0.as_second())
}

#[test]
fn a_job_reports_where_its_pes_are_and_why_others_wait() {
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
fn an_assumed_pod_is_not_reported_as_placed() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    cluster.assume(&"a".into(), &"n1".into()).unwrap();
    let reported = first_status(&stream_job(&json!({})), &cluster);
    assert_eq!((reported.phase, reported.placed, reported.of), (Phase::Pending, 0, 1));
}

#[test]
fn a_condition_has_the_time_of_its_last_transition() {
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
fn keys_of_pods_that_the_job_overrides_are_reported() {
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
fn the_previous_node_of_a_pe_outlives_its_pod_and_the_process() {
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
fn a_status_does_not_grow_with_each_name_that_a_pod_ever_had() {
    let object = stream_job(&json!({}));
    let mut last = None;
    for generation in 0..100 {
        let name = |number: u32| format!("g{generation}-{number}");
        let pods = (0..10).map(|number| lasting(&name(number), bound_to("n1", pe("j", &name(number), &[])))).collect();
        // Each status comes from a process that knows nothing of the earlier names.
        let cluster = cluster(vec![node("n1")], vec![], pods);
        let status = status(&object, last.as_ref(), &cluster, (&Attempts::new(), 0));
        assert!(status.placements.len() <= 10 + 2 * 10 + 64, "{generation}: {}", status.placements.len());
        last = Some(status);
    }
    let empty = cluster(vec![node("n1")], vec![], vec![]);
    let before = last.as_ref().unwrap().placements.len();
    for _ in 0..3 {
        let status = status(&object, last.as_ref(), &empty, (&Attempts::new(), 0));
        assert_eq!(status.placements.len(), 84, "of {before}: all that had a pod are remembered, also later");
        let latest = (0..10).all(|number| status.placements.iter().any(|place| place.pe == format!("g99-{number}")));
        assert!(latest);
        last = Some(status);
    }
}
