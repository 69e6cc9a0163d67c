//! A pod is assumed for exactly as long as its Binding may succeed, whatever the API server returns.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::advance;

use super::super::{BindFailure, BoundPod, WriteError};
use super::world::{Process, World, answer_next, calls, lock, quiet, turns};
use crate::extender::bind::VerificationError;
use crate::state::Cluster;

/// Longer than the binder's timeout for the watch.
const LONG: Duration = Duration::from_secs(3);
const APART: (&str, &str) = ("exlocation", "token");

/// A process that has taken over, and PEs `a` and `b` that must not share a node.
struct Scene {
    world: Arc<Mutex<World>>,
    process: [Process; 1],
}

impl Scene {
    async fn begin() -> Self {
        let world = Arc::<Mutex<World>>::default();
        let mut process = [Process::start(&world, "ours", &["n1", "n2", "n3"])];
        lock(&world).create("first", ("isolated", "false"));
        process[0].bind("first", "n1");
        quiet(&world, &mut process).await;
        process[0].binds.clear();
        lock(&world).create("a", APART);
        lock(&world).create("b", APART);
        quiet(&world, &mut process).await;
        Self { world, process }
    }

    /// Sends a bind request, and lets the Binding reach the network.
    async fn bind(&mut self, name: &str, node: &str) {
        self.process[0].bind(name, node);
        assert_eq!(calls(&self.world).await.last().unwrap(), &format!("bind {name} to {node}"));
    }

    /// Executes the oldest request, and delivers the response.
    async fn answer(&self) {
        answer_next(&self.world);
        turns().await;
    }

    /// Delivers all responses and watch events, and returns the result of the oldest bind.
    async fn outcome(&mut self) -> Result<BoundPod, BindFailure> {
        quiet(&self.world, &mut self.process).await;
        self.process[0].binds.remove(0).await.unwrap()
    }

    async fn show(&mut self) {
        while self.process[0].show() {}
        turns().await;
    }

    fn counts(&self, name: &str) -> Option<String> {
        self.process[0].counts(name)
    }

    fn node(&self, name: &str) -> Option<String> {
        lock(&self.world).pod(name)?.node.as_ref().map(ToString::to_string)
    }
}

/// Runs a test with a paused clock, which advances when the test advances it or every task is idle.
fn test<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test());
}

#[test]
fn an_accepted_binding_counts_before_the_watch_delivers_it() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        assert_eq!(scene.counts("a").as_deref(), Some("n1"), "from before the API server hears of it");
        scene.answer().await;
        assert!(scene.process[0].binds[0].is_finished(), "one call is all that it takes");
        assert_eq!(scene.counts("a").as_deref(), Some("n1"), "the watch has shown nothing yet");
        scene.process[0].bind("b", "n1");
        turns().await;
        let rejected = scene.process[0].binds.pop().unwrap().await.unwrap().unwrap_err();
        assert_eq!(rejected.as_str(), "ExlocationConflict");
        scene.show().await;
        assert_eq!(scene.process[0].store.read(Cluster::assumed_len), 0, "now the watch carries it");
        assert_eq!(scene.counts("a").as_deref(), Some("n1"));
    });
}

#[test]
fn a_pod_that_changed_during_the_bind_is_verified_and_bound_once_more() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).touch("a");
        scene.answer().await;
        assert_eq!(calls(&scene.world).await, ["get a"]);
        assert!(matches!(scene.outcome().await, Ok(BoundPod::ByThisRequest(_))));
        assert_eq!(scene.node("a").as_deref(), Some("n1"));
    });
}

#[test]
fn a_pod_that_keeps_changing_is_left_to_kube_scheduler() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        for _ in 0..2 {
            lock(&scene.world).touch("a");
            // the Binding, and the read of the pod
            scene.answer().await;
            scene.answer().await;
            scene.show().await;
        }
        let failure = scene.outcome().await.unwrap_err();
        assert_eq!(failure.as_str(), "Conflict");
        assert_eq!(scene.counts("a"), None, "nothing is on its way any more");
    });
}

#[test]
fn a_pod_stays_assumed_after_a_conflict_that_the_watch_does_not_explain() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).touch("a");
        scene.answer().await;
        scene.answer().await;
        advance(LONG).await;
        turns().await;
        let failure = scene.process[0].binds.remove(0).await.unwrap().unwrap_err();
        assert!(matches!(failure, BindFailure::WatchBehind(_)), "{failure}");
        assert_eq!(scene.counts("a").as_deref(), Some("n1"), "an earlier Binding of ours might be the reason");
        scene.show().await;
        assert_eq!(scene.counts("a"), None, "a later version, without a node");
    });
}

#[test]
fn a_fencing_token_of_another_process_ends_the_bind() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).fence_by("a", "theirs.1");
        let failure = scene.outcome().await.unwrap_err();
        assert_eq!(failure, BindFailure::Superseded("theirs.1".to_owned()));
        assert_eq!(scene.counts("a"), None);
    });
}

#[test]
fn a_deleted_pod_no_longer_counts() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).delete("a");
        let failure = scene.outcome().await.unwrap_err();
        assert_eq!(failure.as_str(), "PodGone");
        assert_eq!(scene.counts("a"), None);
    });
}

#[test]
fn a_rejected_binding_is_final() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).refuse(0, WriteError::Rejected("no rights".to_owned()));
        turns().await;
        let failure = scene.process[0].binds.remove(0).await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "ApiRefused");
        assert_eq!(scene.counts("a"), None);
    });
}

#[test]
fn the_outcome_of_a_lost_response_is_found_out() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).execute(0);
        lock(&scene.world).lose(0);
        assert_eq!(calls(&scene.world).await, ["fence a"]);
        assert!(matches!(scene.outcome().await, Ok(BoundPod::ByThisRequest(_))), "it had landed");
    });
}

#[test]
fn a_lost_binding_cannot_succeed_after_its_failure_is_returned() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).lose(0);
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "fence a"], "the Binding may still arrive");
        lock(&scene.world).execute(1);
        lock(&scene.world).reply(1);
        scene.show().await;
        let failure = scene.process[0].binds.remove(0).await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "ApiUnknown");
        assert_eq!(scene.counts("a"), None);
        quiet(&scene.world, &mut scene.process).await;
        assert_eq!(scene.node("a"), None, "it arrived, and too late");
    });
}

#[test]
fn an_unknown_outcome_keeps_the_pod_assumed_until_it_is_resolved() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        // neither the Binding nor the fencing token gets a response, and neither has arrived
        for _ in 0..2 {
            lock(&scene.world).refuse(0, WriteError::Unknown("no answer within 2 s".to_owned()));
            turns().await;
        }
        let failure = scene.process[0].binds.remove(0).await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "ApiUnknown");
        scene.process[0].bind("b", "n1");
        turns().await;
        let rejected = scene.process[0].binds.remove(0).await.unwrap().unwrap_err();
        assert_eq!(rejected.as_str(), "ExlocationConflict", "where `a` may be");

        let binder = Arc::clone(&scene.process[0].binder);
        let settled = async {
            while scene.process[0].counts("a").is_some() {
                quiet(&scene.world, &mut scene.process).await;
                advance(LONG).await;
            }
        };
        tokio::select! {
            () = settled => {}
            never = binder.resolve_unknown_outcomes() => match never {},
        }
        assert_eq!(lock(&scene.world).landed, 1, "that of `first`");
    });
}

#[test]
fn a_caller_that_goes_away_leaves_an_unknown_outcome_that_the_next_bind_resolves() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        scene.process[0].binds.remove(0).abort();
        turns().await;
        assert_eq!(scene.counts("a").as_deref(), Some("n1"), "its Binding is on its way");
        scene.process[0].bind("a", "n2");
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "fence a"], "the earlier Binding is ended first");
        lock(&scene.world).execute(1);
        lock(&scene.world).reply(1);
        scene.show().await;
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "bind a to n2"]);
        assert!(matches!(scene.outcome().await, Ok(BoundPod::ByThisRequest(_))));
        assert_eq!(scene.node("a").as_deref(), Some("n2"));
    });
}

#[test]
fn a_late_failure_does_not_forget_the_pod_of_a_later_bind() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        scene.process[0].bind("a", "n2");
        turns().await;
        lock(&scene.world).execute(1);
        lock(&scene.world).reply(1);
        scene.show().await;
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "bind a to n2"]);
        // the first Binding fails because of the fencing token, and the binder reads the pod
        scene.answer().await;
        assert_eq!(calls(&scene.world).await, ["bind a to n2", "get a"]);
        lock(&scene.world).execute(1);
        lock(&scene.world).reply(1);
        turns().await;
        assert_eq!(scene.counts("a").as_deref(), Some("n2"), "the second one is still under way");
    });
}

#[test]
fn a_pod_is_not_verified_before_the_watch_has_delivered_it() {
    test(async || {
        let mut scene = Scene::begin().await;
        lock(&scene.world).create("new", APART);
        scene.process[0].bind("new", "n1");
        assert!(calls(&scene.world).await.is_empty(), "kube-scheduler's watch was faster than ours");
        scene.show().await;
        assert_eq!(calls(&scene.world).await, ["bind new to n1"]);

        scene.process[0].bind("never-seen", "n1");
        turns().await;
        advance(LONG).await;
        turns().await;
        let failure = scene.process[0].binds.remove(1).await.unwrap().unwrap_err();
        assert!(matches!(failure, BindFailure::Verification(VerificationError::UnknownPod(_))), "{failure}");
    });
}

#[test]
fn no_pod_is_bound_before_the_first_list() {
    test(async || {
        let world = Arc::<Mutex<World>>::default();
        lock(&world).create("a", APART);
        let mut process = Process::unlisted(&world, "ours", &["n1"]);
        while process.show() {}
        process.bind("a", "n1");
        turns().await;
        advance(LONG).await;
        turns().await;
        let failure = process.binds.remove(0).await.unwrap().unwrap_err();
        assert_eq!(failure.as_str(), "StaleState");
    });
}
