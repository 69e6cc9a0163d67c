//! A `StreamPolicy` document as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::dialect::Dialect;
use super::on_conflict::OnConflict;
use crate::model::{Scope, ScoringStrategy};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Document {
    pub(super) api_version: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) name: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(default)]
    pub(super) priority: i32,
    pub(super) selector: Spanned<Selector>,
    #[serde(default)]
    pub(super) dialect: Dialect,
    pub(super) scheduler_name: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) injection: Injection,
    #[serde(default)]
    pub(super) resources: Resources,
    #[serde(default)]
    pub(super) placement: Placement,
    #[serde(default)]
    pub(super) recovery: Recovery,
    #[serde(default)]
    pub(super) on_conflict: OnConflict,
    pub(super) load_protection: Option<Spanned<LoadProtection>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Selector {
    pub(super) namespaces: Vec<String>,
    pub(super) pod_selector: PodSelector,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PodSelector {
    pub(super) match_labels: BTreeMap<String, String>,
    pub(super) match_expressions: Vec<Spanned<Expression>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expression {
    pub(super) key: String,
    pub(super) operator: Operator,
    #[serde(default)]
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
    pub(super) sidecars: Vec<Spanned<Value>>,
    pub(super) listens_on: BTreeMap<String, Spanned<Vec<u32>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Resources {
    pub(super) containers: Vec<String>,
    pub(super) requests: BTreeMap<String, Spanned<Quantity>>,
    pub(super) limits: BTreeMap<String, Spanned<Quantity>>,
}

/// A quantity may be written as text or, as people do, as a bare number.
#[derive(Debug)]
pub(super) struct Quantity(pub(super) String);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            other @ (Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Ok(Self(other.to_string())),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Placement {
    pub(super) scheme: ScoringStrategy,
    pub(super) isolation_scope: Scope,
    pub(super) exclusive_scope: Scope,
    pub(super) risk_weight: Option<Spanned<f64>>,
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
