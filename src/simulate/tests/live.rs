//! kube-scheduler and the extender, step by step: filter, prioritize and bind as the server calls them, in any order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::extender::bind::{BindingCycle, Verified, verify_and_assume};
use crate::extender::{
    Attempts, BindingArguments, CandidateNodes, Filtered, SchedulingArguments, SchedulingContext, filter, prioritize,
};
use crate::model::{Node, NodeName, Pe, Pod, PodUid};
use crate::placement::{QUIET, plan_gang};
use crate::policy::PolicySet;
use crate::state::{Cluster, Event, Reservations};
use crate::testing::governed;

/// kube-scheduler, an extender, and the API server between them.
pub(super) struct Live {
    pub(super) cluster: Cluster,
    policies: PolicySet,
    nodes: Vec<Node>,
    pods: BTreeMap<PodUid, Pod>,
    offered: BTreeMap<PodUid, Offered>,
    reservations: Reservations,
    attempts: Attempts,
    /// The cycles that have chosen a node and are not bound yet.
    pub(super) in_flight: Vec<(PodUid, NodeName)>,
    pub(super) bound: BTreeMap<PodUid, NodeName>,
    pub(super) now: Timestamp,
}

/// The nodes that volumes and devices leave to a pod.
#[derive(Clone, Debug)]
pub(super) enum Offered {
    All,
    Only(BTreeSet<NodeName>),
}

impl Live {
    pub(super) fn new(policies: PolicySet, nodes: Vec<Node>, now: Timestamp) -> Self {
        Self {
            cluster: governed(policies.clone(), nodes.clone(), vec![], vec![]),
            policies,
            nodes,
            pods: BTreeMap::new(),
            offered: BTreeMap::new(),
            reservations: Reservations::default(),
            attempts: Attempts::default(),
            in_flight: Vec::new(),
            bound: BTreeMap::new(),
            now,
        }
    }

    /// Creates a pod, for which kube-scheduler offers these nodes. The extender's watch does not show the pod yet.
    pub(super) fn create(&mut self, pod: Pod, offered: Offered) {
        self.offered.insert(pod.key.uid.clone(), offered);
        self.pods.insert(pod.key.uid.clone(), pod);
    }

    /// The extender's watch shows a pod.
    pub(super) fn show(&mut self, uid: &PodUid) {
        if self.cluster.pod(uid.as_str()).is_none() {
            self.cluster.apply(Event::put(self.pods[uid].clone()));
        }
    }

    /// Time passes.
    pub(super) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.cluster.apply(Event::Time(self.now));
        let elapsed = self.now.duration_since(Timestamp::UNIX_EPOCH);
        self.cluster.apply(Event::Settled { elapsed, quiet: QUIET });
    }

    /// All pods have been seen for the quiet time.
    pub(super) fn settle(&mut self) {
        self.wait(0);
        self.wait(4);
    }

    /// True where kube-scheduler has something to decide for the pod.
    pub(super) fn is_pending(&self, uid: &PodUid) -> bool {
        !self.bound.contains_key(uid) && !self.in_flight.iter().any(|(other, _)| other == uid)
    }

    /// True where the volumes and devices of a pod leave a node to the pod.
    pub(super) fn is_offered(&self, uid: &PodUid, node: &NodeName) -> bool {
        match self.offered.get(uid) {
            Some(Offered::Only(nodes)) => nodes.contains(node),
            Some(Offered::All) | None => true,
        }
    }

    /// The nodes that kube-scheduler's own filters leave to a pod.
    fn offered(&self, pod: &Pod) -> Vec<String> {
        let fits = |node: &&Node| {
            let on_node = self.bound.iter().chain(self.in_flight.iter().map(|(uid, node)| (uid, node)));
            let used: u64 = on_node
                .filter(|(_, on)| **on == node.name)
                .map(|(uid, _)| self.pods[uid].resources.requests.cpu.0)
                .sum();
            self.is_offered(&pod.key.uid, &node.name) && used + pod.resources.requests.cpu.0 <= node.allocatable.cpu.0
        };
        self.nodes.iter().filter(fits).map(|node| node.name.to_string()).collect()
    }

    /// The volumes and devices of a pod leave every node to the pod from now on.
    pub(super) fn offer_all(&mut self, uid: &PodUid) {
        self.offered.insert(uid.clone(), Offered::All);
    }

    /// One scheduling cycle of a pod up to its choice of a node; false where kube-scheduler's own filters leave no node, so that
    /// it does not ask.
    pub(super) fn cycle(&mut self, uid: &PodUid) -> bool {
        let pod = Arc::new(self.pods[uid].clone());
        let names = self.offered(&pod);
        if names.is_empty() {
            return false;
        }
        let with = self.reservations.with_reservations(self.cluster.snapshot(), uid, self.now);
        let last_attempt = self.attempts.last_attempt(uid, self.now);
        let context = SchedulingContext {
            with_reservations: with.as_ref(),
            last_attempt: &last_attempt,
            plan_gang: &plan_gang,
            asked_by_kube_scheduler: true,
            ..SchedulingContext::new(self.cluster.snapshot(), &self.policies)
        };
        let Filtered { attempt, passed, error, group, unoffered, pe, .. } = filter(&asked(&pod, &names), context);
        let Some(pe) = pe.filter(|_| error.is_none()) else { return true };
        let mut places = group;
        let mut choice = attempt.choice.clone();
        if passed.len() > 1 && choice.best.is_empty() {
            let names: Vec<String> =
                passed.iter().map(|index| self.cluster.snapshot().node(*index).unwrap().name.to_string()).collect();
            let scored = prioritize(&asked(&pod, &names), context);
            (choice, places) = (scored.choice, scored.group);
        }
        let best = choice.best.first().map(|best| best.name.clone());
        self.attempts.record_filter(uid, attempt, self.now);
        self.attempts.record_choice(uid, choice);
        if let Some(unoffered) = unoffered {
            self.cluster.note_unoffered(uid, unoffered);
        }
        if let Some(node) = best {
            assert!(names.iter().any(|name| *name == node.as_str()), "{uid:?} was not offered {node}");
            self.reservations.reserve([(Arc::<Pe>::clone(&pe), node.clone())].into_iter().chain(places), self.now);
            self.in_flight.push((uid.clone(), node));
        }
        true
    }

    /// Binds the pod of a cycle in flight, and has the watch show it; `lands` is false where the API server rejects the
    /// Binding.
    pub(super) fn bind(&mut self, number: usize, lands: bool) {
        let (uid, node) = self.in_flight.remove(number);
        self.show(&uid);
        let pod = self.pods[&uid].clone();
        let attempt = self.attempts.take(&uid);
        let (namespace, name) = (pod.key.namespace.clone(), pod.key.name.clone());
        let arguments = BindingArguments { namespace, name, uid: uid.clone(), node: node.clone() };
        let cycle = BindingCycle { attempt: attempt.as_ref(), gang_plan: None, possible_takeovers: 0, now: self.now };
        let verified = verify_and_assume(&mut self.cluster, &arguments, cycle);
        let job = self.cluster.pod(uid.as_str()).unwrap().1.unwrap().job.clone();
        let plan = attempt.as_ref().and_then(|attempt| attempt.gang_plan()).filter(|_| verified.is_err());
        let held = self.cluster.reserved_of(&job);
        self.reservations
            .unreserve_all(|other| *other == uid || held.contains(other) || plan.is_some_and(|plan| plan.has(other)));
        match verified {
            Ok(Verified::Assumed(_)) if lands => {
                let bound = Pod { node: Some(node.clone()), ..pod };
                self.cluster.apply(Event::put(bound.clone()));
                self.pods.insert(uid.clone(), bound);
                self.bound.insert(uid, node);
            }
            Ok(Verified::Assumed(_)) => self.cluster.forget(&uid, &pod.resource_version),
            Ok(Verified::Unsettled(_) | Verified::AlreadyBound | Verified::TakeoverUnchecked) | Err(_) => {}
        }
        // The time of the reservations begins.
        self.wait(0);
    }
}

fn asked<'a>(pod: &Arc<Pod>, names: &'a [String]) -> SchedulingArguments<'a> {
    let names = names.iter().map(|name| Cow::Borrowed(name.as_str())).collect();
    SchedulingArguments { pod: Arc::clone(pod), candidates: CandidateNodes::NodeNames(names) }
}
