use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn a_task_that_panics_is_named() {
    let mut group = TaskGroup::default();
    group.spawn("stays", std::future::pending());
    group.spawn("fails", async { panic!("as a test wants it") });
    assert_eq!(group.ended_early().await, "task `fails` ended early: panicked");
    assert_eq!(group.end().await, Ok(()), "the others end in order");
}

#[tokio::test]
async fn a_task_that_fails_is_named_with_its_problem() {
    let mut group = TaskGroup::default();
    group.add("server", async { Err("the socket is gone".to_owned()) });
    assert_eq!(group.ended_early().await, "task `server` ended early: the socket is gone");
}

#[tokio::test]
async fn the_end_waits_for_what_a_task_still_has_to_do() {
    let mut group = TaskGroup::default();
    let is_drained = Arc::new(AtomicBool::new(false));
    let (ending, drained) = (group.ending.clone(), Arc::clone(&is_drained));
    group.add("drains", async move {
        ending.cancelled().await;
        tokio::task::yield_now().await;
        drained.store(true, Ordering::Release);
        Ok(())
    });
    assert_eq!(group.end().await, Ok(()));
    assert!(is_drained.load(Ordering::Acquire));
}

#[tokio::test]
async fn an_error_while_ending_is_reported() {
    let mut group = TaskGroup::default();
    let ending = group.ending.clone();
    group.add("drains", async move {
        ending.cancelled().await;
        Err("not in time".to_owned())
    });
    assert_eq!(group.end().await, Err("task `drains` ended early: not in time".to_owned()));
}

#[tokio::test]
async fn a_group_without_tasks_does_not_end_early() {
    let mut group = TaskGroup::default();
    assert!(futures::poll!(std::pin::pin!(group.ended_early())).is_pending());
    assert_eq!(group.end().await, Ok(()));
}
