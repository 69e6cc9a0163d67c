//! The loop that reads a source at each step, learns from it, and applies what is forecast.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::backoff::Backoff;
use super::known::KnownCluster;
use super::metrics_api::MetricsApiSource;
use super::past::{Past, PastOutcome};
use super::prometheus::PrometheusSource;
use super::source::{Reading, Source, Wanted};
use super::state_folder::StateFolder;
use super::status::{DemandStatus, NewestSamples};
use super::step::{LearntStep, learn, learn_past, node_loads};
use super::steps::{LONGEST_WAIT, end_of, ended_step, now, wait_until};
use crate::forecast::demand::{DemandGrid, DemandLimits, DemandState, StateError};
use crate::model::{Load, NodeName};
use crate::policy::{DemandSettings, SourceSettings};
use crate::state::Event;
use crate::store::Store;
use crate::telemetry;

/// The longest pause before a source that gave nothing is asked again within a step.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How often the state is written at most.
const WRITE_PERIOD: SignedDuration = SignedDuration::from_mins(1);

/// Follows the source of measurements that the policies name.
pub(crate) struct DemandFeed {
    store: Arc<Store>,
    client: kube::Client,
    folder: Option<StateFolder>,
    /// False where a load file holds the load of nodes.
    gives_loads: bool,
    status: DemandStatus,
    /// What was learnt; `None` before the first settings.
    state: Option<DemandState>,
    /// The last load of each node.
    loads: BTreeMap<NodeName, Load>,
    last_write: Option<Timestamp>,
    /// The last problem that was logged: one that repeats is logged once.
    last_problem: Option<String>,
}

/// What a [`DemandFeed`] is made of.
pub(crate) struct DemandFeedParts {
    pub(crate) store: Arc<Store>,
    pub(crate) client: kube::Client,
    /// The folder in which what was learnt outlives the process.
    pub(crate) folder: Option<StateFolder>,
    /// False where a load file holds the load of nodes.
    pub(crate) gives_loads: bool,
    pub(crate) status: DemandStatus,
}

impl DemandFeed {
    pub(crate) fn new(parts: DemandFeedParts) -> Self {
        let DemandFeedParts { store, client, folder, gives_loads, status } = parts;
        Self {
            store,
            client,
            folder,
            gives_loads,
            status,
            state: None,
            loads: BTreeMap::new(),
            last_write: None,
            last_problem: None,
        }
    }

    /// Follows the source of the policies in force, now and after each change.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub(crate) async fn follow(mut self) -> Infallible {
        loop {
            if let Some(settings) = self.settings() {
                self.follow_settings(&settings).await;
            } else {
                self.forget();
                tokio::time::sleep(LONGEST_WAIT).await;
            }
        }
    }

    /// What is known of PEs and nodes now.
    fn known(&self) -> KnownCluster {
        self.store.read(KnownCluster::of)
    }

    fn settings(&self) -> Option<DemandSettings> {
        self.store.view().policies.demand().cloned()
    }

    /// Without a source nothing is known of demand.
    fn forget(&mut self) {
        if self.status.newest().is_none() {
            return;
        }
        self.state = None;
        tracing::info!("no policy names a source of demand any more; its forecasts are dropped");
        self.status.set(None);
        let loads = std::mem::take(&mut self.loads);
        let dropped_loads = (!loads.is_empty()).then(|| Event::Loads(BTreeMap::new()));
        self.store.apply([Event::Demand(Arc::default())].into_iter().chain(dropped_loads));
    }

    /// Follows one source until the policies name another, or another grid.
    async fn follow_settings(&mut self, settings: &DemandSettings) {
        let mut source = open(&settings.source, &self.client);
        tracing::info!(source = source.name(), step = format!("{:#}", settings.grid.step()), "demand is measured");
        self.status.set(Some(NewestSamples { source: source.name(), at: None }));
        if !self.is_ready(settings).await {
            return;
        }
        let mut state = self.begin(settings.grid).await;
        let mut past_is_due = true;
        let step = settings.grid.step();
        let mut number = ended_step(step, now());
        loop {
            let Some(ended) = self.wait_for(number, &mut *source, settings).await else {
                self.state = Some(state);
                return;
            };
            number = ended;
            let reading = self.read(&mut *source, end_of(step, number), end_of(step, number + 1)).await;
            // Before anything was learnt there is nothing to make less certain, and the past is read once the source answers.
            if reading.is_empty() && is_empty(&state) {
                number = (number + 1).max(ended_step(step, now()));
                continue;
            }
            if past_is_due && !reading.is_empty() {
                state = self.learn_past(state, &mut *source, number, &reading).await;
                past_is_due = false;
            }
            state = self.learn(state, reading, source.name(), settings).await;
            number = (number + 1).max(ended_step(step, now()));
        }
    }

    /// Waits until the snapshot has all pods and nodes. False where the policies name another source meanwhile.
    async fn is_ready(&self, settings: &DemandSettings) -> bool {
        while !self.store.view().snapshot.is_complete() {
            tokio::time::sleep(LONGEST_WAIT).await;
            if self.settings().as_ref() != Some(settings) {
                return false;
            }
        }
        true
    }

    /// What was learnt before: in this process, or in the one before, as the state folder has it.
    async fn begin(&mut self, grid: DemandGrid) -> DemandState {
        if let Some(state) = self.state.take().filter(|state| state.grid() == grid) {
            return state;
        }
        let folder = self.folder.clone();
        let restored = tokio::task::spawn_blocking(move || restore(&folder?, grid)).await;
        match restored.ok().flatten() {
            Some(state) => {
                let forecasts = Arc::new(state.forecasts());
                tracing::info!(jobs = forecasts.jobs.len(), newest = %forecasts.at, "demand goes on from the state folder");
                self.store.apply([Event::Demand(forecasts)]);
                state
            }
            None => new_state(grid),
        }
    }

    /// Waits for the end of a step, and returns its number. Between steps the load of nodes is read, where load protection
    /// needs it sooner. `None` where the policies name another source.
    async fn wait_for(&mut self, mut number: i64, source: &mut dyn Source, settings: &DemandSettings) -> Option<i64> {
        let step = settings.grid.step();
        loop {
            if self.settings().as_ref() != Some(settings) {
                return None;
            }
            // The clock may have been set back.
            number = number.min(ended_step(step, now()) + 1);
            if wait_until(end_of(step, number)).await {
                return Some(number);
            }
            if let Some(period) = self.load_period(step)
                && self
                    .loads
                    .values()
                    .map(|load| load.at)
                    .max()
                    .is_none_or(|newest| now().duration_since(newest) > period)
            {
                self.read_loads(source).await;
            }
        }
    }

    /// How old the load of nodes may become between steps; `None` where nothing between steps is needed.
    fn load_period(&self, step: SignedDuration) -> Option<SignedDuration> {
        let protection = self.store.view().policies.load_protection().filter(|_| self.gives_loads)?;
        let period = protection.max_age / 2;
        (period < step).then_some(period)
    }

    async fn read_loads(&mut self, source: &mut dyn Source) {
        let reading = source.read(now(), Wanted::NodeLoads).await;
        self.report(source.name(), &reading);
        let loads = node_loads(&self.known(), &reading.measurements);
        let event = self.with_loads(loads);
        self.store.apply(event);
    }

    /// Reads the measurements of a step. A source that gives nothing is asked again until the next step ends.
    async fn read(&mut self, source: &mut dyn Source, at: Timestamp, until: Timestamp) -> Reading {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let reading = source.read(at, Wanted::PodsAndNodes).await;
            self.report(source.name(), &reading);
            let pause = backoff.next();
            let is_last = now().checked_add(pause).is_ok_and(|next| next >= until);
            if !reading.is_empty() || is_last {
                return reading;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Counts and logs what could not be read.
    fn report(&mut self, source: &'static str, reading: &Reading) {
        telemetry::demand_rejected(source, "invalid", reading.measurements.rejected);
        for failure in &reading.failures {
            telemetry::demand_failure(source, failure.kind.as_str());
        }
        let problem = reading.failures.first().map(|failure| failure.problem.clone());
        if problem != self.last_problem {
            let failures = reading.failures.len();
            if let Some(problem) = &problem {
                tracing::warn!(source, problem, failures, "measurements are missing; forecasts become less certain");
            } else {
                tracing::info!(source, "all measurements can be read again");
            }
            self.last_problem = problem;
        }
    }

    /// Learns what the source still has of the time before this step.
    async fn learn_past(
        &self,
        mut state: DemandState,
        source: &mut dyn Source,
        number: i64,
        reading: &Reading,
    ) -> DemandState {
        let grid = state.grid();
        let known = (!is_empty(&state)).then(|| ended_step(grid.step(), state.forecasts().at));
        let width = reading.measurements.pods.len() + reading.measurements.nodes.len();
        let mut past = Past::before(grid, known, number - 1, width);
        while let Some(part) = past.next_part(source).await {
            let cluster = self.known();
            let learnt = tokio::task::spawn_blocking(move || {
                learn_past(&mut state, &cluster, &part);
                state
            });
            state = learnt.await.unwrap_or_else(|error| {
                tracing::error!(%error, "the past could not be learnt; demand starts again");
                new_state(grid)
            });
        }
        let (is_restored, source) = (known.is_some(), source.name());
        match past.outcome() {
            PastOutcome::Read(steps) => tracing::info!(source, steps, "the past was read again"),
            PastOutcome::Failed(steps) => {
                tracing::warn!(source, steps, "the past could be read only in part; forecasts are less certain");
            }
            PastOutcome::NotKept if is_restored => {}
            PastOutcome::NotKept => tracing::warn!(
                source,
                "demand starts without a past: the source keeps none, and there is no state; use --state-dir or Prometheus"
            ),
        }
        telemetry::demand_cold_start(is_empty(&state));
        state
    }

    /// Learns one step, and applies what follows.
    async fn learn(
        &mut self,
        mut state: DemandState,
        reading: Reading,
        source: &'static str,
        settings: &DemandSettings,
    ) -> DemandState {
        let grid = state.grid();
        let known = self.known();
        let most_pressure = settings.most_pressure;
        let learnt = tokio::task::spawn_blocking(move || {
            let step = learn(&mut state, &known, &reading.measurements, most_pressure);
            (state, step)
        });
        let Ok((state, step)) = learnt.await else {
            // A defect: nothing that was learnt can be trusted.
            tracing::error!("the measurements of a step could not be learnt; demand starts again");
            return new_state(grid);
        };
        let LearntStep { forecasts, loads, overload, newest, report } = step;
        telemetry::demand_rejected(source, "stale", report.stale);
        telemetry::demand_rejected(source, "not_kept", report.not_kept);
        if let Some(newest) = newest {
            self.status.sampled(newest);
        }
        for (resource, nodes) in overload {
            telemetry::observed_overload(resource.as_str(), nodes.measured, nodes.overloaded, grid.step());
        }
        telemetry::demand_state(source, &state.accuracy(), state.counts());
        let demand = Event::Demand(forecasts);
        let loads = if self.gives_loads { self.with_loads(loads) } else { None };
        self.store.apply([demand].into_iter().chain(loads));
        self.write(state).await
    }

    /// The loads of nodes with these newer ones: a node that was not measured now keeps its last one, which ages.
    fn with_loads(&mut self, newer: BTreeMap<NodeName, Load>) -> Option<Event> {
        if newer.is_empty() {
            return None;
        }
        self.loads.extend(newer);
        let view = self.store.view();
        self.loads.retain(|node, _| view.snapshot.find(node.as_str()).is_some());
        Some(Event::Loads(self.loads.clone()))
    }

    /// Writes the state into the folder, once a minute at most.
    async fn write(&mut self, state: DemandState) -> DemandState {
        let Some(folder) = self.folder.clone() else { return state };
        let time = now();
        if self.last_write.is_some_and(|last| time.duration_since(last).abs() < WRITE_PERIOD) {
            return state;
        }
        self.last_write = Some(time);
        let grid = state.grid();
        let written = tokio::task::spawn_blocking(move || {
            let written = state.to_bytes().map_err(|error| error.to_string());
            let written = written.and_then(|bytes| folder.write(&bytes).map_err(|error| error.to_string()));
            (state, written)
        });
        match written.await {
            Ok((state, written)) => {
                telemetry::demand_state_written(written.is_ok());
                if let Err(error) = written {
                    tracing::error!(error, "what was learnt of demand cannot be written");
                }
                state
            }
            Err(error) => {
                tracing::error!(%error, "what was learnt of demand could not be written; demand starts again");
                new_state(grid)
            }
        }
    }
}

fn open(source: &SourceSettings, client: &kube::Client) -> Box<dyn Source> {
    match source {
        SourceSettings::MetricsApi => Box::new(MetricsApiSource::new(client.clone())),
        SourceSettings::Prometheus(settings) => Box::new(PrometheusSource::new(settings)),
    }
}

fn new_state(grid: DemandGrid) -> DemandState {
    DemandState::new(grid, DemandLimits::default())
}

/// True where nothing was learnt.
fn is_empty(state: &DemandState) -> bool {
    let counts = state.counts();
    counts.jobs == 0 && counts.nodes == 0
}

/// What the folder holds, for this grid.
fn restore(folder: &StateFolder, grid: DemandGrid) -> Option<DemandState> {
    let bytes = match folder.read() {
        Ok(bytes) => bytes?,
        Err(error) => {
            tracing::error!(%error, "what was learnt of demand cannot be read; demand starts without it");
            return None;
        }
    };
    match DemandState::from_bytes(&bytes, grid, DemandLimits::default()) {
        Ok(state) => Some(state),
        Err(other @ (StateError::Grid { .. } | StateError::Version { .. })) => {
            tracing::warn!(problem = %other, "the state folder is not used; demand starts without it");
            None
        }
        Err(problem) => {
            set_aside(folder, &problem);
            None
        }
    }
}

fn set_aside(folder: &StateFolder, problem: &StateError) {
    match folder.set_aside() {
        Ok(aside) => {
            tracing::error!(%problem, file = %aside.display(), "the state of demand is corrupt and was set aside");
        }
        Err(error) => {
            tracing::error!(%problem, %error, "the state of demand is corrupt and cannot be set aside");
        }
    }
}
