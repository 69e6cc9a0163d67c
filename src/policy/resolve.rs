//! A policy document to a valid policy, or to the error of one field.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::demand::{self, DemandSettings};
use super::demand_sizing::DemandSizing;
use super::dialect::Dialect;
use super::on_conflict::OnConflict;
use super::schema::{element_path, member_path};
use super::selector::{LabelPresence, Requirement, Selector};
use super::{container, load_protection, raw};
use crate::api::{FieldError, Located, Member, Position};
use crate::model::{LoadProtection, Namespace, Scope, ScoringStrategy, parse_thousandths, thousandths};

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
    /// Where the demand of the PEs of all policies is measured. At most one policy has it.
    pub(crate) demand: Option<DemandSettings>,
}

/// A container that is injected as a native sidecar (`docs/design.md`, D9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sidecar {
    /// The name of the container.
    pub(crate) name: Box<str>,
    /// The container as it is added to a pod.
    pub(crate) container: Value,
    /// The TCP ports that the sidecar listens on, beside those that the container declares or is probed at.
    pub(crate) listens_on: Vec<u16>,
    /// Why the API server accepts the container in no pod, in its own words; `None` where it accepts the container, or
    /// has not said.
    pub(crate) rejection: Option<Box<str>>,
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
    /// How requests follow from forecasts; `None`: they do not.
    pub(crate) demand: Option<DemandSizing>,
}

impl Sizing {
    /// True for an application container that is sized.
    pub(crate) fn names(&self, container: &str) -> bool {
        self.containers.is_empty() || self.containers.iter().any(|known| **known == *container)
    }

    /// The static request of a resource, in thousandths of its base unit; 0 where there is none.
    pub(crate) fn request(&self, resource: &str) -> u128 {
        self.requests.get(resource).and_then(|text| parse_thousandths(text)).unwrap_or(0)
    }
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
        let raw::Document { metadata, spec } = document;
        Ok(Self {
            name: Arc::from(metadata.name.value),
            priority: spec.priority,
            selector: selector(spec.selector, spec.dialect)?,
            dialect: spec.dialect,
            scheduler_name: spec.scheduler_name.map_or_else(|| Box::from(DEFAULT_SCHEDULER), String::into_boxed_str),
            sidecars: with_ports(
                sidecars(&spec.injection.sidecars, sized(spec.resources.as_ref()))?,
                spec.injection.listens_on.as_ref(),
            )?,
            sizing: sizing(spec.resources.as_ref())?,
            placement: placement(&spec.placement)?,
            toleration_seconds: toleration_seconds(&spec.recovery)?,
            on_conflict: spec.on_conflict,
            load_protection: load_protection::resolve(spec.load_protection.as_ref())?,
            demand: demand::resolve(spec.demand.as_ref())?,
        })
    }
}

fn selector(written: Spanned<raw::Selector>, dialect: Dialect) -> Result<Selector, FieldError> {
    const FIELD: &str = "spec.selector.podSelector";
    let position = Position::from(&written);
    let raw::Selector { namespaces, pod_selector } = written.value;
    let mut positions = Vec::new();
    let mut requirements = Vec::new();
    for (key, value) in pod_selector.match_labels {
        positions.push(Position::from(&value));
        requirements.push(Requirement::In { key: key.into(), values: vec![value.value.into()] });
    }
    for expression in pod_selector.match_expressions {
        positions.push(Position::from(&expression));
        requirements.push(requirement(expression)?);
    }
    if !requirements.iter().any(Requirement::needs_a_label) {
        let problem = "selects pods without any label: name at least one label that a PE has";
        return Err(FieldError::at(position, FIELD, problem));
    }
    let namespaces = namespaces.iter().map(|name| Namespace::from(&name.value)).collect();
    let selector = Selector { namespaces, requirements };
    let at = |key: &str| {
        let requirements = selector.requirements.iter().zip(&positions);
        requirements.rev().find(|(requirement, _)| requirement.key() == key).map_or(position, |(_, at)| *at)
    };
    if let Some(key) = selector.contradiction() {
        let problem = format!("no pod can match: the requirements on the label `{key}` exclude each other");
        return Err(FieldError::at(at(key), FIELD, problem));
    }
    if let Some(key) = dialect.job_label()
        && selector.presence(key) == LabelPresence::Never
    {
        let problem = format!("no selected pod can be a PE: dialect {dialect} reads the job from the label `{key}`");
        return Err(FieldError::at(at(key), FIELD, problem));
    }
    Ok(selector)
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

/// The sidecars. `sized` are the names of the application containers that the policy sizes.
fn sidecars(written: &[Located], sized: Option<&Located>) -> Result<Vec<Sidecar>, FieldError> {
    const FIELD: &str = "spec.injection.sidecars";
    let mut sidecars: Vec<Sidecar> = Vec::new();
    for (at, container) in written.iter().enumerate() {
        let path = element_path(FIELD, at);
        container::check(container, &path)?;
        let name = container.text_of("name").unwrap_or_default();
        let name_at = container.get("name").map_or(container.position, |name| name.position);
        if sidecars.iter().any(|known| *known.name == *name) {
            let problem = format!("two sidecars are named `{name}`");
            return Err(FieldError::at(name_at, member_path(&path, "name"), problem));
        }
        if sized.is_some_and(|sized| sized.elements().iter().any(|known| known.text() == Some(name))) {
            let problem = format!("spec.resources.containers names `{name}` as an application container: rename one");
            return Err(FieldError::at(name_at, member_path(&path, "name"), problem));
        }
        check_ports(written.get(..at).unwrap_or_default(), container, &path)?;
        let container = container::manifest(container);
        sidecars.push(Sidecar { name: name.into(), container, listens_on: Vec::new(), rejection: None });
    }
    Ok(sidecars)
}

/// Adds the ports that sidecars listen on without declaring them.
fn with_ports(mut sidecars: Vec<Sidecar>, written: Option<&Located>) -> Result<Vec<Sidecar>, FieldError> {
    for Member { name, position, value } in written.map_or(&[][..], Located::members) {
        let Some(sidecar) = sidecars.iter_mut().find(|sidecar| *sidecar.name == **name) else {
            let field = member_path("spec.injection.listensOn", name);
            return Err(FieldError::at(*position, field, format!("the policy has no sidecar `{name}`")));
        };
        sidecar.listens_on = value.elements().iter().filter_map(|port| port.spelled().parse().ok()).collect();
    }
    Ok(sidecars)
}

/// Checks that no sidecar before this one declares a port of this one: the containers of a pod share its network.
fn check_ports(before: &[Located], container: &Located, path: &str) -> Result<(), FieldError> {
    let ports = |container: &Located| container.get("ports").map(Located::elements).unwrap_or_default().to_vec();
    let listens_on =
        |port: &Located| (port.integer_of("containerPort"), port.text_of("protocol").unwrap_or("TCP").to_owned());
    for (at, port) in ports(container).iter().enumerate() {
        let own = listens_on(port);
        let other = before.iter().find(|other| ports(other).iter().any(|port| listens_on(port) == own));
        if let Some(other) = other {
            let problem = format!(
                "sidecar `{}` declares this port too, and the containers of a pod share one network: change one",
                other.text_of("name").unwrap_or_default()
            );
            let path = member_path(&element_path(&member_path(path, "ports"), at), "containerPort");
            return Err(FieldError::at(port.get("containerPort").unwrap_or(port).position, path, problem));
        }
    }
    Ok(())
}

/// The names of the application containers that a policy sizes.
fn sized(written: Option<&Located>) -> Option<&Located> {
    written?.get("containers")
}

fn sizing(written: Option<&Located>) -> Result<Sizing, FieldError> {
    const FIELD: &str = "spec.resources";
    let Some(written) = written else { return Ok(Sizing::default()) };
    container::check_amounts(written, FIELD)?;
    let amounts = |kind: &str| {
        let members = written.get(kind).map(Located::members).unwrap_or_default();
        members.iter().map(|member| (member.name.clone(), member.value.spelled())).collect()
    };
    let names = sized(Some(written)).map(Located::elements).unwrap_or_default();
    let containers = names.iter().filter_map(Located::text).map(Box::from).collect();
    let demand = DemandSizing::resolve(written)?;
    Ok(Sizing { containers, requests: amounts("requests"), limits: amounts("limits"), demand })
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
