//! The fields of a pod's spec that restrict its nodes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::present::Present;
use crate::model::{HostPort, NodeRequirement, NodeRequirements, Toleration};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Affinity {
    #[serde(rename = "nodeAffinity")]
    node: Option<NodeAffinity>,
    #[serde(rename = "podAffinity")]
    pods: Option<PodAffinity>,
    #[serde(rename = "podAntiAffinity")]
    other_pods: Option<PodAffinity>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeAffinity {
    required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    preferred_during_scheduling_ignored_during_execution: Option<Vec<PreferredTerm>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct PodAffinity {
    required_during_scheduling_ignored_during_execution: Option<Vec<Present>>,
    preferred_during_scheduling_ignored_during_execution: Option<Vec<PreferredTerm>>,
}

/// A preference; what is preferred is kube-scheduler's to read.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct PreferredTerm {
    weight: i32,
}

/// A topology spread constraint, as far as it tells a requirement from a preference.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SpreadConstraint {
    when_unsatisfiable: String,
}

/// True where a pod states a preference among nodes that kube-scheduler scores: preferred node affinity, preferred pod
/// affinity or anti-affinity, a spread constraint with `ScheduleAnyway`.
pub(super) fn states_preference(affinity: Option<&Affinity>, spread: Option<&Vec<SpreadConstraint>>) -> bool {
    let is_stated = |terms: &Option<Vec<PreferredTerm>>| terms.as_ref().is_some_and(|terms| !terms.is_empty());
    let by_affinity = affinity.is_some_and(|affinity| {
        let node = affinity.node.iter().map(|node| &node.preferred_during_scheduling_ignored_during_execution);
        let pods = affinity.pods.iter().chain(&affinity.other_pods);
        node.chain(pods.map(|pods| &pods.preferred_during_scheduling_ignored_during_execution)).any(is_stated)
    });
    let is_soft = |constraint: &SpreadConstraint| constraint.when_unsatisfiable == "ScheduleAnyway";
    by_affinity || spread.into_iter().flatten().any(is_soft)
}

/// True where kube-scheduler filters nodes by the pods on them: required pod affinity or anti-affinity, or a spread constraint
/// that is not soft. The API server sets `DoNotSchedule` where a constraint does not say.
pub(super) fn filters_by_other_pods(affinity: Option<&Affinity>, spread: Option<&Vec<SpreadConstraint>>) -> bool {
    let by_affinity = affinity.is_some_and(|affinity| {
        let pods = affinity.pods.iter().chain(&affinity.other_pods);
        let mut required = pods.filter_map(|pods| pods.required_during_scheduling_ignored_during_execution.as_ref());
        required.any(|terms| !terms.is_empty())
    });
    let is_hard = |constraint: &SpreadConstraint| constraint.when_unsatisfiable != "ScheduleAnyway";
    by_affinity || spread.into_iter().flatten().any(is_hard)
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NodeSelector {
    node_selector_terms: Option<Vec<Term>>,
}

impl NodeSelector {
    /// The terms that a node can match.
    pub(super) fn terms(&self) -> Vec<Vec<NodeRequirement>> {
        self.node_selector_terms.iter().flatten().filter_map(term).collect()
    }
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Term {
    match_expressions: Option<Vec<Requirement>>,
    match_fields: Option<Vec<Requirement>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Requirement {
    key: String,
    operator: String,
    values: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct TolerationObject {
    key: Option<String>,
    operator: Option<String>,
    value: Option<String>,
    effect: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PortObject {
    host_port: Option<i64>,
    #[serde(rename = "hostIP")]
    host_ip: Option<String>,
    protocol: Option<String>,
}

/// The node requirements of a pod; `None` where it has none.
pub(super) fn read(
    selector: Option<&BTreeMap<String, String>>,
    affinity: Option<&Affinity>,
    tolerations: Option<&Vec<TolerationObject>>,
    ports: &[&PortObject],
) -> Option<NodeRequirements> {
    let required = affinity
        .and_then(|affinity| affinity.node.as_ref())
        .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
    let mut tolerations: Vec<Toleration> = tolerations.into_iter().flatten().filter_map(toleration).collect();
    tolerations.sort_unstable();
    tolerations.dedup();
    let mut host_ports: Vec<HostPort> = ports.iter().copied().filter_map(host_port).collect();
    host_ports.sort_unstable();
    host_ports.dedup();
    let node_requirements = NodeRequirements {
        selector: selector.into_iter().flatten().map(|(key, value)| NodeRequirement::equal(key, value)).collect(),
        terms: required.map(NodeSelector::terms),
        tolerations,
        host_ports,
    };
    (!node_requirements.is_empty()).then_some(node_requirements)
}

/// The requirements of a term; `None` for one that is empty or cannot be read, which no node matches.
fn term(term: &Term) -> Option<Vec<NodeRequirement>> {
    let values = |requirement: &Requirement| requirement.values.clone().unwrap_or_default();
    let of_labels =
        term.match_expressions.iter().flatten().map(|requirement| {
            NodeRequirement::of_label(&requirement.key, &requirement.operator, &values(requirement))
        });
    let of_fields =
        term.match_fields.iter().flatten().map(|requirement| {
            NodeRequirement::of_field(&requirement.key, &requirement.operator, &values(requirement))
        });
    let requirements: Vec<NodeRequirement> = of_labels.chain(of_fields).collect::<Option<_>>()?;
    (!requirements.is_empty()).then_some(requirements)
}

fn toleration(toleration: &TolerationObject) -> Option<Toleration> {
    let TolerationObject { key, operator, value, effect } = toleration;
    let [key, operator, value, effect] = [key, operator, value, effect].map(|text| text.as_deref().unwrap_or_default());
    Toleration::read(key, operator, value, effect)
}

fn host_port(port: &PortObject) -> Option<HostPort> {
    let number = u32::try_from(port.host_port?).ok().filter(|number| *number > 0)?;
    let [protocol, ip] = [&port.protocol, &port.host_ip].map(|text| text.as_deref().unwrap_or_default());
    Some(HostPort::new(number, protocol, ip))
}

#[cfg(test)]
#[path = "tests/node_requirements.rs"]
mod tests;
