//! The request that follows from what is known of the use of a PE.

use jiff::SignedDuration;
use serde_json::Value;

use crate::admission::json;
use crate::admission::known_demand::{Forecast, PeDemand};
use crate::admission::pod_resources::amounts;
use crate::admission::quantity::Kind;
use crate::model::{Bytes, OfResources, OomKill};
use crate::policy::{DemandSizing, Sizing};

/// For how long a kill for too much memory counts: as long as the vertical pod autoscaler keeps its history of memory.
const KILL_COUNTS: SignedDuration = SignedDuration::from_hours(8 * 24);
/// After a kill for too much memory, the request grows by a fifth and at least by 100 MiB, as by the flags
/// `oom-bump-up-ratio` and `oom-min-bump-up-bytes` of the vertical pod autoscaler.
const LEAST_GROWTH: u128 = (100 << 20) * THOUSANDTHS;
const THOUSANDTHS: u128 = 1_000;
/// Without a bound of the policy, no request is smaller than these: 10m of CPU, 32Mi of memory.
const LEAST_CPU: u128 = 10;
const LEAST_MEMORY: u128 = (32 << 20) * THOUSANDTHS;
const MEBI: u128 = (1 << 20) * THOUSANDTHS;

/// The application container that gets the request of the PE: the one that `kubectl` takes by default, if the policy sizes
/// it, otherwise the first that the policy sizes.
///
/// Forecasts are of whole pods. What the other containers request is the others' part.
pub(super) fn main_container<'v>(pod: &'v Value, sizing: &Sizing, default: Option<&str>) -> Option<(usize, &'v Value)> {
    let name = |container: &'v Value| json::text(container, &["name"]).unwrap_or_default();
    let containers = || json::list(pod, &["spec", "containers"]).iter().enumerate();
    let mut sized = containers().filter(|(_, container)| sizing.names(name(container))).peekable();
    let first = sized.peek().copied();
    sized.find(|(_, container)| Some(name(container)) == default).or(first)
}

/// The requests of the main container by demand, in thousandths of the base units; `None` where nothing is known.
pub(super) fn demanded(
    pod: &Value,
    (main, container): (usize, &Value),
    sizing: &Sizing,
    known: &PeDemand<'_>,
) -> OfResources<u128> {
    let Some(by) = &sizing.demand else { return OfResources::default() };
    let name = json::text(container, &["name"]).unwrap_or_default();
    let own = |whole: u128, resource| whole.saturating_sub(of_others(pod, main, resource, sizing));
    let cpu = known.forecasts.cpu.and_then(|forecast| with_margin(by, quantile(by, &forecast)?));
    let cpu = cpu.map(|cpu| own(cpu, "cpu"));
    let memory = known.forecasts.memory.filter(|forecast| is_learnt(by, forecast)).and_then(|forecast| {
        // What was used once is used again: a request below it would invite the kernel to kill.
        let peak = f64::from(forecast.share.peak);
        with_margin(by, quantile(by, &forecast).map_or(peak, |quantile| quantile.max(peak)))
    });
    let memory = memory.map(|memory| own(memory.saturating_mul(THOUSANDTHS), "memory"));
    let kill = known.oom_kill.filter(|kill| *kill.container == *name && counts(kill, known));
    let memory = match (memory, kill) {
        (memory, None) => memory,
        (Some(memory), Some(kill)) => Some(memory.max(grown(kill.memory))),
        // Without a forecast, the kill only raises what the policy says.
        (None, Some(kill)) => Some(grown(kill.memory).max(sizing.request("memory"))),
    };
    let within = |own: u128, least: u128, most: Option<u128>| own.max(least).min(most.unwrap_or(u128::MAX));
    OfResources {
        cpu: cpu.map(|cpu| within(cpu, by.min.cpu.unwrap_or(LEAST_CPU), by.max.cpu)),
        memory: memory
            .map(|memory| within(memory.next_multiple_of(MEBI), by.min.memory.unwrap_or(LEAST_MEMORY), by.max.memory)),
    }
}

/// The number of steps of the forecast that are within the horizon; 0 where nothing is forecast.
fn steps(by: &DemandSizing, forecast: &Forecast<'_>) -> usize {
    let step = forecast.of_all.step.as_millis().max(1);
    let steps = usize::try_from(by.horizon.as_millis().saturating_add(step - 1) / step);
    steps.unwrap_or(usize::MAX).min(forecast.of_all.steps)
}

/// True where the job was observed for as long as the horizon.
fn is_learnt(by: &DemandSizing, forecast: &Forecast<'_>) -> bool {
    let observed = forecast.history.and_then(|history| usize::try_from(history.observed_steps).ok());
    observed.is_some_and(|observed| observed > 0 && observed >= steps(by, forecast))
}

/// The highest quantile of the use of the PE over the horizon; `None` where the job has not been observed for as long as the
/// horizon, where its last measurement is older than the horizon, and where the forecast holds what is no number: no data is
/// not zero.
fn quantile(by: &DemandSizing, forecast: &Forecast<'_>) -> Option<f64> {
    let steps = steps(by, forecast);
    let missing = usize::try_from(forecast.history?.missing_steps).ok()?;
    let path = forecast.of_job.of_pe(forecast.share);
    let is_known = path.mean.iter().chain(&path.deviation).all(|number| number.is_finite());
    let counts = steps > 0 && missing <= steps && is_known && is_learnt(by, forecast);
    counts.then(|| path.quantile(steps, f64::from(by.quantile) / 1_000.0))
}

/// An amount with the margin in whole units, rounded up; `None` for what is no number, and for more than any machine has.
fn with_margin(by: &DemandSizing, amount: f64) -> Option<u128> {
    const MOST: f64 = 1e15;
    let amount = (amount * f64::from(by.margin) / 1_000.0).ceil();
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    (0.0..=MOST).contains(&amount).then_some(amount as u128)
}

/// The sum of the requests of the other application containers and of native sidecars, in thousandths.
fn of_others(pod: &Value, main: usize, resource: &str, sizing: &Sizing) -> u128 {
    let request = |container: &Value| amounts(container, Kind::Request).get(resource);
    let name = |container| json::text(container, &["name"]).unwrap_or_default();
    let containers = json::list(pod, &["spec", "containers"]).iter().enumerate().filter(|(index, _)| *index != main);
    let containers = containers.map(|(_, container)| {
        let of_policy = || if sizing.names(name(container)) { sizing.request(resource) } else { 0 };
        request(container).unwrap_or_else(of_policy)
    });
    let init_containers = json::list(pod, &["spec", "initContainers"]).iter();
    let sidecars = init_containers.filter(|container| json::text(container, &["restartPolicy"]) == Some("Always"));
    containers.chain(sidecars.filter_map(request)).fold(0, u128::saturating_add)
}

/// True for a kill that is not too long ago.
fn counts(kill: &OomKill, known: &PeDemand<'_>) -> bool {
    known.now.is_none_or(|now| now.duration_since(kill.at) <= KILL_COUNTS)
}

/// The memory that a container needs which was killed with this memory, in thousandths of bytes.
fn grown(memory: Bytes) -> u128 {
    let memory = u128::from(memory.0).saturating_mul(THOUSANDTHS);
    memory.saturating_add(LEAST_GROWTH.max(memory / 5))
}
