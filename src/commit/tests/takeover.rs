//! No Binding of another process succeeds beside a conflicting one of ours, in any order of takeovers.

use std::future::Future;
use std::sync::{Arc, Mutex};

use super::super::BoundPod;
use super::world::{Process, World, calls, lock, quiet, turns};

const APART: (&str, &str) = ("exlocation", "token");
/// As many nodes as pending PEs, so that all PEs can be placed.
const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// Two processes, and PEs `a` and `b` that must not share a node.
fn begin() -> (Arc<Mutex<World>>, [Process; 2]) {
    let world = Arc::<Mutex<World>>::default();
    lock(&world).create("a", APART);
    lock(&world).create("b", APART);
    let processes = [Process::start(&world, "one", &NODES), Process::start(&world, "two", &NODES)];
    (world, processes)
}

/// Runs a test with a paused clock, which advances when the test advances it or every task is idle.
fn test<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test());
}

/// Executes requests in this order, and responds to processes that still wait.
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

/// Lets one process bind a pod as if the process were alone, until its Binding is sent.
async fn bind_until_sent(world: &Arc<Mutex<World>>, process: &mut Process, pod: &str, node: &str) {
    process.bind(pod, node);
    let sent = format!("bind {pod} to {node}");
    for _ in 0..8 {
        let calls = calls(world).await;
        if calls.last() == Some(&sent) {
            return;
        }
        for call in calls.iter().filter(|call| call.starts_with("fence")) {
            execute(world, call).await;
        }
        show(process);
    }
    panic!("not sent: {:?}", calls(world).await);
}

#[test]
fn a_binding_of_a_dead_process_fails_once_its_successor_has_assumed_a_pod() {
    test(async || {
        let (world, [mut dead, mut next]) = begin();
        bind_until_sent(&world, &mut dead, "a", "n1").await;
        dead.binds.remove(0).abort();
        show(&mut next);
        next.bind("b", "n1");
        assert_eq!(calls(&world).await, ["bind a to n1", "fence a", "fence b"], "every conflicting pod");
        execute(&world, "fence a").await;
        execute(&world, "fence b").await;
        assert_eq!(calls(&world).await, ["bind a to n1"], "the watch may have more to say");
        show(&mut next);
        assert_eq!(calls(&world).await, ["bind a to n1", "bind b to n1"]);
        quiet(&world, std::slice::from_mut(&mut next)).await;
        assert!(matches!(next.binds.remove(0).await.unwrap(), Ok(BoundPod::ByThisRequest(_))));
        assert!(lock(&world).pod("a").unwrap().node.is_none(), "it came too late");
    });
}

#[test]
fn a_binding_that_succeeds_before_the_fencing_token_counts() {
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
fn a_process_that_gets_requests_again_takes_over_again() {
    test(async || {
        let (world, [mut one, mut two]) = begin();
        lock(&world).create("c", APART);
        [&mut one, &mut two].into_iter().for_each(show);
        bind_until_sent(&world, &mut one, "a", "n1").await;
        execute(&world, "bind a to n1").await;
        show(&mut one);
        // the second process takes over, and is interrupted
        show(&mut two);
        bind_until_sent(&world, &mut two, "b", "n2").await;
        // the first process watches the takeover, and gets a request again
        show(&mut one);
        one.bind("c", "n2");
        assert_eq!(calls(&world).await, ["bind b to n2", "fence b", "fence c"]);
        execute(&world, "fence b").await;
        quiet(&world, std::slice::from_mut(&mut one)).await;
        let open = lock(&world);
        let bound = ["b", "c"].map(|name| open.pod(name).unwrap().node.is_some());
        assert_eq!(bound, [false, true], "the late Binding has failed");
    });
}

#[test]
fn a_process_that_does_not_know_its_successor_binds_no_pod_that_the_successor_knows() {
    test(async || {
        let (world, [mut one, mut two]) = begin();
        bind_until_sent(&world, &mut one, "a", "n1").await;
        execute(&world, "bind a to n1").await;
        show(&mut one);
        lock(&world).create("c", APART);
        show(&mut one);
        show(&mut two);
        bind_until_sent(&world, &mut two, "b", "n2").await;
        // the watch of the first process is late, so it knows of no takeover
        bind_until_sent(&world, &mut one, "c", "n2").await;
        execute(&world, "bind b to n2").await;
        quiet(&world, std::slice::from_mut(&mut one)).await;
        let failure = one.binds.pop().unwrap().await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "Superseded");
    });
}

#[test]
fn pods_that_are_created_before_the_first_delivered_token_are_fenced_too() {
    test(async || {
        let (world, [mut one, mut two]) = begin();
        bind_until_sent(&world, &mut one, "a", "n1").await;
        execute(&world, "bind a to n1").await;
        show(&mut one);
        two.binder.ensure_takeover();
        // both processes watch the pod, and the first does not know of the second
        lock(&world).create("c", APART);
        [&mut one, &mut two].into_iter().for_each(show);
        bind_until_sent(&world, &mut one, "c", "n2").await;
        two.bind("b", "n2");
        turns().await;
        assert_eq!(calls(&world).await, ["bind c to n2", "fence b", "fence c"]);
    });
}

#[test]
fn later_pods_take_one_request_each() {
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
        lock(&world).announced = Some("two".to_owned());
        one.list();
        one.bind("c", "n2");
        assert_eq!(calls(&world).await, ["fence b", "fence c"]);
    });
}

#[test]
fn a_failed_fencing_token_fails_the_bind_and_assumes_no_pod() {
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
fn a_deleted_pod_needs_no_fencing_token() {
    test(async || {
        let (world, [mut one, _]) = begin();
        one.bind("a", "n1");
        turns().await;
        lock(&world).delete("b");
        quiet(&world, std::slice::from_mut(&mut one)).await;
        assert!(matches!(one.binds.remove(0).await.unwrap(), Ok(BoundPod::ByThisRequest(_))));
    });
}

#[test]
fn forged_tokens_fail_no_bind_and_unsettle_no_pod() {
    test(async || {
        let (world, [mut one, _]) = begin();
        one.bind("a", "n1");
        quiet(&world, std::slice::from_mut(&mut one)).await;
        lock(&world).create("c", ("exlocation", "another"));
        lock(&world).create("forger", ("exlocation", "theirs"));
        show(&mut one);
        for number in 0..50 {
            // The epochs of an earlier process and of nobody, and our own.
            let epoch = ["zero", "nobody", "one"][number % 3];
            lock(&world).forge("forger", &format!("{epoch}.{number}"));
            show(&mut one);
        }
        one.bind("c", "n1");
        assert_eq!(calls(&world).await, ["bind c to n1"], "nothing is fenced again");
        quiet(&world, std::slice::from_mut(&mut one)).await;
        assert!(matches!(one.binds.pop().unwrap().await.unwrap(), Ok(BoundPod::ByThisRequest(_))));
    });
}

#[test]
fn a_pod_that_cannot_be_fenced_fails_no_unrelated_bind() {
    test(async || {
        let world = Arc::<Mutex<World>>::default();
        lock(&world).create("a", APART);
        lock(&world).create("stuck", APART);
        lock(&world).create("c", ("scheme", "pack"));
        let mut one = Process::start(&world, "one", &NODES);
        one.bind("a", "n1");
        one.bind("c", "n2");
        let rejected = || super::super::WriteError::Rejected("denied by a webhook of the tenant".to_owned());
        for _ in 0..64 {
            let Some(index) = calls(&world).await.iter().position(|call| call == "fence stuck") else {
                let mut open = lock(&world);
                let Some(next) = (0..open.requests.len()).next() else { break };
                open.execute(next);
                open.reply(next);
                drop(open);
                show(&mut one);
                continue;
            };
            lock(&world).refuse(index, rejected());
        }
        quiet(&world, std::slice::from_mut(&mut one)).await;
        let [a, c] = [one.binds.remove(0).await.unwrap(), one.binds.remove(0).await.unwrap()];
        assert_eq!(a.unwrap_err().as_str(), "ApiRefused", "it conflicts with the pod that cannot be fenced");
        assert!(matches!(c, Ok(BoundPod::ByThisRequest(_))), "{c:?}");
    });
}
