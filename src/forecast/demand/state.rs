//! The state of demand: samples in, forecasts out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::accuracy::DemandAccuracy;
use super::grid::DemandGrid;
use super::job::JobState;
use super::limits::DemandLimits;
use super::node::{NodeState, others};
use super::observation::{Observation, PeIdentity};
use super::per_resource::{PerResource, Resource};
use super::shares::{PodUse, StepDemand};
use super::step_clock::StepClock;
use super::usable::{ObservationReport, Usable, UsablePod};
use crate::model::{DemandForecasts, DemandKey, NodeName};

/// What is known of the demand of jobs and nodes (`docs/forecast.md`).
///
/// The state belongs to jobs, not to pods (`docs/design.md`, D25): each job has one series for each resource, and its PEs have
/// shares of it. A series goes on while its job, PE or node is away, for a bounded time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemandState {
    grid: DemandGrid,
    #[serde(skip)]
    limits: DemandLimits,
    clock: StepClock,
    /// The time of the newest observation.
    at: Timestamp,
    jobs: BTreeMap<DemandKey, JobState>,
    nodes: BTreeMap<NodeName, NodeState>,
    #[serde(skip)]
    accuracy: DemandAccuracy,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemandCounts {
    /// Jobs.
    pub jobs: usize,
    /// Named PEs.
    pub pes: usize,
    /// Nodes.
    pub nodes: usize,
}

/// A job without pods is forgotten after so many seasons, as many as a forecaster remembers.
const KEPT_JOB_SEASONS: i64 = 14;
/// A PE or node that is away is forgotten after so many seasons.
const KEPT_SEASONS: i64 = 1;
/// The length of a window of peaks in seasons. The highest use of this window and the one before is kept.
const PEAK_WINDOW_SEASONS: i64 = 7;

impl DemandState {
    /// A state that has seen nothing.
    #[must_use]
    pub fn new(grid: DemandGrid, limits: DemandLimits) -> Self {
        Self {
            grid,
            limits,
            clock: StepClock::default(),
            at: Timestamp::default(),
            jobs: BTreeMap::new(),
            nodes: BTreeMap::new(),
            accuracy: DemandAccuracy::default(),
        }
    }

    /// Learns what was measured in a step.
    pub fn observe(&mut self, observation: &Observation) -> ObservationReport {
        let mut report = ObservationReport::default();
        let before = self.clock.last();
        let Some(step) = self.clock.advance(observation.at, self.grid) else { return report };
        report.is_accepted = true;
        self.at = observation.at;
        self.begin_windows(before, step);
        let usable = Usable::of(observation, self.grid.step(), &mut report);
        self.make_room(&usable, step, &mut report);
        let of_pes = self.observe_jobs(&usable, step, &mut report);
        self.observe_nodes(&usable, &of_pes, step);
        self.forget(step);
        report
    }

    fn begin_windows(&mut self, before: Option<i64>, step: i64) {
        let window = |step: i64| step.div_euclid(PEAK_WINDOW_SEASONS * self.grid.season_steps());
        // After two windows, nothing of the first is left.
        let begun = before.map_or(0, |before| window(step) - window(before)).min(2);
        for _ in 0..begun {
            self.jobs.values_mut().for_each(|job| job.shares.begin_window());
        }
    }

    /// Learns what the pods of jobs used. Returns the use of PEs by node; `None` where it is unknown.
    fn observe_jobs<'o>(
        &mut self,
        usable: &Usable<'o>,
        step: i64,
        report: &mut ObservationReport,
    ) -> BTreeMap<&'o NodeName, PerResource<Option<f64>>> {
        let mut room = self.limits.pes.saturating_sub(self.counts().pes);
        let mut on_nodes = OnNodes::default();
        let mut learnt: BTreeSet<&DemandKey> = BTreeSet::new();
        for (key, pods) in &usable.jobs {
            if !self.jobs.contains_key(*key) {
                if self.jobs.len() >= self.limits.jobs {
                    report.not_kept += 1;
                    on_nodes.add_measured(pods);
                    continue;
                }
                self.jobs.insert((*key).clone(), JobState::new(self.grid));
            }
            let Some(job) = self.jobs.get_mut(*key) else { continue };
            let pods = named(pods, job, &mut room, report);
            let demand = job.observe(&pods, step, self.grid, &mut self.accuracy.jobs);
            report.jobs_without_total += usize::from(demand.cpu.total.is_none() || demand.memory.total.is_none());
            on_nodes.add(&pods, &demand);
            learnt.insert(*key);
        }
        for (_, job) in self.jobs.iter_mut().filter(|(key, _)| !learnt.contains(key)) {
            job.observe(&[], step, self.grid, &mut self.accuracy.jobs);
        }
        on_nodes.0
    }

    fn observe_nodes(
        &mut self,
        usable: &Usable<'_>,
        of_pes: &BTreeMap<&NodeName, PerResource<Option<f64>>>,
        step: i64,
    ) {
        for (name, state) in &mut self.nodes {
            let node = usable.nodes.get(name);
            if node.is_some() {
                state.seen = step;
            }
            let node = node.copied().unwrap_or_default();
            let pes = of_pes.get(name).copied().unwrap_or(NO_PES);
            let used = PerResource { cpu: others(node.cpu, pes.cpu), memory: others(node.memory, pes.memory) };
            state.observe(used, step, self.grid, &mut self.accuracy.others);
        }
    }

    /// Keeps new nodes, and drops what was away longest where too much is kept.
    fn make_room(&mut self, usable: &Usable<'_>, step: i64, report: &mut ObservationReport) {
        let new_jobs = usable.jobs.keys().filter(|key| !self.jobs.contains_key(**key)).count();
        let present = |key: &DemandKey| usable.jobs.contains_key(key);
        let away = self.jobs.iter().filter(|(key, _)| !present(key)).map(|(key, job)| (job.seen, key));
        for key in longest_away(away, self.jobs.len() + new_jobs, self.limits.jobs) {
            self.jobs.remove(&key);
        }
        let new: Vec<&NodeName> = usable.nodes.keys().copied().filter(|node| !self.nodes.contains_key(*node)).collect();
        let away = self.nodes.iter().filter(|(node, _)| !usable.nodes.contains_key(*node));
        let away = away.map(|(node, state)| (state.seen, node));
        for node in longest_away(away, self.nodes.len() + new.len(), self.limits.nodes) {
            self.nodes.remove(&node);
        }
        let room = self.limits.nodes.saturating_sub(self.nodes.len());
        report.not_kept += new.len().saturating_sub(room);
        for node in new.into_iter().take(room) {
            self.nodes.insert(node.clone(), NodeState::new(step, self.grid));
        }
        self.make_room_for_pes(usable, step);
    }

    fn make_room_for_pes(&mut self, usable: &Usable<'_>, step: i64) {
        let kept = self.counts().pes;
        let pods: usize = usable.jobs.values().map(Vec::len).sum();
        if kept + pods <= self.limits.pes {
            return;
        }
        let mut present: BTreeSet<(&DemandKey, &str)> = BTreeSet::new();
        for (key, pod) in usable.jobs.iter().flat_map(|(key, pods)| pods.iter().map(move |pod| (*key, pod))) {
            if let PeIdentity::Named(name) = &pod.sample.pe {
                present.insert((key, &**name));
            }
        }
        let is_kept = |(key, pe): &&(&DemandKey, &str)| self.jobs.get(*key).is_some_and(|job| job.shares.knows(pe));
        let new = present.iter().filter(|pe| !is_kept(pe)).count();
        let away =
            self.jobs.iter().flat_map(|(key, job)| job.shares.absent(step).map(move |(seen, pe)| (seen, key, pe)));
        let away = away.filter(|(_, key, pe)| !present.contains(&(*key, &***pe)));
        let away = away.map(|(seen, key, pe)| (seen, (key.clone(), Arc::clone(pe))));
        let away: Vec<_> = away.collect();
        for (key, pe) in longest_away(away.iter().map(|(seen, pe)| (*seen, pe)), kept + new, self.limits.pes) {
            if let Some(job) = self.jobs.get_mut(&key) {
                job.shares.forget(&pe);
            }
        }
    }

    /// Forgets what is away for too long.
    fn forget(&mut self, step: i64) {
        let season = self.grid.season_steps();
        self.jobs.retain(|_, job| step - job.seen <= KEPT_JOB_SEASONS * season);
        self.nodes.retain(|_, node| step - node.seen <= KEPT_SEASONS * season);
        for job in self.jobs.values_mut().filter(|job| job.seen == step) {
            job.shares.forget_before(step - KEPT_SEASONS * season);
        }
    }

    /// What is forecast for the steps after the newest observation.
    #[must_use]
    pub fn forecasts(&self) -> DemandForecasts {
        DemandForecasts {
            at: self.at,
            step: self.grid.step(),
            steps: self.grid.steps(),
            jobs: self.jobs.iter().map(|(key, job)| (key.clone(), Arc::new(job.demand(self.grid)))).collect(),
            others: self.nodes.iter().map(|(node, state)| (node.clone(), state.demand())).collect(),
        }
    }

    /// How good forecasts were since the start of the process.
    #[must_use]
    pub fn accuracy(&self) -> DemandAccuracy {
        self.accuracy
    }

    /// How much is kept.
    #[must_use]
    pub fn counts(&self) -> DemandCounts {
        let pes = self.jobs.values().map(|job| job.shares.len()).sum();
        DemandCounts { jobs: self.jobs.len(), pes, nodes: self.nodes.len() }
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> DemandGrid {
        self.grid
    }

    /// Completes a state that was read. `None` where it cannot be one: it was damaged.
    pub(super) fn complete(mut self, limits: DemandLimits) -> Option<Self> {
        let last = self.clock.last().unwrap_or_default();
        let is_past = |step: i64| step.abs_diff(last) < 1 << 40;
        let is_valid = self.clock.is_valid()
            && self.jobs.values().all(|job| is_past(job.seen) && job.is_valid(last, self.grid))
            && self.nodes.values().all(|node| is_past(node.seen) && node.is_valid(last, self.grid));
        if !is_valid {
            return None;
        }
        self.limits = limits;
        self.jobs.values_mut().for_each(|job| job.forecast(self.grid));
        self.nodes.values_mut().for_each(|node| node.forecast(self.grid));
        Some(self)
    }
}

/// Of `kept` that may be `most`: those that were away longest, of equals the first.
fn longest_away<'k, K: Ord + Clone + 'k>(away: impl Iterator<Item = (i64, &'k K)>, kept: usize, most: usize) -> Vec<K> {
    if kept <= most {
        return Vec::new();
    }
    let mut away: Vec<(i64, &K)> = away.collect();
    away.sort_unstable();
    away.into_iter().take(kept - most).map(|(_, key)| key.clone()).collect()
}

/// The pods of a job. Those of a new PE are interchangeable where there is no room for its name.
fn named<'o>(
    pods: &[UsablePod<'o>],
    job: &JobState,
    room: &mut usize,
    report: &mut ObservationReport,
) -> Vec<PodUse<'o>> {
    let mut new: BTreeSet<&str> = BTreeSet::new();
    let mut named = |pod: &UsablePod<'o>| {
        let PeIdentity::Named(name) = &pod.sample.pe else { return None };
        if job.shares.knows(name) || new.contains(&**name) {
            return Some(name);
        }
        if *room == 0 {
            report.unnamed += 1;
            return None;
        }
        *room -= 1;
        new.insert(name);
        Some(name)
    };
    pods.iter().map(|pod| PodUse { pe: named(pod), node: pod.sample.node.as_ref(), used: pod.used }).collect()
}

/// A node without PEs: they use nothing.
const NO_PES: PerResource<Option<f64>> = PerResource { cpu: Some(0.0), memory: Some(0.0) };

/// What PEs use by node.
#[derive(Debug, Default)]
struct OnNodes<'o>(BTreeMap<&'o NodeName, PerResource<Option<f64>>>);

impl<'o> OnNodes<'o> {
    /// Adds the pods of a job. A pod that was not measured has used what its share says.
    fn add(&mut self, pods: &[PodUse<'o>], demand: &PerResource<StepDemand>) {
        for resource in Resource::ALL {
            for (pod, used) in pods.iter().zip(&demand.get(resource).pods) {
                self.add_one(pod.node, resource, *used);
            }
        }
    }

    /// Adds the pods of a job that is not kept.
    fn add_measured(&mut self, pods: &[UsablePod<'o>]) {
        for resource in Resource::ALL {
            for pod in pods {
                self.add_one(pod.sample.node.as_ref(), resource, *pod.used.get(resource));
            }
        }
    }

    fn add_one(&mut self, node: Option<&'o NodeName>, resource: Resource, used: Option<f64>) {
        let Some(node) = node else { return };
        let sum = self.0.entry(node).or_insert(NO_PES).get_mut(resource);
        *sum = sum.zip(used).map(|(sum, used)| sum + used);
    }
}

#[cfg(test)]
#[path = "tests/state.rs"]
mod tests;
