use jiff::Timestamp;

use super::Jobs;
use crate::model::{JobId, Namespace};
use crate::state::{JobState, PreviousNode};

fn id(number: usize) -> JobId {
    JobId { namespace: Namespace::from("streams"), name: number.to_string().into(), generation: "".into() }
}

fn make(jobs: &mut Jobs, number: usize) {
    jobs.change_or_make(&id(number), JobState::default, |_| {});
}

fn remember(state: &mut JobState, node: &str) {
    state
        .previous_nodes
        .insert("pe".into(), PreviousNode { since: Timestamp::UNIX_EPOCH, node: node.into(), owner_uid: "l".into() });
}

fn previous_nodes(jobs: &Jobs, number: usize) -> Option<usize> {
    jobs.get(&id(number)).map(|state| state.previous_nodes.len())
}

#[test]
fn each_job_has_one_row_until_it_is_taken_out() {
    let mut jobs = Jobs::default();
    for number in 0..1_000 {
        assert_eq!(jobs.change(&id(number), |_| ()), None);
        make(&mut jobs, number);
        make(&mut jobs, number);
    }
    let mut found: Vec<usize> = jobs.iter().map(|(id, _)| id.name.parse().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, (0..1_000).collect::<Vec<_>>());
    assert!(jobs.remove(&id(7)).is_some() && jobs.remove(&id(7)).is_none());
    assert_eq!((previous_nodes(&jobs, 7), jobs.iter().count()), (None, 999));
}

#[test]
fn a_change_is_not_seen_by_those_who_have_the_rows_already() {
    let mut jobs = Jobs::default();
    for number in 0..100 {
        make(&mut jobs, number);
    }
    let before = jobs.clone();
    assert_eq!(jobs.change(&id(3), |state| remember(state, "n1")), Some(()));
    jobs.remove(&id(4));
    make(&mut jobs, 100);
    assert_eq!([3, 4, 100].map(|number| previous_nodes(&before, number)), [Some(0), Some(0), None]);
    assert_eq!([3, 4, 100].map(|number| previous_nodes(&jobs, number)), [Some(1), None, Some(0)]);
}
