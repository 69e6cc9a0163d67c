//! Requests and limits for application containers whose numbers nobody chose.
//!
//! | in the pod | request | limit |
//! |---|---|---|
//! | absent | the policy's | the policy's |
//! | filled in by a `LimitRange` | raised to the policy's, never lowered, never above the limit | kept |
//! | chosen | kept | kept |
//!
//! A chosen number is the user's, or that of another webhook such as the vertical pod autoscaler. A filled-in limit is
//! kept, because the `LimitRange` may allow no larger one. A filled-in request below the limit may be raised: that keeps
//! the minimum, the maximum and the ratio of any `LimitRange`. A limit without a request sets both: Kubernetes makes the
//! request equal to the limit before the API server calls the webhook.
//!
//! Numbers are decided once for each container. At a reinvocation only containers are sized that another webhook has
//! added since; the numbers of the others stay, whoever has changed or removed them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::limit_ranger::FilledIn;
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::{Kind, amount, pod_level, written};
use crate::model::keys;
use crate::policy::Sizing;

/// Sizes every application container that the policy names and that no earlier call has decided, and records the
/// containers that are decided.
pub(super) fn size(patch: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let sizing = &candidate.policy.sizing;
    let wanted: BTreeSet<&str> = sizing.requests.keys().chain(sizing.limits.keys()).map(String::as_str).collect();
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
    let changes = changes(patch.pod(), &undecided, &own, candidate);
    if !shared.is_empty() {
        let (resources, policy) = (shared.join(", "), &candidate.policy.name);
        patch.warn(&format!("spec.resources sets {resources}: that of policy `{policy}` is not applied"));
    }
    for (Container { index, name }, Change { kind, resource, text, note }) in changes {
        if let Some(note) = note {
            patch.warn(&format!("container `{name}`: {resource} {note}"));
        }
        if let Some(text) = text {
            let member = ["spec", "containers", &index.to_string(), "resources", kind.member(), &resource];
            patch.set(&member, Value::from(text))?;
        }
    }
    decided.extend(undecided.iter().map(|container| &*container.name));
    patch.set(&["metadata", "annotations", keys::SIZED_CONTAINERS], Value::from(decided.join(",")))
}

/// An application container.
struct Container {
    index: usize,
    name: Box<str>,
}

/// The changes to these containers, in these resources.
fn changes<'c>(
    pod: &Value,
    containers: &'c [Container],
    resources: &[&str],
    candidate: &Candidate<'_>,
) -> Vec<(&'c Container, Change)> {
    let sizing = &candidate.policy.sizing;
    let filled_in = FilledIn::read(pod, &candidate.annotations);
    let mut changes = Vec::new();
    for container in containers {
        let is_named = sizing.containers.is_empty() || sizing.containers.contains(&container.name);
        let raw = json::list(pod, &["spec", "containers"]).get(container.index).filter(|_| is_named);
        let numbers = raw
            .into_iter()
            .flat_map(|raw| resources.iter().map(|resource| Numbers::read(raw, resource, sizing, &filled_in)));
        changes.extend(numbers.flat_map(|numbers| numbers.changes()).map(|change| (container, change)));
    }
    changes
}

/// What becomes of a request or limit.
struct Change {
    kind: Kind,
    resource: String,
    /// The new number; `None` if the number in the pod is kept.
    text: Option<String>,
    /// The warning, if the number is not the policy's.
    note: Option<String>,
}

/// A request or limit as it is written, and as an amount.
#[derive(Clone, Copy)]
struct Number<'a> {
    text: &'a str,
    amount: u64,
}

impl<'a> Number<'a> {
    /// `None` if the text is no quantity. The API server rejects the pod; the text is not corrected.
    fn read(resource: &str, text: &'a str) -> Option<Self> {
        Some(Self { text, amount: amount(resource, text)? })
    }
}

/// The numbers of one resource in one container, and those of the policy.
struct Numbers<'a> {
    resource: &'a str,
    request: Option<Cow<'a, str>>,
    limit: Option<Cow<'a, str>>,
    request_is_filled_in: bool,
    limit_is_filled_in: bool,
    policy_request: Option<&'a str>,
    policy_limit: Option<&'a str>,
}

impl<'a> Numbers<'a> {
    fn read(container: &'a Value, resource: &'a str, sizing: &'a Sizing, filled_in: &FilledIn<'_>) -> Self {
        let name = json::text(container, &["name"]).unwrap_or_default();
        Self {
            resource,
            request: written(container, Kind::Request, resource),
            limit: written(container, Kind::Limit, resource),
            request_is_filled_in: filled_in.contains(name, Kind::Request, resource),
            limit_is_filled_in: filled_in.contains(name, Kind::Limit, resource),
            policy_request: sizing.requests.get(resource).map(|text| &**text),
            policy_limit: sizing.limits.get(resource).map(|text| &**text),
        }
    }
}

impl Numbers<'_> {
    /// The changes; none if a number cannot be read.
    fn changes(&self) -> Vec<Change> {
        self.decide().unwrap_or_default()
    }

    /// Decides the limit, then the request, which must not exceed the limit. `None` if a number cannot be read.
    fn decide(&self) -> Option<Vec<Change>> {
        let request = self.number(self.request.as_deref())?;
        let limit = self.number(self.limit.as_deref())?;
        let policy_request = self.number(self.policy_request)?;
        let policy_limit = self.number(self.policy_limit)?;
        let (limit_after, limit_note) = self.limit(request, limit, policy_limit);
        let may_change = if request.is_some() { self.request_is_filled_in } else { limit.is_none() };
        let policy_request = policy_request.filter(|_| may_change);
        let (request_after, request_note) = Self::request(policy_request, limit_after);
        let request_after = request_after.filter(|after| request.is_none_or(|before| before.amount < after.amount));
        let limit_after = limit_after.filter(|_| limit.is_none());
        let request_note = request_note.filter(|_| request_after.is_some());
        let change = |kind, after: Option<Number<'_>>, note| {
            let text = after.map(|after| after.text.to_owned());
            Change { kind, resource: self.resource.to_owned(), text, note }
        };
        let both = [change(Kind::Request, request_after, request_note), change(Kind::Limit, limit_after, limit_note)];
        Some(both.into_iter().filter(|change| change.text.is_some() || change.note.is_some()).collect())
    }

    /// The number that this text is; `None` if there is a text and the text is no quantity.
    #[expect(clippy::option_option, reason = "a text that cannot be read is not a text that is absent")]
    fn number<'t>(&self, text: Option<&'t str>) -> Option<Option<Number<'t>>> {
        text.map_or(Some(None), |text| Number::read(self.resource, text).map(Some))
    }

    /// The limit after sizing: that of the pod, or the policy's, which is raised to the request of the pod.
    ///
    /// Amounts are rounded to whole units. If the rounded amounts are equal, both get the same text, so that a fraction
    /// of a unit cannot put the request above the limit. The same holds for the request.
    fn limit<'t>(
        &self,
        request: Option<Number<'t>>,
        limit: Option<Number<'t>>,
        policy_limit: Option<Number<'t>>,
    ) -> (Option<Number<'t>>, Option<String>) {
        match (limit, policy_limit, request) {
            (Some(kept), Some(wanted), _) if self.limit_is_filled_in && kept.amount < wanted.amount => {
                let note = format!("limit `{}` of a LimitRange kept, not `{}` of the policy", kept.text, wanted.text);
                (limit, Some(note))
            }
            (None, Some(wanted), Some(kept)) if kept.amount >= wanted.amount => {
                let note = format!("limit of the policy raised to the request `{}`", kept.text);
                (request, (kept.amount > wanted.amount).then_some(note))
            }
            _ => (limit.or(policy_limit), None),
        }
    }

    /// The request of the policy, lowered to the limit.
    fn request<'t>(
        policy_request: Option<Number<'t>>,
        limit: Option<Number<'t>>,
    ) -> (Option<Number<'t>>, Option<String>) {
        match (policy_request, limit) {
            (Some(wanted), Some(limit)) if wanted.amount >= limit.amount => {
                let note = format!("request of the policy lowered to the limit `{}`", limit.text);
                (Some(limit), (wanted.amount > limit.amount).then_some(note))
            }
            _ => (policy_request, None),
        }
    }
}

#[cfg(test)]
#[path = "tests/sizing.rs"]
mod tests;
