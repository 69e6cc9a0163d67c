//! From a pod and a snapshot to what is said of it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod as PodManifest;
use serde_json::Value;

use super::explanation::{Candidate, Explanation, RejectionWithRemedy, Source, State, Wish};
use crate::model::{NodeName, Pe, Pod, PodPhase, Reason, Rejection, keys, rounded};
use crate::placement::{Decision, Foresight, plan_gang};
use crate::policy::{EffectiveValue, PolicySet};
use crate::state::{Cluster, NodeIndex, Snapshot};

/// The version of the form.
const VERSION: u8 = 1;
/// Nodes that are told in full.
pub const MOST_CANDIDATES: usize = 3;

/// A pod, and what is known of it beside.
#[derive(Debug)]
pub struct Subject {
    pod: Arc<Pod>,
    /// The PE that it is, where a policy governs it.
    pe: Option<Arc<Pe>>,
    /// Where it is bound, as long as the API server does not show it.
    assumed: Option<NodeName>,
    /// True where its owner is gone.
    is_orphan: bool,
}

impl Subject {
    /// What a cluster knows of a pod.
    #[must_use]
    pub fn of(pod: &Arc<Pod>, cluster: &Cluster) -> Self {
        let uid = pod.key.uid.as_str();
        Self {
            pod: Arc::clone(pod),
            pe: cluster.pod(uid).and_then(|(_, pe)| pe.cloned()),
            assumed: cluster.assumed(uid).cloned(),
            is_orphan: cluster.is_orphan(pod),
        }
    }
}

/// What is said of a pod.
#[must_use]
pub fn explain(subject: &Subject, snapshot: &Snapshot, policies: &PolicySet) -> Explanation {
    let Subject { pod, is_orphan, .. } = subject;
    let (pe, assumed) = (subject.pe.as_ref(), subject.assumed.as_ref());
    let state = match (pod.phase, &pod.node) {
        (PodPhase::Finished, _) => State::Finished,
        (PodPhase::Leaving, _) => State::Leaving,
        (PodPhase::Active, _) if *is_orphan => State::Leaving,
        (PodPhase::Active, Some(_)) => State::Placed,
        (PodPhase::Active, None) if assumed.is_some() => State::Placing,
        (PodPhase::Active, None) => State::Waiting,
    };
    let record = pod.annotations.get(keys::PLACEMENT).and_then(|record| serde_json::from_str(record).ok());
    let mut explanation = Explanation {
        version: VERSION,
        pod: pod.key.to_string(),
        source: Source::Extender,
        state,
        summary: String::new(),
        policy: pe.map(|pe| pe.policy.to_string()),
        job: pe.map(|pe| pe.job.to_string()),
        pe: pe.map(|pe| pe.name.to_string()),
        declared: declared(policies.effective_values(pod, snapshot.declared())),
        unclear: policies.field_problems(pod, snapshot.declared()),
        parallel_regions: pe.map(|pe| pe.parallel_regions(snapshot.declared())).unwrap_or_default(),
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
    if let (Some(pe), State::Placed | State::Placing | State::Waiting) = (pe, state) {
        match explanation.node.as_deref().and_then(|name| snapshot.find(name)) {
            None => explain_nodes(&mut explanation, pe, None, snapshot),
            Some(own) => {
                let mut without = snapshot.clone();
                without.displace(pe, own);
                explain_nodes(&mut explanation, pe, Some(own), &without);
            }
        }
    }
    explanation.summary = match &pod.owner {
        Some(owner) if *is_orphan && pod.phase == PodPhase::Active => {
            format!("Its owner {} is gone: it is going to be deleted.", owner.name)
        }
        Some(_) | None => summary(&explanation),
    };
    explanation
}

fn declared(effective: Vec<EffectiveValue>) -> Vec<Wish> {
    let declared = |EffectiveValue { key, value, object }| Some(Wish { key: str::to_owned(key), value, by: object? });
    effective.into_iter().filter_map(declared).collect()
}

/// Explains every node but the one that the PE is on.
fn explain_nodes(explanation: &mut Explanation, pe: &Arc<Pe>, own: Option<NodeIndex>, snapshot: &Snapshot) {
    // A placed PE has come through its gang.
    let foresight = if own.is_some() { Foresight::Pending } else { Foresight::Gang(plan_gang(pe, snapshot)) };
    let decision = Decision::new(pe, snapshot, foresight);
    if let Some(rejection) = decision.rejection_of_every_node() {
        explanation.problem = Some(RejectionWithRemedy::of(rejection));
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
    // Fewest rules broken; of these the one whose first rule comes last, for it has passed the most.
    rejected.sort_by_key(|(_, name, rejections)| {
        (rejections.len(), Reverse(rejections.first().map(Rejection::reason)), *name)
    });
    explanation.here = own.and_then(|own| candidate(&decision, own, &decision.rejections(own)));
    let here = explanation.here.as_ref();
    let best = decision.rank(&passing).into_iter();
    let best = best.map(|ranked| (ranked.node, &[][..]));
    let nearest = rejected.iter().map(|(index, _, rejections)| (*index, rejections.as_slice()));
    let nearest = best.chain(nearest).take(MOST_CANDIDATES);
    let nearest: Vec<Candidate> = nearest
        .filter_map(|(index, rejections)| candidate(&decision, index, rejections))
        .map(|other| Candidate { behind: here.and_then(|here| behind(&other, here)), ..other })
        .collect();
    explanation.nearest = nearest;
}

fn candidate(decision: &Decision<'_>, node: NodeIndex, rejections: &[Rejection]) -> Option<Candidate> {
    let ranked = decision.rank(&[node]).into_iter().next()?;
    Some(Candidate {
        node: ranked.name.to_string(),
        crowding: rounded(ranked.terms.crowding),
        risk: rounded(ranked.terms.risk),
        behind: None,
        lacks: rejections.iter().map(RejectionWithRemedy::of).collect(),
    })
}

/// In what a node that would do is behind the one that the pod is on.
fn behind(other: &Candidate, here: &Candidate) -> Option<String> {
    let more =
        |what: &str, own: f64, than: f64| (own > than).then(|| format!("{what}: {own}, {} has {than}", here.node));
    let crowding = more("more PEs per core", other.crowding, here.crowding);
    let risk = more("a higher risk by limits", other.risk, here.risk);
    let found: Vec<String> = crowding.into_iter().chain(risk).collect();
    (other.lacks.is_empty() && !found.is_empty()).then(|| found.join("; "))
}

/// What the pod itself says, as the API server has it: where no extender can be asked.
#[must_use]
pub fn recorded(pod: &PodManifest) -> Explanation {
    let metadata = &pod.metadata;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let annotation = |key: &str| metadata.annotations.as_ref().and_then(|all| all.get(key)).cloned();
    let record: Option<Value> = annotation(keys::PLACEMENT).and_then(|record| serde_json::from_str(&record).ok());
    let of_record = |field: &str| Some(record.as_ref()?.get(field)?.as_str()?.to_owned());
    let spec_node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).filter(|name| !name.is_empty());
    let status = pod.status.as_ref();
    let state = match status.and_then(|status| status.phase.as_deref()) {
        Some("Succeeded" | "Failed") => State::Finished,
        _ if metadata.deletion_timestamp.is_some() => State::Leaving,
        _ if spec_node.is_some() => State::Placed,
        _ => State::Waiting,
    };
    let scheduled = status.and_then(|status| status.conditions.as_ref()).and_then(|conditions| {
        conditions.iter().find(|condition| condition.type_ == "PodScheduled" && condition.status != "True")
    });
    let mut explanation = Explanation {
        version: VERSION,
        pod: format!("{}/{}", text(&metadata.namespace), text(&metadata.name)),
        source: Source::Pod,
        state,
        summary: String::new(),
        policy: annotation(keys::POLICY).or_else(|| of_record("policy")),
        job: of_record("job"),
        pe: of_record("pe"),
        declared: Vec::new(),
        unclear: Vec::new(),
        parallel_regions: BTreeMap::new(),
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
        State::Finished => "It has run to its end.".to_owned(),
        State::Leaving => "It is being deleted.".to_owned(),
        State::Placed | State::Waiting if !ours => {
            let place = if node.is_empty() { "It waits".to_owned() } else { format!("It is on {node}") };
            format!("{place}. No policy governs it: kube-scheduler places it, and no rule of Outrigger applies.")
        }
        State::Placed if explanation.record.is_none() => {
            format!("It is on {node}, without a record: it was not placed by Outrigger.")
        }
        State::Placed => chosen(explanation.record.as_ref(), node),
        State::Placing => format!("It is bound to {node}; the API server does not show it yet."),
        State::Waiting if explanation.source == Source::Pod => "It waits.".to_owned(),
        State::Waiting if explanation.problem.is_some() => "It waits: no node can be right for it.".to_owned(),
        State::Waiting if *passing == 0 => format!("It waits: none of {nodes} nodes fits."),
        State::Waiting => format!(
            "It waits, although {passing} of {nodes} nodes fit: kube-scheduler has yet to try again, or one of its own \
             rules speaks against them (volumes, pod affinity, topology spread, gates)."
        ),
    }
}

fn chosen(record: Option<&Value>, node: &str) -> String {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let asked = record.and_then(|record| record.get("asked")).map(number);
    let rejected = record.and_then(|record| record.get("refused")).and_then(Value::as_object);
    let rejected: u64 = rejected.into_iter().flat_map(|rejected| rejected.values()).map(number).sum();
    match asked {
        None => format!("It is on {node}."),
        Some(asked) => match asked.saturating_sub(rejected) {
            0 | 1 => format!("It is on {node}, the only one of {asked} nodes that fitted."),
            left => format!("It is on {node}, chosen from {left} of {asked} nodes that fitted."),
        },
    }
}

#[cfg(test)]
#[path = "tests/decide.rs"]
mod tests;
