//! A whole input placed without a cluster, through the functions that the server answers with.
//!
//! ```text
//! objects ─► admit: what the webhook makes of a pod ─► state: events ─► replay: filter, prioritize, bind ─► outcome
//! ```
//!
//! Nothing is decided here. Every pod of the workload exists from the start and is decided once, in the order of
//! `docs/simulate.md`.

mod admit;
mod outcome;
mod replay;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use self::replay::Decisions;
use crate::model::{Declarations, Load, Node, NodeName, OpenStreams, Pod, PodPhase, PodUid, Pool};
use crate::policy::PolicySet;
use crate::state::{Cluster, Event};

pub use admit::admitted;
pub use outcome::{
    Chart, ChartNode, ChartPe, Code, Edge, JobOutcome, NodeOutcome, Outcome, Placement, PlacementRecord,
};

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Input {
    /// The policies in force.
    pub policies: PolicySet,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The host pools.
    pub pools: Vec<Pool>,
    /// What objects declare of jobs and PEs.
    pub declared: Declarations,
    /// Pods that the cluster has already; those that are not bound are ignored.
    pub cluster: Vec<Pod>,
    /// Pods to place, in the order in which they were given; those that are bound are placed already.
    pub workload: Vec<Pod>,
    /// What was measured of nodes.
    pub loads: BTreeMap<NodeName, Load>,
    /// The time of every decision.
    pub now: Timestamp,
    /// How the pods that wait are decided.
    pub path: Path,
}

/// How pods that wait are decided. Gangs are placed as a whole or not at all in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Path {
    /// One after another, as kube-scheduler does where no pod is gated.
    #[default]
    Full,
    /// All together, by one plan.
    Planned,
}

impl Path {
    /// Decides on all that wait; `batch` is in order.
    fn decide(self, cluster: &mut Cluster, batch: &[PodUid], now: Timestamp) -> Decisions {
        match self {
            Self::Full => replay::one_after_another(cluster, batch, now),
            Self::Planned => replay::together(cluster, batch, now),
        }
    }
}

/// Places every PE of the workload that waits, as far as it can be placed.
#[must_use]
pub fn simulate(input: Input) -> Outcome {
    let Input { policies, nodes, pools, declared, cluster: running, mut workload, loads, now, path } = input;
    workload.retain(|pod| pod.phase == PodPhase::Active);
    // Pods that come later in the input come later among those of one priority and time: the sort is stable.
    workload.sort_by_key(|pod| (Reverse(pod.priority), pod.created));
    let mut cluster = Cluster::new(policies);
    let bound = running.into_iter().filter(|pod| pod.node.is_some());
    let pods = bound.chain(workload.iter().cloned()).collect();
    let Declarations { jobs, open_streams } = declared;
    cluster.apply(Event::Time(now));
    cluster.apply(Event::Loads(loads));
    cluster.apply(Event::listed(nodes));
    cluster.apply(Event::listed(pools));
    cluster.apply(Event::listed(all(&jobs)));
    if !open_streams.is_empty() {
        let OpenStreams { pes, pools, jobs, regions } = open_streams;
        cluster.apply(Event::listed(all(&pools)));
        cluster.apply(Event::listed(all(&pes)));
        cluster.apply(Event::listed(all(&jobs)));
        cluster.apply(Event::listed(all(&regions)));
    }
    cluster.apply(Event::listed(pods));
    let is_pe = |uid: &PodUid| cluster.pod(uid.as_str()).is_some_and(|(_, pe)| pe.is_some());
    workload.retain(|pod| is_pe(&pod.key.uid));
    let waiting = workload.iter().filter(|pod| pod.node.is_none());
    let batch: Vec<PodUid> = waiting.map(|pod| pod.key.uid.clone()).collect();
    let decided = path.decide(&mut cluster, &batch, now);
    Outcome::of(&cluster, &workload, decided)
}

fn all<K, T: Clone>(objects: &BTreeMap<K, Arc<T>>) -> Vec<T> {
    objects.values().map(|object| T::clone(object)).collect()
}

#[cfg(test)]
mod tests;
