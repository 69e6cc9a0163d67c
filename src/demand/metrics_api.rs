//! Measurements from the API `metrics.k8s.io`, which metrics-server or an adapter serves. It keeps no past.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::Request;
use hyper::body::Bytes;
use jiff::Timestamp;
use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::measurements::{Measurements, PodReference, add};
use super::source::{FailureKind, PastSteps, Reading, Source, SourceError, Wanted, with_causes};
use crate::forecast::demand::Measured;
use crate::model::parse_thousandths;
use crate::policy::Measure;

const PODS: &str = "/apis/metrics.k8s.io/v1beta1/pods";
const NODES: &str = "/apis/metrics.k8s.io/v1beta1/nodes";
/// 50,000 pods with two containers each have half as many bytes.
const LARGEST_ANSWER_BYTES: usize = 48 << 20;
/// How much is read of an answer that says why a request failed.
const LARGEST_PROBLEM_BYTES: usize = 16 << 10;
const TIMEOUT: Duration = Duration::from_secs(20);

/// The metrics API of the cluster as a source of measurements.
pub(super) struct MetricsApiSource {
    client: kube::Client,
}

impl MetricsApiSource {
    pub(super) fn new(client: kube::Client) -> Self {
        Self { client }
    }

    async fn read_all(&self, at: Timestamp, wanted: Wanted) -> Reading {
        let mut reading = Reading { measurements: Measurements::nothing(at), failures: Vec::new() };
        match self.list::<NodeMetrics>(NODES).await {
            Ok(nodes) => nodes.iter().for_each(|node| node.add_to(&mut reading.measurements)),
            Err(error) => reading.failures.push(error.of(NODES)),
        }
        if wanted == Wanted::NodeLoads {
            return reading;
        }
        match self.list::<PodMetrics>(PODS).await {
            Ok(pods) => pods.iter().for_each(|pod| pod.add_to(&mut reading.measurements)),
            Err(error) => reading.failures.push(error.of(PODS)),
        }
        reading
    }

    async fn list<T: DeserializeOwned + Send + 'static>(&self, path: &str) -> Result<Vec<T>, SourceError> {
        let bytes = tokio::time::timeout(TIMEOUT, self.get(path)).await.unwrap_or_else(|_elapsed| {
            let problem = format!("no whole answer within {} s", TIMEOUT.as_secs());
            Err(SourceError::new(FailureKind::Timeout, problem))
        })?;
        let parsed = tokio::task::spawn_blocking(move || serde_json::from_slice::<List<T>>(&bytes)).await;
        let malformed = |problem: &dyn std::fmt::Display| {
            SourceError::new(FailureKind::Malformed, format_args!("the answer is no list of metrics: {problem}"))
        };
        let list = parsed.map_err(|error| malformed(&error))?.map_err(|error| malformed(&error))?;
        Ok(list.items)
    }

    async fn get(&self, path: &str) -> Result<Bytes, SourceError> {
        let broken = |error: &dyn std::error::Error| SourceError::new(FailureKind::Connection, with_causes(error));
        let request = Request::get(path).body(Body::empty()).map_err(|error| broken(&error))?;
        let answer = self.client.send(request).await.map_err(|error| broken(&error))?;
        let status = answer.status();
        let most_bytes = if status.is_success() { LARGEST_ANSWER_BYTES } else { LARGEST_PROBLEM_BYTES };
        let body = Limited::new(answer.into_body(), most_bytes).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let problem = format!("{status}: the answer has more than {most_bytes} bytes");
                SourceError::new(FailureKind::TooLarge, problem)
            } else {
                broken(&*error)
            }
        })?;
        let body = body.to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(SourceError::new(FailureKind::Status, format_args!("{status}: {}", message_of(&body))))
        }
    }
}

impl Source for MetricsApiSource {
    fn name(&self) -> &'static str {
        "metrics_api"
    }

    fn read(&mut self, at: Timestamp, wanted: Wanted) -> BoxFuture<'_, Reading> {
        self.read_all(at, wanted).boxed()
    }

    fn read_past(&mut self, _steps: PastSteps) -> BoxFuture<'_, Option<Result<Vec<Measurements>, SourceError>>> {
        std::future::ready(None).boxed()
    }
}

/// What the API server says of a request that failed.
fn message_of(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        message: String,
    }
    let status: Option<Status> = serde_json::from_slice(body).ok();
    status.map_or_else(|| String::from_utf8_lossy(body).into_owned(), |status| status.message)
}

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: Metadata,
    /// The end of the window of the measurement.
    timestamp: Option<Timestamp>,
    #[serde(default)]
    containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
struct NodeMetrics {
    metadata: Metadata,
    timestamp: Option<Timestamp>,
    usage: Usage,
}

#[derive(Deserialize)]
struct Metadata {
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    usage: Usage,
}

/// Quantities; a resource that is missing was not measured.
#[derive(Deserialize)]
struct Usage {
    cpu: Option<Box<str>>,
    memory: Option<Box<str>>,
}

impl PodMetrics {
    fn add_to(&self, measurements: &mut Measurements) {
        let reference = PodReference { namespace: self.metadata.namespace.clone(), pod: self.metadata.name.clone() };
        let pod = &mut measurements.pod(reference).measured;
        pod.at = self.timestamp.unwrap_or(pod.at);
        let mut rejected = 0;
        for container in &self.containers {
            rejected += container.usage.add_to(pod);
        }
        // The sum without a container would be too low.
        let is_known = |of: fn(&Usage) -> &Option<Box<str>>| {
            !self.containers.is_empty() && self.containers.iter().all(|container| of(&container.usage).is_some())
        };
        pod.cpu = pod.cpu.filter(|_| rejected == 0 && is_known(|usage| &usage.cpu));
        pod.memory = pod.memory.filter(|_| rejected == 0 && is_known(|usage| &usage.memory));
        measurements.rejected += rejected;
    }
}

impl NodeMetrics {
    fn add_to(&self, measurements: &mut Measurements) {
        let node = measurements.node(&self.metadata.name);
        node.at = self.timestamp.unwrap_or(node.at);
        let rejected = self.usage.add_to(node);
        measurements.rejected += rejected;
    }
}

impl Usage {
    /// Adds these quantities, and returns how many cannot be read.
    fn add_to(&self, measured: &mut Measured) -> usize {
        let mut rejected = 0;
        for (measure, written) in [(Measure::Cpu, &self.cpu), (Measure::Memory, &self.memory)] {
            let Some(written) = written else { continue };
            let is_read = base_units(written).is_some_and(|value| add(measured, measure, value));
            rejected += usize::from(!is_read);
        }
        rejected
    }
}

/// A quantity in its base unit: cores or bytes.
fn base_units(text: &str) -> Option<f64> {
    let thousandths = u64::try_from(parse_thousandths(text)?).ok()?;
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a measurement is no exact number")]
    let thousandths = thousandths as f64;
    Some(thousandths / 1_000.0)
}

#[cfg(test)]
#[path = "tests/metrics_api.rs"]
mod tests;
