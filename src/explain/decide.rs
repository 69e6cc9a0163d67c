//! Explains a pod from a snapshot, or from its manifest alone.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod as PodManifest;
use serde_json::Value;

use super::explanation::{
    Amounts, DeclaredValue, Explanation, ExplanationSource, NodeExplanation, PodState, RejectionWithRemedy,
    ResourceExplanation, WithheldExplanation,
};
use crate::model::{
    NodeName, Pe, Pod, PodPhase, Reason, Rejection, RequestAndLimit, ResourceDecision, WithheldSidecar, keys, rounded,
};
use crate::placement::{Foresight, PlacementDecision, plan_gang};
use crate::policy::{EffectiveValue, PolicySet};
use crate::state::{Cluster, NodeIndex, Snapshot};

/// The version of the JSON form.
const VERSION: u8 = 1;
/// How many nodes an explanation lists with all rejections.
pub const MAX_NEAREST_NODES: usize = 3;

/// A pod to explain.
#[derive(Debug)]
pub struct ExplainedPod {
    pod: Arc<Pod>,
    /// The PE, where a policy governs the pod.
    pe: Option<Arc<Pe>>,
    /// The node of an assumed pod.
    assumed: Option<NodeName>,
    /// True where the owner of the pod is gone.
    is_orphan: bool,
}

impl ExplainedPod {
    /// Looks up a pod in the cluster.
    #[must_use]
    pub fn new(pod: &Arc<Pod>, cluster: &Cluster) -> Self {
        let uid = pod.key.uid.as_str();
        Self {
            pod: Arc::clone(pod),
            pe: cluster.pod(uid).and_then(|(_, pe)| pe.cloned()),
            assumed: cluster.assumed(uid).cloned(),
            is_orphan: cluster.is_orphan(pod),
        }
    }
}

/// Explains a pod.
#[must_use]
pub fn explain(explained_pod: &ExplainedPod, snapshot: &Snapshot, policies: &PolicySet) -> Explanation {
    let ExplainedPod { pod, is_orphan, .. } = explained_pod;
    let (pe, assumed) = (explained_pod.pe.as_ref(), explained_pod.assumed.as_ref());
    let state = match (pod.phase, &pod.node) {
        (PodPhase::Finished, _) => PodState::Finished,
        (PodPhase::Leaving, _) => PodState::Leaving,
        (PodPhase::Active, _) if *is_orphan => PodState::Leaving,
        (PodPhase::Active, Some(_)) => PodState::Placed,
        (PodPhase::Active, None) if assumed.is_some() => PodState::Placing,
        (PodPhase::Active, None) => PodState::Waiting,
    };
    let record = pod.annotations.get(keys::PLACEMENT).and_then(|record| serde_json::from_str(record).ok());
    let mut explanation = Explanation {
        version: VERSION,
        pod: pod.key.to_string(),
        source: ExplanationSource::Extender,
        state,
        summary: String::new(),
        policy: pe.map(|pe| pe.policy.to_string()),
        job: pe.map(|pe| pe.job.to_string()),
        pe: pe.map(|pe| pe.name.to_string()),
        declared: declared(policies.effective_values(pod, snapshot.declared())),
        unclear: policies.field_problems(pod, snapshot.declared()),
        parallel_regions: pe.map(|pe| pe.parallel_regions(snapshot.declared())).unwrap_or_default(),
        withheld: pe.and_then(|_| pod.annotations.get(keys::WITHHELD)).map(withheld).unwrap_or_default(),
        resources: pe.and_then(|_| pod.annotations.get(keys::RESOURCES)).map(resources).unwrap_or_default(),
        node: pod.node.as_ref().or(assumed).map(ToString::to_string),
        record,
        message: None,
        nodes: 0,
        passing: 0,
        rejected: BTreeMap::new(),
        problem: None,
        here: None,
        nearest: Vec::new(),
    };
    if let (Some(pe), PodState::Placed | PodState::Placing | PodState::Waiting) = (pe, state) {
        match explanation.node.as_deref().and_then(|name| snapshot.find(name)) {
            None => explain_nodes(&mut explanation, pe, None, &snapshot.prepare_for(pe)),
            Some(own) => {
                let mut without = snapshot.clone();
                without.displace(pe, own);
                explain_nodes(&mut explanation, pe, Some(own), &without);
            }
        }
    }
    explanation.summary = match &pod.owner {
        Some(owner) if *is_orphan && pod.phase == PodPhase::Active => {
            format!("The owner {} of the pod is gone: the pod will be deleted.", owner.name)
        }
        Some(_) | None => summary(&explanation),
    };
    explanation
}

fn declared(effective: Vec<EffectiveValue>) -> Vec<DeclaredValue> {
    let declared =
        |EffectiveValue { key, value, object }| Some(DeclaredValue { key: str::to_owned(key), value, by: object? });
    effective.into_iter().filter_map(declared).collect()
}

/// The sidecars that admission has withheld from a pod, by the annotation of the pod.
fn withheld(annotation: &str) -> Vec<WithheldExplanation> {
    let explained = |WithheldSidecar { sidecar, reason }| WithheldExplanation {
        sidecar: String::from(sidecar),
        reason: reason.to_string(),
        problem: reason.meaning().to_owned(),
        remedy: reason.remedy().to_owned(),
    };
    WithheldSidecar::of_annotation(annotation).map(explained).collect()
}

/// How admission has decided requests and limits, by the annotation of the pod.
fn resources(annotation: &str) -> Vec<ResourceExplanation> {
    let text = |quantity: Option<Box<str>>| quantity.map(String::from);
    let amounts = |RequestAndLimit { request, limit }| Amounts { request: text(request), limit: text(limit) };
    let explained = |decision: ResourceDecision| ResourceExplanation {
        container: String::from(decision.container),
        resource: String::from(decision.resource),
        user: amounts(decision.user),
        policy: amounts(decision.policy),
        demand: text(decision.demand),
        limit_range: amounts(decision.limit_range),
        result: amounts(decision.result),
    };
    ResourceDecision::of_annotation(annotation).map(explained).collect()
}

/// Explains every node but the one that the PE is on.
fn explain_nodes(explanation: &mut Explanation, pe: &Arc<Pe>, own: Option<NodeIndex>, snapshot: &Snapshot) {
    // The gang of a placed PE is placed.
    let foresight = if own.is_some() { Foresight::Pending } else { Foresight::Gang(plan_gang(pe, snapshot)) };
    let decision = PlacementDecision::new(pe, snapshot, foresight);
    if let Some(rejection) = decision.rejection_of_every_node() {
        explanation.problem = Some(RejectionWithRemedy::new(rejection));
    }
    let mut passing: Vec<NodeIndex> = Vec::new();
    let mut rejected: Vec<(NodeIndex, &NodeName, Vec<Rejection>)> = Vec::new();
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    for (index, state, _) in snapshot.nodes().filter(|(index, ..)| Some(*index) != own) {
        let rejections = decision.rejections(index);
        match rejections.first() {
            None => passing.push(index),
            Some(first) => {
                *counts.entry(first.reason()).or_default() += 1;
                rejected.push((index, &state.name, rejections));
            }
        }
    }
    explanation.nodes = passing.len() + rejected.len();
    explanation.passing = passing.len();
    explanation.rejected = counts.into_iter().map(|(reason, count)| (reason.to_string(), count)).collect();
    // The fewest rejections first. Of equal numbers the node whose first rejection comes last: it passed more plugins.
    rejected.sort_by_key(|(_, name, rejections)| {
        (rejections.len(), Reverse(rejections.first().map(Rejection::reason)), *name)
    });
    explanation.here = own.and_then(|own| explain_node(&decision, own, &decision.rejections(own)));
    let here = explanation.here.as_ref();
    let best = decision.rank(&passing).into_iter();
    let best = best.map(|ranked| (ranked.node, &[][..]));
    let nearest = rejected.iter().map(|(index, _, rejections)| (*index, rejections.as_slice()));
    let nearest = best.chain(nearest).take(MAX_NEAREST_NODES);
    let nearest: Vec<NodeExplanation> = nearest
        .filter_map(|(index, rejections)| explain_node(&decision, index, rejections))
        .map(|other| NodeExplanation { behind: here.and_then(|here| behind(&other, here)), ..other })
        .collect();
    explanation.nearest = nearest;
}

fn explain_node(
    decision: &PlacementDecision<'_>,
    node: NodeIndex,
    rejections: &[Rejection],
) -> Option<NodeExplanation> {
    let ranked = decision.rank(&[node]).into_iter().next()?;
    Some(NodeExplanation {
        node: ranked.name.to_string(),
        crowding: rounded(ranked.terms.crowding),
        risk: rounded(ranked.terms.risk),
        behind: None,
        lacks: rejections.iter().map(RejectionWithRemedy::new).collect(),
    })
}

/// The terms in which a node that passes is worse than the node that the pod is on.
fn behind(other: &NodeExplanation, here: &NodeExplanation) -> Option<String> {
    let more =
        |what: &str, own: f64, than: f64| (own > than).then(|| format!("{what}: {own}, {} has {than}", here.node));
    let crowding = more("more PEs per core", other.crowding, here.crowding);
    let risk = more("a higher risk by limits", other.risk, here.risk);
    let found: Vec<String> = crowding.into_iter().chain(risk).collect();
    (other.lacks.is_empty() && !found.is_empty()).then(|| found.join("; "))
}

/// Explains a pod from its manifest alone, where no extender answers.
#[must_use]
pub fn explain_from_manifest(pod: &PodManifest) -> Explanation {
    let metadata = &pod.metadata;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let annotation = |key: &str| metadata.annotations.as_ref().and_then(|all| all.get(key)).cloned();
    let record: Option<Value> = annotation(keys::PLACEMENT).and_then(|record| serde_json::from_str(&record).ok());
    let of_record = |field: &str| Some(record.as_ref()?.get(field)?.as_str()?.to_owned());
    let spec_node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).filter(|name| !name.is_empty());
    let status = pod.status.as_ref();
    let state = match status.and_then(|status| status.phase.as_deref()) {
        Some("Succeeded" | "Failed") => PodState::Finished,
        _ if metadata.deletion_timestamp.is_some() => PodState::Leaving,
        _ if spec_node.is_some() => PodState::Placed,
        _ => PodState::Waiting,
    };
    let scheduled = status.and_then(|status| status.conditions.as_ref()).and_then(|conditions| {
        conditions.iter().find(|condition| condition.type_ == "PodScheduled" && condition.status != "True")
    });
    let mut explanation = Explanation {
        version: VERSION,
        pod: format!("{}/{}", text(&metadata.namespace), text(&metadata.name)),
        source: ExplanationSource::Pod,
        state,
        summary: String::new(),
        policy: annotation(keys::POLICY).or_else(|| of_record("policy")),
        job: of_record("job"),
        pe: of_record("pe"),
        declared: Vec::new(),
        unclear: Vec::new(),
        parallel_regions: BTreeMap::new(),
        withheld: annotation(keys::WITHHELD).map(|value| withheld(&value)).unwrap_or_default(),
        resources: annotation(keys::RESOURCES).map(|value| resources(&value)).unwrap_or_default(),
        node: spec_node,
        message: scheduled.and_then(|condition| condition.message.clone()),
        record,
        nodes: 0,
        passing: 0,
        rejected: BTreeMap::new(),
        problem: None,
        here: None,
        nearest: Vec::new(),
    };
    explanation.summary = summary(&explanation);
    explanation
}

fn summary(explanation: &Explanation) -> String {
    let Explanation { state, nodes, passing, .. } = explanation;
    let node = explanation.node.as_deref().unwrap_or_default();
    let ours = explanation.policy.is_some();
    match state {
        PodState::Finished => "The pod has finished.".to_owned(),
        PodState::Leaving => "The pod is being deleted.".to_owned(),
        PodState::Placed | PodState::Waiting if !ours => {
            let place = if node.is_empty() { "The pod is pending".to_owned() } else { format!("The pod is on {node}") };
            format!("{place}. No policy governs it: kube-scheduler places it, and no rule of Outrigger applies.")
        }
        PodState::Placed if explanation.record.is_none() => {
            format!("The pod is on {node}, without a record: Outrigger did not place the pod.")
        }
        PodState::Placed => chosen(explanation.record.as_ref(), node, nodes.saturating_add(1)),
        PodState::Placing => format!("The pod is bound to {node}; the watch does not show the node yet."),
        PodState::Waiting if explanation.source == ExplanationSource::Pod => "The pod is pending.".to_owned(),
        PodState::Waiting if explanation.problem.is_some() => {
            "The pod is pending: one problem rejects every node.".to_owned()
        }
        PodState::Waiting if *nodes == 0 => "The pod is pending: the cluster has no node.".to_owned(),
        PodState::Waiting if *nodes == 1 && *passing == 0 => {
            "The pod is pending: the only node does not fit.".to_owned()
        }
        PodState::Waiting if *passing == 0 => format!("The pod is pending: none of {nodes} nodes fits."),
        PodState::Waiting => format!(
            "The pod is pending, although {passing} of {} fit: kube-scheduler has not retried the pod yet, or rejects \
             these nodes itself (volumes, pod affinity, topology spread, gates).",
            counted(*nodes)
        ),
    }
}

/// A number of nodes: `1 node`, `3 nodes`.
fn counted(nodes: usize) -> String {
    if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") }
}

/// How the node of a placed pod was chosen. kube-scheduler asks only about nodes that pass its own filters.
fn chosen(record: Option<&Value>, node: &str, nodes: usize) -> String {
    let number = |value: &Value| value.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let asked = record.and_then(|record| record.get("asked")).map(number);
    let rejected = record.and_then(|record| record.get("refused")).and_then(Value::as_object);
    let rejected: usize = rejected.into_iter().flat_map(|rejected| rejected.values()).map(number).sum();
    match asked {
        None => format!("The pod is on {node}."),
        Some(asked) => {
            let fitting = asked.saturating_sub(rejected);
            let choice = match (asked, fitting) {
                (1, _) => "the only node that kube-scheduler asked about".to_owned(),
                (_, 0 | 1) => format!("the only one of {asked} nodes that fitted"),
                _ => format!("chosen from {fitting} nodes that fitted, of {asked}"),
            };
            let others = if asked < nodes { format!(" ({nodes} nodes exist now)") } else { String::new() };
            format!("The pod is on {node}, {choice}{others}.")
        }
    }
}

#[cfg(test)]
#[path = "tests/decide.rs"]
mod tests;
