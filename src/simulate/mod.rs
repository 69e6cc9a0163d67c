//! Simulation: places all PEs of an input without a cluster, with the functions of the server.
//!
//! ```text
//! controllers: create pods ─► api_server: store each pod ─► state: events ─► replay: filter, prioritize, bind ─► outcome
//! ```
//!
//! This module makes no decision of its own. Every pod of the workload exists from the start, and is tried once, in the
//! order of `docs/simulate.md`.

pub mod api_server;
pub mod controllers;
mod input_time;
mod kube_scheduler;
pub mod not_simulated;
mod outcome;
mod replay;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use self::replay::CycleOutcomes;
use crate::model::{
    Declarations, DemandForecasts, Load, Node, NodeName, OpenStreams, PersistentVolume, PersistentVolumeClaim, Pod,
    PodPhase, PodUid, Pool, Resources, is_extended_resource,
};
use crate::policy::PolicySet;
use crate::state::{Cluster, Event};

pub use input_time::newest_time;
pub use outcome::{
    Chart, ChartNode, ChartPe, PlacementRecord, ReasonCode, SimulatedJob, SimulatedNode, SimulatedPe,
    SimulationOutcome, TrafficEdge,
};

/// The input of a simulation.
#[derive(Clone, Debug)]
pub struct Input {
    /// The policies in force.
    pub policies: PolicySet,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The host pools.
    pub pools: Vec<Pool>,
    /// The jobs and PEs that objects declare.
    pub declared: Declarations,
    /// Persistent volumes.
    pub volumes: Vec<PersistentVolume>,
    /// Claims to persistent volumes.
    pub claims: Vec<PersistentVolumeClaim>,
    /// The pods of the cluster. Pods that are not bound are ignored.
    pub cluster: Vec<Pod>,
    /// The pods to place, in the order of the input. Bound pods stay on their nodes. Pods of no policy take room, and are
    /// not among the outcomes.
    pub workload: Vec<Pod>,
    /// The measured loads of nodes.
    pub loads: BTreeMap<NodeName, Load>,
    /// What PEs and nodes are expected to use; empty: nothing is known.
    pub demand: Arc<DemandForecasts>,
    /// The time of every decision.
    pub now: Timestamp,
    /// How the pending pods are scheduled.
    pub mode: SimulationMode,
}

/// How pending pods are scheduled. A gang is placed as a whole or not at all in both modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SimulationMode {
    /// One after another, as kube-scheduler schedules pods without gates.
    #[default]
    Full,
    /// All by one plan.
    Planned,
}

impl SimulationMode {
    /// Schedules the pods of a batch in their order.
    fn schedule(self, cluster: &mut Cluster, batch: &[PodUid], now: Timestamp) -> CycleOutcomes {
        match self {
            Self::Full => replay::schedule_one_by_one(cluster, batch, now),
            Self::Planned => replay::schedule_by_plan(cluster, batch, now),
        }
    }
}

/// Places the pending PEs of the workload.
#[must_use]
pub fn simulate(input: Input) -> SimulationOutcome {
    let Input {
        policies,
        mut nodes,
        pools,
        declared,
        volumes,
        claims,
        cluster: mut running,
        workload,
        loads,
        demand,
        now,
        mode,
    } = input;
    // A pod that is being deleted keeps its room until it is gone. It is not placed again.
    let (mut workload, ending): (Vec<Pod>, Vec<Pod>) =
        workload.into_iter().partition(|pod| pod.phase == PodPhase::Active);
    running.extend(ending.into_iter().filter(|pod| pod.phase == PodPhase::Leaving));
    // The sort is stable, so pods of equal priority and creation time keep the order of the input.
    workload.sort_by_key(|pod| (Reverse(pod.priority), pod.created));
    // kube-scheduler rejects a node for a resource that no node lists. Only the live extender cannot know whether something
    // else provides the resource.
    list_requested(&mut nodes, &workload);
    let mut cluster = Cluster::new(policies);
    let bound = running.into_iter().filter(|pod| pod.node.is_some());
    let pods = bound.chain(workload.iter().cloned()).collect();
    let Declarations { jobs, open_streams, .. } = declared;
    cluster.apply(Event::Time(now));
    cluster.apply(Event::Loads(loads));
    cluster.apply(Event::Demand(demand));
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
    if !claims.is_empty() {
        cluster.apply(Event::listed(volumes));
        cluster.apply(Event::listed(claims));
    }
    cluster.apply(Event::listed(pods));
    let pending = workload.iter().filter(|pod| pod.node.is_none());
    let batch: Vec<PodUid> = pending.map(|pod| pod.key.uid.clone()).collect();
    let is_pe = |uid: &PodUid| cluster.pod(uid.as_str()).is_some_and(|(_, pe)| pe.is_some());
    workload.retain(|pod| is_pe(&pod.key.uid));
    let decided = mode.schedule(&mut cluster, &batch, now);
    cluster.release_all();
    SimulationOutcome::new(&cluster, &workload, decided)
}

/// Lists every extended resource that pods request on each node, as 0 where the node has none.
fn list_requested(nodes: &mut [Node], pods: &[Pod]) {
    let requested = pods.iter().flat_map(|pod| &pod.resources.requests.other).map(|(name, _)| name);
    let requested: BTreeSet<&Box<str>> = requested.filter(|name| is_extended_resource(name)).collect();
    if requested.is_empty() {
        return;
    }
    let other = requested.into_iter().map(|name| (name.clone(), 0)).collect();
    let none = Resources { other, ..Resources::default() };
    for node in nodes {
        node.allocatable.add(&none);
    }
}

fn all<K, T: Clone>(objects: &BTreeMap<K, Arc<T>>) -> Vec<T> {
    objects.values().map(|object| T::clone(object)).collect()
}

#[cfg(test)]
mod tests;
