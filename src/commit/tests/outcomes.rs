//! Whatever the API server answers or does not, a commitment counts exactly as long as it may be true.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::advance;

use super::super::{BindFailure, BoundPod, WriteError};
use super::world::{Process, World, answer_next, calls, lock, quiet, turns};
use crate::extender::bind::VerificationError;
use crate::state::Cluster;

/// Longer than the binder waits for the watch.
const LONG: Duration = Duration::from_secs(3);
const APART: (&str, &str) = ("exlocation", "token");

/// A process that has been placing for a while, and PEs `a` and `b` that must not share a node.
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

    /// Asks to bind a pod and lets its Binding get as far as the network.
    async fn bind(&mut self, name: &str, node: &str) {
        self.process[0].bind(name, node);
        assert_eq!(calls(&self.world).await.last().unwrap(), &format!("bind {name} to {node}"));
    }

    /// Executes the oldest request and delivers the answer.
    async fn answer(&self) {
        answer_next(&self.world);
        turns().await;
    }

    /// Answers everything and shows everything, and returns what the oldest bind has come to.
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

/// Runs a test on a clock that only the test, or waiting for nothing else, moves.
fn test<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test());
}

#[test]
fn a_binding_that_is_taken_counts_before_the_watch_shows_it() {
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
fn a_pod_that_changed_meanwhile_is_verified_and_bound_anew_once() {
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
fn a_pod_that_changes_again_and_again_is_left_to_kube_scheduler() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        for _ in 0..2 {
            lock(&scene.world).touch("a");
            // the Binding, and the look at the pod
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
fn a_conflict_that_the_watch_does_not_explain_stays_a_commitment() {
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
fn a_mark_of_another_process_ends_the_bind() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).mark_by("a", "theirs.1");
        let failure = scene.outcome().await.unwrap_err();
        assert_eq!(failure, BindFailure::Superseded("theirs.1".to_owned()));
        assert_eq!(scene.counts("a"), None);
    });
}

#[test]
fn a_pod_that_is_gone_counts_no_more() {
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
fn a_refusal_is_final() {
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
fn a_lost_answer_is_found_out() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).execute(0);
        lock(&scene.world).lose(0);
        assert_eq!(calls(&scene.world).await, ["mark a"]);
        assert!(matches!(scene.outcome().await, Ok(BoundPod::ByThisRequest(_))), "it had landed");
    });
}

#[test]
fn a_lost_binding_cannot_land_any_more_when_its_failure_is_told() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        lock(&scene.world).lose(0);
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "mark a"], "it may still arrive");
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
fn a_binding_in_doubt_keeps_others_away_until_it_is_settled() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        // neither the Binding nor the mark is answered; neither has arrived, but nobody knows
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
fn a_caller_that_goes_away_leaves_a_commitment_in_doubt_and_the_next_one_settles_it() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        scene.process[0].binds.remove(0).abort();
        turns().await;
        assert_eq!(scene.counts("a").as_deref(), Some("n1"), "its Binding is on its way");
        scene.process[0].bind("a", "n2");
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "mark a"], "and is ended before another one begins");
        lock(&scene.world).execute(1);
        lock(&scene.world).reply(1);
        scene.show().await;
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "bind a to n2"]);
        assert!(matches!(scene.outcome().await, Ok(BoundPod::ByThisRequest(_))));
        assert_eq!(scene.node("a").as_deref(), Some("n2"));
    });
}

#[test]
fn a_late_failure_does_not_take_away_the_commitment_of_a_later_bind() {
    test(async || {
        let mut scene = Scene::begin().await;
        scene.bind("a", "n1").await;
        scene.process[0].bind("a", "n2");
        turns().await;
        lock(&scene.world).execute(1);
        lock(&scene.world).reply(1);
        scene.show().await;
        assert_eq!(calls(&scene.world).await, ["bind a to n1", "bind a to n2"]);
        // the first one fails, since the pod was marked, and looks at the pod
        scene.answer().await;
        assert_eq!(calls(&scene.world).await, ["bind a to n2", "get a"]);
        lock(&scene.world).execute(1);
        lock(&scene.world).reply(1);
        turns().await;
        assert_eq!(scene.counts("a").as_deref(), Some("n2"), "the second one is still under way");
    });
}

#[test]
fn a_pod_is_not_judged_before_the_watch_has_shown_it() {
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
fn nothing_is_bound_before_the_first_list() {
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
