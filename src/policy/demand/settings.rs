//! The block `demand` as it is meant.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::forecast::demand::DemandGrid;
use crate::model::Percent;

/// Where measurements come from, and the grid of time on which demand is forecast from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DemandSettings {
    /// The source of the measurements.
    pub(crate) source: SourceSettings,
    /// The steps of measurements and forecasts.
    pub(crate) grid: DemandGrid,
    /// The share of the time that processes of a node may wait for CPU before the node counts as overloaded.
    pub(crate) most_pressure: Percent,
}

/// A source of measurements, with what it is asked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceSettings {
    /// The API `metrics.k8s.io` of the cluster.
    MetricsApi,
    /// The HTTP API of a Prometheus.
    Prometheus(Arc<PrometheusSettings>),
}

/// How a Prometheus is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrometheusSettings {
    /// The address up to and without `/api/v1`, without a slash at its end.
    pub(crate) url: Box<str>,
    /// The file with the authorities that sign the certificate of the server; there for every `https` address.
    pub(crate) ca_file: Option<Box<str>>,
    /// The file with the bearer token.
    pub(crate) token_file: Option<Box<str>>,
    /// How long one answer may take.
    pub(crate) timeout: SignedDuration,
    /// What is asked at each step: each query once for all pods, or all nodes.
    pub(crate) queries: Vec<PrometheusQuery>,
}

/// One query of a Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrometheusQuery {
    /// What the series of the answer are about.
    pub(crate) subject: MeasuredSubject,
    /// What the values are.
    pub(crate) measure: Measure,
    /// The query in `PromQL`.
    pub(crate) text: Box<str>,
}

/// What a measurement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MeasuredSubject {
    /// A pod, by the labels `namespace` and `pod`.
    Pod,
    /// A node, by the label `node` or `instance`.
    Node,
}

/// What is measured, with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// CPU in use: cores.
    Cpu,
    /// Memory in use: bytes.
    Memory,
    /// The share of the time in which a process waits for CPU: from 0 to 1.
    CpuPressure,
    /// What a PE takes in: records a second.
    InputRate,
}
