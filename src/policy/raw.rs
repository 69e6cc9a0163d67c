//! A `StreamPolicy` document as it is written. The document has been checked against [`schema`](super::schema).

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::dialect::Dialect;
use super::on_conflict::OnConflict;
use crate::api::Located;
use crate::model::{Scope, ScoringStrategy};

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

/// Labels and annotations of a policy say nothing to Outrigger.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) name: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) priority: i32,
    pub(super) selector: Spanned<Selector>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) dialect: Dialect,
    pub(super) scheduler_name: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) injection: Injection,
    pub(super) resources: Option<Located>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) placement: Placement,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) recovery: Recovery,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) on_conflict: OnConflict,
    pub(super) load_protection: Option<Spanned<LoadProtection>>,
    pub(super) demand: Option<Spanned<Demand>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Selector {
    #[serde(deserialize_with = "or_default")]
    pub(super) namespaces: Vec<Spanned<String>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) pod_selector: PodSelector,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PodSelector {
    #[serde(deserialize_with = "or_default")]
    pub(super) match_labels: BTreeMap<String, Spanned<String>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) match_expressions: Vec<Spanned<Expression>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expression {
    pub(super) key: String,
    pub(super) operator: Operator,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Injection {
    #[serde(deserialize_with = "or_default")]
    pub(super) sidecars: Vec<Located>,
    pub(super) listens_on: Option<Located>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Placement {
    #[serde(deserialize_with = "or_default")]
    pub(super) scheme: ScoringStrategy,
    #[serde(deserialize_with = "or_default")]
    pub(super) isolation_scope: Scope,
    #[serde(deserialize_with = "or_default")]
    pub(super) exclusive_scope: Scope,
    pub(super) risk_weight: Option<Spanned<f64>>,
    pub(super) risk_ceiling: Option<Spanned<f64>>,
    pub(super) traffic_weight: Option<Spanned<f64>>,
    pub(super) reservation_timeout: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Recovery {
    pub(super) toleration_seconds: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LoadProtection {
    pub(super) cpu: Option<Thresholds>,
    pub(super) memory: Option<Thresholds>,
    pub(super) network: Option<Thresholds>,
    pub(super) max_age: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thresholds {
    pub(super) upper: Spanned<f64>,
    pub(super) lower: Option<Spanned<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Demand {
    pub(super) source: DemandSource,
    pub(super) step: Option<Spanned<String>>,
    pub(super) season: Option<Spanned<String>>,
    pub(super) horizon: Option<Spanned<String>>,
    pub(super) overload: Option<ObservedOverload>,
}

/// Exactly one of the sources is there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DemandSource {
    /// It has no settings.
    pub(super) metrics_api: Option<IgnoredAny>,
    pub(super) prometheus: Option<Prometheus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Prometheus {
    pub(super) url: Spanned<String>,
    pub(super) ca_file: Option<Spanned<String>>,
    pub(super) token_file: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) engine: Option<Engine>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) queries: Queries,
}

/// An engine whose metrics tell what its PEs take in.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum Engine {
    Flink,
    KafkaConsumer,
}

/// An empty query is not asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Queries {
    pub(super) pod_cpu: Option<Spanned<String>>,
    pub(super) pod_memory: Option<Spanned<String>>,
    pub(super) pod_cpu_pressure: Option<Spanned<String>>,
    pub(super) input_rate: Option<Spanned<String>>,
    pub(super) node_cpu: Option<Spanned<String>>,
    pub(super) node_memory: Option<Spanned<String>>,
    pub(super) node_cpu_pressure: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ObservedOverload {
    pub(super) cpu_pressure: Option<Spanned<f64>>,
}

/// A field without a value is missing, as in every Kubernetes object.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
