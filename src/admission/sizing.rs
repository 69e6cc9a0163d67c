//! Requests and limits for application containers whose user chose none.
//!
//! A value is the user's unless the value is absent or a `LimitRange` has set it. The user's values are kept. The API
//! server rejects a pod whose request exceeds its limit, so a value of the policy is adjusted to the value that is kept.
//!
//! A limit without a request sets both: Kubernetes makes the request equal to the limit before the API server calls the
//! webhook.

use std::collections::BTreeSet;

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::limit_ranger::{ANNOTATION, Defaulted};
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::{Kind, amount, has_pod_level, written};
use crate::policy::Sizing;

/// Sizes every application container that the policy names.
pub(super) fn size(patch: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let sizing = &candidate.policy.sizing;
    if sizing.requests.is_empty() && sizing.limits.is_empty() {
        return Ok(());
    }
    if has_pod_level(patch.pod()) {
        // The user has chosen for the whole pod, and the API server rejects a container whose request exceeds the pod's.
        let policy = &candidate.policy.name;
        patch.warn(&format!("spec.resources is set: the resources of policy `{policy}` are not applied"));
        return Ok(());
    }
    let defaulted = Defaulted::read(candidate.annotations.get(ANNOTATION).unwrap_or_default());
    for (index, changes) in all_changes(patch.pod(), sizing, &defaulted) {
        for change in changes {
            if let Some(note) = &change.note {
                patch.warn(note);
            }
            let member = ["spec", "containers", &index, "resources", change.kind.member(), &change.resource];
            patch.set(&member, Value::from(change.text))?;
        }
    }
    Ok(())
}

/// A request or limit that gets another value.
struct Change {
    kind: Kind,
    resource: String,
    text: String,
    /// The warning, if the value is not the policy's.
    note: Option<String>,
}

fn all_changes(pod: &Value, sizing: &Sizing, defaulted: &Defaulted<'_>) -> Vec<(String, Vec<Change>)> {
    let resources: BTreeSet<&String> = sizing.requests.keys().chain(sizing.limits.keys()).collect();
    let mut all = Vec::new();
    for (index, container) in json::list(pod, &["spec", "containers"]).iter().enumerate() {
        let name = json::text(container, &["name"]).unwrap_or_default();
        if sizing.containers.is_empty() || sizing.containers.iter().any(|sized| **sized == *name) {
            let pairs = resources.iter().filter_map(|resource| Pair::read(container, resource, sizing, defaulted).ok());
            all.push((index.to_string(), pairs.flat_map(|pair| pair.changes(name)).collect()));
        }
    }
    all
}

/// A request or limit of a container after sizing.
struct Quantity {
    text: String,
    amount: u64,
    /// The amount before sizing.
    before: Option<u64>,
    /// True if the quantity is the policy's; otherwise the quantity is kept.
    from_policy: bool,
}

/// A text that is no quantity. The API server rejects the pod; the text is not corrected.
struct Unreadable;

impl Quantity {
    /// The quantity of the policy if the user chose none, otherwise the quantity in the pod.
    fn read(
        container: &Value,
        kind: Kind,
        resource: &str,
        sizing: &Sizing,
        defaulted: &Defaulted<'_>,
    ) -> Result<Option<Self>, Unreadable> {
        let read = |text: &str| amount(resource, text).ok_or(Unreadable);
        let written = written(container, kind, resource);
        let before = written.as_deref().map(read).transpose()?;
        let name = json::text(container, &["name"]).unwrap_or_default();
        let is_open = written.is_none() || defaulted.contains(name, kind, resource);
        let policy = match kind {
            Kind::Request => sizing.requests.get(resource),
            Kind::Limit => sizing.limits.get(resource),
        };
        let chosen = policy.filter(|_| is_open);
        let Some(text) = chosen.map(String::as_str).or(written.as_deref()) else { return Ok(None) };
        Ok(Some(Self { text: text.to_owned(), amount: read(text)?, before, from_policy: chosen.is_some() }))
    }
}

/// Request and limit of one resource in one container.
struct Pair<'a> {
    resource: &'a str,
    request: Option<Quantity>,
    limit: Option<Quantity>,
}

impl<'a> Pair<'a> {
    fn read(
        container: &Value,
        resource: &'a str,
        sizing: &Sizing,
        defaulted: &Defaulted<'_>,
    ) -> Result<Self, Unreadable> {
        let request = Quantity::read(container, Kind::Request, resource, sizing, defaulted)?;
        let limit = Quantity::read(container, Kind::Limit, resource, sizing, defaulted)?;
        let limit_sets_both = limit.as_ref().is_some_and(|limit| !limit.from_policy)
            && request.as_ref().is_none_or(|request| request.before.is_none());
        Ok(Self { resource, request: request.filter(|_| !limit_sets_both), limit })
    }

    fn changes(mut self, container: &str) -> Vec<Change> {
        let (request_note, limit_note) = self.reconcile(container);
        let change = |kind, quantity: Option<Quantity>, note| {
            let quantity =
                quantity.filter(|quantity| quantity.from_policy && quantity.before != Some(quantity.amount))?;
            Some(Change { kind, resource: self.resource.to_owned(), text: quantity.text, note })
        };
        let request = change(Kind::Request, self.request, request_note);
        let limit = change(Kind::Limit, self.limit, limit_note);
        request.into_iter().chain(limit).collect()
    }

    /// Adjusts the policy's request or limit so that the request does not exceed the limit. Returns the warnings.
    ///
    /// Amounts are rounded to whole units. If the rounded amounts are equal, both get the same text, so that a fraction
    /// of a unit cannot put the request above the limit.
    fn reconcile(&mut self, container: &str) -> (Option<String>, Option<String>) {
        let (Some(request), Some(limit)) = (&mut self.request, &mut self.limit) else { return (None, None) };
        if request.amount < limit.amount || !(request.from_policy || limit.from_policy) {
            return (None, None);
        }
        let differ = request.amount > limit.amount;
        let note = |what: &str, than: &str| {
            differ.then(|| format!("container `{container}`: {} {what} `{than}`", self.resource))
        };
        if request.from_policy {
            let note = note("request of the policy lowered to the limit", &limit.text);
            request.text.clone_from(&limit.text);
            request.amount = limit.amount;
            (note, None)
        } else {
            let note = note("limit of the policy raised to the request", &request.text);
            limit.text.clone_from(&request.text);
            limit.amount = request.amount;
            (None, note)
        }
    }
}

#[cfg(test)]
#[path = "tests/sizing.rs"]
mod tests;
