//! A Binding of another process cannot land beside ours, in whichever order processes come and go.

use std::future::Future;
use std::sync::{Arc, Mutex};

use super::super::BoundPod;
use super::world::{Process, World, calls, lock, quiet, turns};

const APART: (&str, &str) = ("exlocation", "token");
/// As many as PEs that wait at once: all of them can be placed.
const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// Two processes, and PEs `a` and `b` that must not share a node.
fn begin() -> (Arc<Mutex<World>>, [Process; 2]) {
    let world = Arc::<Mutex<World>>::default();
    lock(&world).create("a", APART);
    lock(&world).create("b", APART);
    let processes = [Process::start(&world, "one", &NODES), Process::start(&world, "two", &NODES)];
    (world, processes)
}

/// Runs a test on a clock that only the test, or waiting for nothing else, moves.
fn test<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test());
}

/// Executes requests in this order, and answers those whose process still waits.
async fn execute(world: &Arc<Mutex<World>>, wanted: &str) {
    let found = calls(world).await.iter().position(|call| call == wanted);
    let mut open = lock(world);
    let index = found.unwrap_or_else(|| panic!("no `{wanted}` among {:?}", open.requests));
    open.execute(index);
    open.reply(index);
}

fn show(process: &mut Process) {
    while process.show() {}
}

/// Lets one process bind a pod as if it were alone, until its Binding is on its way.
async fn bind_until_sent(world: &Arc<Mutex<World>>, process: &mut Process, pod: &str, node: &str) {
    process.bind(pod, node);
    let sent = format!("bind {pod} to {node}");
    for _ in 0..8 {
        let calls = calls(world).await;
        if calls.last() == Some(&sent) {
            return;
        }
        for call in calls.iter().filter(|call| call.starts_with("mark")) {
            execute(world, call).await;
        }
        show(process);
    }
    panic!("not sent: {:?}", calls(world).await);
}

#[test]
fn a_binding_of_a_dead_process_fails_once_its_successor_has_committed() {
    test(async || {
        let (world, [mut dead, mut next]) = begin();
        bind_until_sent(&world, &mut dead, "a", "n1").await;
        dead.binds.remove(0).abort();
        show(&mut next);
        next.bind("b", "n1");
        assert_eq!(calls(&world).await, ["bind a to n1", "mark a", "mark b"], "its whole group");
        execute(&world, "mark a").await;
        execute(&world, "mark b").await;
        assert_eq!(calls(&world).await, ["bind a to n1"], "the watch may have more to say");
        show(&mut next);
        assert_eq!(calls(&world).await, ["bind a to n1", "bind b to n1"]);
        quiet(&world, std::slice::from_mut(&mut next)).await;
        assert!(matches!(next.binds.remove(0).await.unwrap(), Ok(BoundPod::ByThisRequest(_))));
        assert!(lock(&world).pod("a").unwrap().node.is_none(), "it came too late");
    });
}

#[test]
fn a_binding_that_lands_before_the_mark_is_taken_into_account() {
    test(async || {
        let (world, [mut dead, mut next]) = begin();
        bind_until_sent(&world, &mut dead, "a", "n1").await;
        dead.binds.remove(0).abort();
        show(&mut next);
        next.bind("b", "n1");
        execute(&world, "bind a to n1").await;
        quiet(&world, std::slice::from_mut(&mut next)).await;
        let failure = next.binds.remove(0).await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "ExlocationConflict");
    });
}

#[test]
fn a_process_that_is_asked_again_takes_over_from_the_one_between() {
    test(async || {
        let (world, [mut one, mut two]) = begin();
        lock(&world).create("c", APART);
        [&mut one, &mut two].into_iter().for_each(show);
        bind_until_sent(&world, &mut one, "a", "n1").await;
        execute(&world, "bind a to n1").await;
        show(&mut one);
        // the second one takes over, and is cut off in the middle
        show(&mut two);
        bind_until_sent(&world, &mut two, "b", "n2").await;
        // the first one has seen that, and is asked again
        show(&mut one);
        one.bind("c", "n2");
        assert_eq!(calls(&world).await, ["bind b to n2", "mark b", "mark c"]);
        execute(&world, "mark b").await;
        quiet(&world, std::slice::from_mut(&mut one)).await;
        let open = lock(&world);
        let bound = ["b", "c"].map(|name| open.pod(name).unwrap().node.is_some());
        assert_eq!(bound, [false, true], "the late Binding has failed");
    });
}

#[test]
fn a_process_that_has_not_seen_its_successor_binds_nothing_that_the_successor_knows() {
    test(async || {
        let (world, [mut one, mut two]) = begin();
        bind_until_sent(&world, &mut one, "a", "n1").await;
        execute(&world, "bind a to n1").await;
        show(&mut one);
        lock(&world).create("c", APART);
        show(&mut one);
        show(&mut two);
        bind_until_sent(&world, &mut two, "b", "n2").await;
        // the first one's watch is late: to it, nothing has happened
        bind_until_sent(&world, &mut one, "c", "n2").await;
        execute(&world, "bind b to n2").await;
        quiet(&world, std::slice::from_mut(&mut one)).await;
        let failure = one.binds.pop().unwrap().await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "Superseded");
    });
}

#[test]
fn pods_that_come_before_our_first_mark_is_shown_are_marked_too() {
    test(async || {
        let (world, [mut one, mut two]) = begin();
        bind_until_sent(&world, &mut one, "a", "n1").await;
        execute(&world, "bind a to n1").await;
        show(&mut one);
        two.binder.ensure_takeover();
        // both see it, and the first one does not know of the second
        lock(&world).create("c", APART);
        [&mut one, &mut two].into_iter().for_each(show);
        bind_until_sent(&world, &mut one, "c", "n2").await;
        two.bind("b", "n2");
        turns().await;
        assert_eq!(calls(&world).await, ["bind c to n2", "mark b", "mark c"]);
    });
}

#[test]
fn pods_that_come_later_cost_one_call_each() {
    test(async || {
        let (world, [mut one, _]) = begin();
        one.bind("a", "n1");
        quiet(&world, std::slice::from_mut(&mut one)).await;
        lock(&world).create("c", ("exlocation", "another"));
        lock(&world).create("d", ("exlocation", "another"));
        show(&mut one);
        one.bind("c", "n1");
        one.bind("d", "n2");
        assert_eq!(calls(&world).await, ["bind c to n1", "bind d to n2"]);
    });
}

#[test]
fn a_watch_with_a_gap_may_have_missed_a_takeover() {
    test(async || {
        let (world, [mut one, _]) = begin();
        one.bind("a", "n1");
        quiet(&world, std::slice::from_mut(&mut one)).await;
        lock(&world).create("c", APART);
        one.list();
        one.bind("c", "n2");
        assert_eq!(calls(&world).await, ["mark b", "mark c"]);
    });
}

#[test]
fn a_failed_mark_fails_the_bind_and_commits_nothing() {
    test(async || {
        let (world, [mut one, _]) = begin();
        one.bind("a", "n1");
        turns().await;
        lock(&world).refuse(0, super::super::WriteError::Rejected("no rights".to_owned()));
        quiet(&world, std::slice::from_mut(&mut one)).await;
        let failure = one.binds.remove(0).await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "ApiRefused");
        assert_eq!(one.counts("a"), None);
    });
}

#[test]
fn a_pod_that_is_gone_needs_no_mark() {
    test(async || {
        let (world, [mut one, _]) = begin();
        one.bind("a", "n1");
        turns().await;
        lock(&world).delete("b");
        quiet(&world, std::slice::from_mut(&mut one)).await;
        assert!(matches!(one.binds.remove(0).await.unwrap(), Ok(BoundPod::ByThisRequest(_))));
    });
}
