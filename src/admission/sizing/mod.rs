//! Requests and limits for application containers whose numbers nobody chose.
//!
//! | in the pod | request | limit |
//! |---|---|---|
//! | absent | that by demand, otherwise the policy's | the policy's |
//! | filled in by a `LimitRange` | raised to that by demand or the policy's, never lowered, never above the limit | kept |
//! | chosen | kept, unless the policy says `override` | kept |
//!
//! A chosen number is the user's, or that of another webhook such as the vertical pod autoscaler. A filled-in limit is
//! kept. What is written is within the minimum, the maximum and the ratio of every `LimitRange` of the namespace. A
//! `LimitRange` that fills in a number only after this webhook counts too: the container of another webhook has not been
//! seen by the plugin. Where the sums of the pod would break a `LimitRange`, or a `ResourceQuota` would demand what a
//! container lacks, the resource stays as it is.
//!
//! Numbers are decided once for each container. At a reinvocation only containers are sized that another webhook has
//! added since; the numbers of the others stay, whoever has changed or removed them.

mod demanded;
mod number;
mod numbers;

use std::collections::BTreeSet;

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::limit_ranger::FilledIn;
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::{Kind, is_huge_page, pod_level};
use super::resource_changes::{self, ResourceChange, permitted};
use crate::model::{NamespaceConstraints, OfResources, ResourceDecision, keys};
use demanded::{demanded, main_container};
use numbers::{Numbers, Outcome, Sources};

/// The annotation that names the container that `kubectl` takes by default: webhooks that add containers write it.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Sizes every application container that the policy names and that no earlier call has decided, and records the
/// containers that are decided.
pub(super) fn size(
    patch: &mut PatchBuilder<'_>,
    candidate: &Candidate<'_>,
    constraints: Option<&NamespaceConstraints>,
) -> Result<(), Unpatchable> {
    let sizing = &candidate.policy.sizing;
    let by_demand = ["cpu", "memory"].into_iter().filter(|_| sizing.demand.is_some());
    let wanted: BTreeSet<&str> =
        sizing.requests.keys().chain(sizing.limits.keys()).map(String::as_str).chain(by_demand).collect();
    let recorded = candidate.annotations.get(keys::SIZED_CONTAINERS).filter(|_| candidate.was_prepared);
    let mut decided: Vec<&str> = recorded.unwrap_or_default().split(',').filter(|name| !name.is_empty()).collect();
    let known: BTreeSet<&str> = decided.iter().copied().collect();
    let containers = json::list(patch.pod(), &["spec", "containers"]).iter().enumerate();
    let undecided: Vec<Container> = containers
        .map(|(index, container)| Container {
            index,
            name: json::text(container, &["name"]).unwrap_or_default().into(),
        })
        .filter(|container| !known.contains(&*container.name))
        .collect();
    if wanted.is_empty() || undecided.is_empty() {
        return Ok(());
    }
    let pod_level = pod_level(patch.pod());
    let (shared, own): (Vec<&str>, Vec<&str>) = wanted.into_iter().partition(|resource| pod_level.contains(resource));
    let sized = sized(patch.pod(), &undecided, &own, candidate, constraints);
    if !shared.is_empty() {
        let (resources, policy) = (shared.join(", "), &candidate.policy.name);
        patch.warn(&format!("spec.resources sets {resources}: that of policy `{policy}` is not applied"));
    }
    let accounts = write(patch, sized, candidate, constraints)?;
    decided.extend(undecided.iter().map(|container| &*container.name));
    patch.set(&["metadata", "annotations", keys::SIZED_CONTAINERS], Value::from(decided.join(",")))?;
    if accounts.is_empty() {
        return Ok(());
    }
    let before = candidate.annotations.get(keys::RESOURCES).filter(|_| candidate.was_prepared).unwrap_or_default();
    let text = ResourceDecision::annotation(before, &accounts);
    patch.set(&["metadata", "annotations", keys::RESOURCES], Value::from(text))
}

/// An application container.
struct Container {
    index: usize,
    name: Box<str>,
}

/// A resource of a container, and what becomes of its numbers.
struct Sized<'c> {
    container: &'c Container,
    outcome: Outcome,
}

/// What becomes of these containers, in these resources.
fn sized<'c>(
    pod: &Value,
    containers: &'c [Container],
    resources: &[&str],
    candidate: &Candidate<'_>,
    constraints: Option<&NamespaceConstraints>,
) -> Vec<Sized<'c>> {
    let sizing = &candidate.policy.sizing;
    let filled_in = FilledIn::read(pod, &candidate.annotations);
    let sources = Sources {
        sizing,
        filled_in: &filled_in,
        range: constraints.map(|constraints| &constraints.container).filter(|range| !range.is_empty()),
        is_autoscaled: filled_in.is_autoscaled(),
    };
    let main =
        sizing.demand.as_ref().and_then(|_| main_container(pod, sizing, candidate.annotations.get(DEFAULT_CONTAINER)));
    let demand = main.map(|main| demanded(pod, main, sizing, &candidate.demand)).unwrap_or_default();
    let mut sized = Vec::new();
    for container in containers.iter().filter(|container| sizing.names(&container.name)) {
        let Some(raw) = json::list(pod, &["spec", "containers"]).get(container.index) else { continue };
        let is_main = main.is_some_and(|(index, _)| index == container.index);
        let demand = if is_main { demand } else { OfResources::default() };
        let outcomes = resources.iter().filter_map(|resource| {
            let demand = match *resource {
                "cpu" => demand.cpu,
                "memory" => demand.memory,
                _ => None,
            };
            Some(Numbers::read(raw, resource, demand, sources)?.decide())
        });
        let mut outcomes: Vec<Outcome> = outcomes.collect();
        if !outcomes.iter().any(Outcome::has_cpu_or_memory) && !has_cpu_or_memory(raw) {
            // The API server rejects a container that has huge pages and neither CPU nor memory.
            outcomes.retain(|outcome| !is_huge_page(&outcome.decision.resource));
        }
        sized.extend(outcomes.into_iter().map(|outcome| Sized { container, outcome }));
    }
    sized
}

/// True for a container with a request or limit of CPU or memory.
fn has_cpu_or_memory(container: &Value) -> bool {
    let has = |kind: Kind, resource| json::get(container, &["resources", kind.member(), resource]).is_some();
    [Kind::Request, Kind::Limit].into_iter().any(|kind| has(kind, "cpu") || has(kind, "memory"))
}

/// Writes what the API server accepts, and warns of the rest. Returns the accounts that the pod needs.
fn write(
    patch: &mut PatchBuilder<'_>,
    mut sized: Vec<Sized<'_>>,
    candidate: &Candidate<'_>,
    constraints: Option<&NamespaceConstraints>,
) -> Result<Vec<ResourceDecision>, Unpatchable> {
    let changes = sized.iter().flat_map(|Sized { container, outcome }| {
        let change = |kind, text: &Option<String>| {
            let text = text.clone()?;
            Some(ResourceChange { container: container.index, kind, resource: outcome.decision.resource.clone(), text })
        };
        [change(Kind::Request, &outcome.request), change(Kind::Limit, &outcome.limit)].into_iter().flatten()
    });
    let (changes, violation) = permitted(patch.pod(), changes.collect(), constraints);
    if let Some(violation) = violation {
        patch.warn(&format!("resources of policy `{}` left out: {}", candidate.policy.name, violation.rule));
    }
    let permitted: BTreeSet<Box<str>> = changes.iter().map(|change| change.resource.clone()).collect();
    for Sized { container, outcome } in &mut sized {
        let resource = &outcome.decision.resource;
        if outcome.is_changed() && !permitted.contains(resource) {
            outcome.leave();
            continue;
        }
        for note in &outcome.notes {
            patch.warn(&format!("container `{}`: {resource} {note}", container.name));
        }
    }
    resource_changes::apply(patch, changes)?;
    let by_demand = candidate.policy.sizing.demand.is_some();
    let decisions = sized.into_iter().map(|sized| sized.outcome.decision);
    Ok(decisions.filter(|decision| by_demand || decision.needs_explanation()).collect())
}

#[cfg(test)]
#[path = "tests/sizing.rs"]
mod tests;
