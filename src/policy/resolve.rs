//! A policy document to a valid policy, or to the error of one field.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::dialect::Dialect;
use super::load_protection;
use super::on_conflict::OnConflict;
use super::raw;
use super::selector::{Requirement, Selector};
use crate::api::FieldError;
use crate::model::{
    LoadProtection, Namespace, Resources, Scope, ScoringStrategy, is_label_value, is_object_name, thousandths,
};

/// A valid policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPolicy {
    /// The name.
    pub(crate) name: Arc<str>,
    /// Of the policies that select a pod, the one with the highest priority governs it; ties go by name.
    pub(crate) priority: i32,
    /// The pods that the policy selects.
    pub(crate) selector: Selector,
    /// How job and PE of a pod are read.
    pub(crate) dialect: Dialect,
    /// The scheduler of the pods.
    pub(crate) scheduler_name: Box<str>,
    /// The native sidecars that are injected.
    pub(crate) sidecars: Vec<Sidecar>,
    /// The requests and limits that are set where the user set none.
    pub(crate) sizing: Sizing,
    /// How nodes are chosen for the PEs.
    pub(crate) placement: PlacementPolicy,
    /// Seconds that a PE stays bound to a node that is not ready or unreachable; `None`: the default of the cluster.
    pub(crate) toleration_seconds: Option<i64>,
    /// What happens to a pod whose placement spec contradicts itself.
    pub(crate) on_conflict: OnConflict,
    /// Load protection for PEs of all policies. At most one policy has it.
    pub(crate) load_protection: Option<LoadProtection>,
}

/// A container that is injected as a native sidecar (`docs/design.md`, D9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sidecar {
    /// The name of the container.
    pub(crate) name: Box<str>,
    /// The raw container: unknown fields stay as they are.
    pub(crate) container: Value,
    /// The TCP ports that the sidecar listens on, beside those that the container declares or is probed at.
    pub(crate) listens_on: Vec<u16>,
}

/// Requests and limits for the containers of a PE, where its user chose none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizing {
    /// The names of the application containers that are sized; empty: all.
    pub(crate) containers: Vec<Box<str>>,
    /// Requests by resource, as written.
    pub(crate) requests: BTreeMap<String, String>,
    /// Limits by resource, as written.
    pub(crate) limits: BTreeMap<String, String>,
}

/// How nodes are chosen for the PEs of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacementPolicy {
    /// How the nodes that pass are scored.
    pub(crate) scheme: ScoringStrategy,
    /// The PEs that an isolated PE keeps off its node (`docs/design.md`, D4).
    pub(crate) isolation_scope: Scope,
    /// The PEs that an exclusive pool keeps off its nodes (`docs/design.md`, D4).
    pub(crate) exclusive_scope: Scope,
    /// Weight of the oversubscription term against the scheme, in thousandths.
    pub(crate) risk_weight: u32,
    /// Weight of the traffic term against the scheme, in thousandths; 0: traffic only breaks ties.
    pub(crate) traffic_weight: u32,
    /// How long a node is reserved for a PE of a gang or bucket after the last bind of a member (`docs/design.md`, D21).
    pub(crate) reservation_timeout: SignedDuration,
}

/// The scheduler name of `deploy/`.
pub(super) const DEFAULT_SCHEDULER: &str = "outrigger";
/// How long a node is reserved, where the policy does not say.
pub(super) const DEFAULT_RESERVATION_TIMEOUT: SignedDuration = SignedDuration::from_secs(60);
const LONGEST_RESERVATION_TIMEOUT: SignedDuration = SignedDuration::from_hours(1);
/// Scheme and risk have the same weight.
const DEFAULT_RISK_WEIGHT: u32 = 1_000;

impl StreamPolicy {
    pub(super) fn resolve(document: raw::Document) -> Result<Self, FieldError> {
        let raw::Document { api_version, kind, metadata, spec } = document;
        if api_version.value != "outrigger.dev/v1alpha1" {
            return Err(FieldError::at(&api_version, "apiVersion", "must be outrigger.dev/v1alpha1"));
        }
        if kind.value != "StreamPolicy" {
            return Err(FieldError::at(&kind, "kind", "must be StreamPolicy"));
        }
        let name = dns_name(&metadata.name, "metadata.name")?;
        let scheduler_name = match &spec.scheduler_name {
            Some(written) => dns_name(written, "spec.schedulerName")?,
            None => Arc::from(DEFAULT_SCHEDULER),
        };
        Ok(Self {
            name,
            priority: spec.priority,
            selector: selector(spec.selector)?,
            dialect: spec.dialect,
            scheduler_name: Box::from(&*scheduler_name),
            sidecars: with_ports(sidecars(spec.injection.sidecars)?, &spec.injection.listens_on)?,
            sizing: sizing(spec.resources)?,
            placement: placement(&spec.placement)?,
            toleration_seconds: toleration_seconds(&spec.recovery)?,
            on_conflict: spec.on_conflict,
            load_protection: load_protection::resolve(spec.load_protection.as_ref())?,
        })
    }
}

/// The name of an object that is also written as the value of a label.
fn dns_name(written: &Spanned<String>, field: &'static str) -> Result<Arc<str>, FieldError> {
    let name = written.value.as_str();
    if is_object_name(name) && is_label_value(name) {
        Ok(Arc::from(name))
    } else {
        Err(FieldError::at(written, field, format!("`{name}` is not a name: at most 63 of a-z, 0-9, `-` and `.`")))
    }
}

fn selector(written: Spanned<raw::Selector>) -> Result<Selector, FieldError> {
    const FIELD: &str = "spec.selector.podSelector";
    let place = Spanned { value: (), referenced: written.referenced, defined: written.defined };
    let raw::Selector { namespaces, pod_selector } = written.value;
    let mut requirements = Vec::new();
    for (key, value) in pod_selector.match_labels {
        requirements.push(Requirement::In { key: key.into(), values: vec![value.into()] });
    }
    for expression in pod_selector.match_expressions {
        requirements.push(requirement(expression)?);
    }
    if !requirements.iter().any(Requirement::needs_a_label) {
        let problem = "selects pods without any label: name at least one label that a PE has";
        return Err(FieldError::at(&place, FIELD, problem));
    }
    Ok(Selector { namespaces: namespaces.iter().map(Namespace::from).collect(), requirements })
}

fn requirement(expression: Spanned<raw::Expression>) -> Result<Requirement, FieldError> {
    const FIELD: &str = "spec.selector.podSelector.matchExpressions";
    let wants_values = matches!(expression.value.operator, raw::Operator::In | raw::Operator::NotIn);
    if wants_values == expression.value.values.is_empty() {
        let problem = if wants_values { "In and NotIn need values" } else { "Exists and DoesNotExist take no values" };
        return Err(FieldError::at(&expression, FIELD, problem));
    }
    let raw::Expression { key, operator, values } = expression.value;
    let key = key.into_boxed_str();
    let values = values.into_iter().map(String::into_boxed_str).collect();
    Ok(match operator {
        raw::Operator::In => Requirement::In { key, values },
        raw::Operator::NotIn => Requirement::NotIn { key, values },
        raw::Operator::Exists => Requirement::Exists(key),
        raw::Operator::DoesNotExist => Requirement::DoesNotExist(key),
    })
}

fn sidecars(written: Vec<Spanned<Value>>) -> Result<Vec<Sidecar>, FieldError> {
    const FIELD: &str = "spec.injection.sidecars";
    let mut sidecars: Vec<Sidecar> = Vec::new();
    for one in written {
        let text = |key: &str| one.value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(name) = text("name").map(Box::<str>::from) else {
            return Err(FieldError::at(&one, FIELD, "a sidecar needs a name"));
        };
        if text("image").is_none() {
            return Err(FieldError::at(&one, FIELD, format!("sidecar `{name}` needs an image")));
        }
        if one.value.get("restartPolicy").is_some_and(|policy| policy != "Always") {
            let problem = format!("sidecar `{name}`: restartPolicy is always `Always`; leave it out");
            return Err(FieldError::at(&one, FIELD, problem));
        }
        if sidecars.iter().any(|known| known.name == name) {
            return Err(FieldError::at(&one, FIELD, format!("two sidecars are named `{name}`")));
        }
        let mut container = one.value;
        if let Value::Object(fields) = &mut container {
            fields.insert("restartPolicy".to_owned(), Value::from("Always"));
        }
        sidecars.push(Sidecar { name, container, listens_on: Vec::new() });
    }
    Ok(sidecars)
}

/// Adds the ports that sidecars listen on without declaring them.
fn with_ports(
    mut sidecars: Vec<Sidecar>,
    written: &BTreeMap<String, Spanned<Vec<u32>>>,
) -> Result<Vec<Sidecar>, FieldError> {
    for (name, ports) in written {
        let field = format!("spec.injection.listensOn.{name}");
        let Some(sidecar) = sidecars.iter_mut().find(|sidecar| *sidecar.name == **name) else {
            return Err(FieldError::at(ports, field, format!("the policy has no sidecar `{name}`")));
        };
        for port in &ports.value {
            let legal = u16::try_from(*port).ok().filter(|port| *port > 0);
            let Some(port) = legal else {
                return Err(FieldError::at(ports, field, format!("`{port}` is not a port from 1 to 65535")));
            };
            sidecar.listens_on.push(port);
        }
    }
    Ok(sidecars)
}

fn sizing(written: raw::Resources) -> Result<Sizing, FieldError> {
    let mut parsed_requests = Resources::default();
    let mut parsed_limits = Resources::default();
    let requests = amounts(&written.requests, "spec.resources.requests", &mut parsed_requests)?;
    let limits = amounts(&written.limits, "spec.resources.limits", &mut parsed_limits)?;
    for (name, place) in &written.limits {
        if parsed_requests.get(name) > parsed_limits.get(name) {
            let problem = format!("the limit is below the request `{}`", requests.get(name).map_or("", |text| text));
            return Err(FieldError::at(place, format!("spec.resources.limits.{name}"), problem));
        }
    }
    let containers = written.containers.into_iter().map(String::into_boxed_str).collect();
    Ok(Sizing { containers, requests, limits })
}

fn amounts(
    written: &BTreeMap<String, Spanned<raw::Quantity>>,
    field: &'static str,
    parsed: &mut Resources,
) -> Result<BTreeMap<String, String>, FieldError> {
    let mut amounts = BTreeMap::new();
    for (name, quantity) in written {
        parsed
            .set(name, &quantity.value.0)
            .map_err(|error| FieldError::at(quantity, format!("{field}.{name}"), error.to_string()))?;
        amounts.insert(name.clone(), quantity.value.0.clone());
    }
    Ok(amounts)
}

fn placement(written: &raw::Placement) -> Result<PlacementPolicy, FieldError> {
    Ok(PlacementPolicy {
        scheme: written.scheme,
        isolation_scope: written.isolation_scope,
        exclusive_scope: written.exclusive_scope,
        risk_weight: weight(written.risk_weight.as_ref(), "spec.placement.riskWeight", DEFAULT_RISK_WEIGHT)?,
        traffic_weight: weight(written.traffic_weight.as_ref(), "spec.placement.trafficWeight", 0)?,
        reservation_timeout: reservation_timeout(written.reservation_timeout.as_ref())?,
    })
}

fn weight(written: Option<&Spanned<f64>>, field: &'static str, absent: u32) -> Result<u32, FieldError> {
    const MOST: u32 = 10;
    written.map_or(Ok(absent), |weight| {
        thousandths(weight.value, MOST)
            .ok_or_else(|| FieldError::at(weight, field, format!("must be from 0 to {MOST}")))
    })
}

fn reservation_timeout(written: Option<&Spanned<String>>) -> Result<SignedDuration, FieldError> {
    let Some(written) = written else { return Ok(DEFAULT_RESERVATION_TIMEOUT) };
    let timeout: Option<SignedDuration> = written.value.parse().ok();
    let is_allowed =
        |timeout: &SignedDuration| *timeout >= SignedDuration::from_secs(1) && *timeout <= LONGEST_RESERVATION_TIMEOUT;
    timeout.filter(is_allowed).ok_or_else(|| {
        let problem = format!("`{}` is not a duration from 1s to 1h, such as `60s`", written.value);
        FieldError::at(written, "spec.placement.reservationTimeout", problem)
    })
}

fn toleration_seconds(written: &raw::Recovery) -> Result<Option<i64>, FieldError> {
    match &written.toleration_seconds {
        Some(seconds) if seconds.value < 0 => {
            Err(FieldError::at(seconds, "spec.recovery.tolerationSeconds", "must not be negative"))
        }
        seconds => Ok(seconds.as_ref().map(|seconds| seconds.value)),
    }
}
