//! The queries of a policy, asked of a Prometheus at each step and for the past.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::answer::{AnswerLimits, Series, SeriesLabels, parse};
use super::client::Client;
use crate::demand::measurements::{Measurements, PodReference, add};
use crate::demand::source::{FailureKind, PastSteps, Reading, Source, SourceError, Wanted};
use crate::demand::steps::{end_of, ended_step};
use crate::policy::{Measure, MeasuredSubject, PrometheusQuery, PrometheusSettings};

/// A cluster with 50,000 PEs has half as many bytes and series in one answer.
const INSTANT: AnswerLimits = AnswerLimits { bytes: 32 << 20, series: 150_000, samples: 150_000 };
/// The past is read in parts that fit.
const RANGE: AnswerLimits = AnswerLimits { bytes: 64 << 20, series: 150_000, samples: 600_000 };

/// A Prometheus as a source of measurements.
pub(in crate::demand) struct PrometheusSource {
    settings: Arc<PrometheusSettings>,
    client: Client,
}

impl PrometheusSource {
    pub(in crate::demand) fn new(settings: &Arc<PrometheusSettings>) -> Self {
        Self { settings: Arc::clone(settings), client: Client::new(settings) }
    }

    async fn read_all(&mut self, at: Timestamp, wanted: Wanted) -> Reading {
        let mut reading = Reading { measurements: Measurements::nothing(at), failures: Vec::new() };
        for query in self.settings.queries.iter().filter(|query| is_wanted(query, wanted)) {
            let path = format!("/api/v1/query?time={}&query={}", at.as_second(), percent_encoded(&query.text));
            match series(&mut self.client, path, INSTANT).await {
                Ok(series) => add_all(std::slice::from_mut(&mut reading.measurements), query, &series, |_time| Some(0)),
                Err(error) => {
                    let error = error.of(&query.text);
                    let nobody_is_there = error.kind == FailureKind::Connection;
                    reading.failures.push(error);
                    if nobody_is_there {
                        break;
                    }
                }
            }
        }
        reading
    }

    async fn read_range(&mut self, steps: PastSteps) -> Result<Vec<Measurements>, SourceError> {
        let PastSteps { grid, first, last } = steps;
        let step = grid.step();
        let mut past: Vec<Measurements> =
            (first..=last).map(|number| Measurements::nothing(end_of(step, number))).collect();
        let span = format!(
            "start={}&end={}&step={}",
            end_of(step, first).as_second(),
            end_of(step, last).as_second(),
            step.as_secs()
        );
        for query in &self.settings.queries {
            let path = format!("/api/v1/query_range?{span}&query={}", percent_encoded(&query.text));
            let series = series(&mut self.client, path, RANGE).await.map_err(|error| error.of(&query.text))?;
            add_all(&mut past, query, &series, |time| {
                let place = ended_step(step, Timestamp::from_second(time).ok()?).checked_sub(first)?;
                usize::try_from(place).ok()
            });
        }
        Ok(past)
    }
}

impl Source for PrometheusSource {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn read(&mut self, at: Timestamp, wanted: Wanted) -> BoxFuture<'_, Reading> {
        self.read_all(at, wanted).boxed()
    }

    fn read_past(&mut self, steps: PastSteps) -> BoxFuture<'_, Option<Result<Vec<Measurements>, SourceError>>> {
        async move { Some(self.read_range(steps).await) }.boxed()
    }
}

fn is_wanted(query: &PrometheusQuery, wanted: Wanted) -> bool {
    let is_load = query.subject == MeasuredSubject::Node && matches!(query.measure, Measure::Cpu | Measure::Memory);
    wanted == Wanted::PodsAndNodes || is_load
}

/// The series of one answer. Large answers are parsed beside the tasks of the runtime.
async fn series(client: &mut Client, path: String, limits: AnswerLimits) -> Result<Vec<Series>, SourceError> {
    let bytes = client.get(&path, limits.bytes).await?;
    let parsed = tokio::task::spawn_blocking(move || parse(&bytes, limits)).await;
    parsed.unwrap_or_else(|error| Err(SourceError::new(FailureKind::Malformed, error)))
}

/// Adds the values of an answer to the measurements of their steps. `place` finds the step of a time in whole seconds.
fn add_all(
    steps: &mut [Measurements],
    query: &PrometheusQuery,
    answer: &[Series],
    place: impl Fn(i64) -> Option<usize>,
) {
    for series in answer {
        for sample in series.samples() {
            let step = whole_seconds(sample.0).and_then(&place).and_then(|at| steps.get_mut(at));
            let Some(step) = step else { continue };
            let is_used = match query.subject {
                MeasuredSubject::Pod => add_to_pod(step, &series.metric, query.measure, sample.value()),
                MeasuredSubject::Node => add_to_node(step, &series.metric, query.measure, sample.value()),
            };
            step.rejected += usize::from(!is_used);
        }
    }
}

fn add_to_pod(step: &mut Measurements, labels: &SeriesLabels, measure: Measure, value: f64) -> bool {
    let (Some(namespace), Some(pod)) = (&labels.namespace, &labels.pod) else { return false };
    let pod = step.pod(PodReference { namespace: namespace.clone(), pod: pod.clone() });
    // The instance of an input rate is the pod itself.
    if measure != Measure::InputRate && pod.node.is_none() {
        pod.node = node_of(labels).map(Box::from);
    }
    pod.job = pod.job.take().or_else(|| labels.stream_job.clone());
    pod.pe = pod.pe.take().or_else(|| labels.stream_pe.clone());
    add(&mut pod.measured, measure, value)
}

fn add_to_node(step: &mut Measurements, labels: &SeriesLabels, measure: Measure, value: f64) -> bool {
    node_of(labels).is_some_and(|node| add(step.node(node), measure, value))
}

/// The node of a series: its name, or the name or address that is scraped.
fn node_of(labels: &SeriesLabels) -> Option<&str> {
    let host = |instance| match instance {
        // Without the port; an address of IPv6 with a port stands in brackets.
        Some((host, port)) if is_port(port) => host_name(host),
        _ => None,
    };
    labels.node.as_deref().or_else(|| {
        let instance = labels.instance.as_deref()?;
        Some(host(instance.rsplit_once(':')).unwrap_or(instance))
    })
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The host before a port; `None` where it is the beginning of an address of IPv6 without a port.
fn host_name(host: &str) -> Option<&str> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => Some(address),
        None => (!host.contains(':')).then_some(host),
    }
}

fn whole_seconds(seconds: f64) -> Option<i64> {
    /// The year 9999.
    const LATEST: f64 = 253_402_300_799.0;
    if !(0.0..=LATEST).contains(&seconds) {
        return None;
    }
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "the range was checked")]
    let whole = seconds.round() as i64;
    Some(whole)
}

fn percent_encoded(text: &str) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
#[path = "tests/source.rs"]
mod tests;
