//! Requests and limits for application containers, where their user chose none.
//!
//! A value is the user's unless it is absent or a `LimitRange` filled it in. The user's values stay. Afterwards no
//! request is above its limit: ours gives way to what was there, since the API server would refuse the pod.
//!
//! A limit without a request is the user's word on both: Kubernetes makes the request equal to it, and has done so
//! before a pod comes here from the API server.

use std::collections::BTreeSet;

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::limit_ranger::{ANNOTATION, Defaulted};
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::{Kind, amount, has_pod_level, written};
use crate::policy::Sizing;

/// Sizes every application container that the policy names.
pub(super) fn size(draft: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let sizing = &candidate.policy.sizing;
    if sizing.requests.is_empty() && sizing.limits.is_empty() {
        return Ok(());
    }
    if has_pod_level(draft.pod()) {
        // Whoever sizes the pod as a whole has chosen: a container's request may not even exceed the pod's.
        let policy = &candidate.policy.name;
        draft.warn(&format!("spec.resources is set: the resources of policy `{policy}` are not applied"));
        return Ok(());
    }
    let defaulted = Defaulted::read(candidate.annotations.get(ANNOTATION).unwrap_or_default());
    for (index, changes) in all_changes(draft.pod(), sizing, &defaulted) {
        for change in changes {
            if let Some(note) = &change.note {
                draft.warn(note);
            }
            let path = ["spec", "containers", &index, "resources", change.kind.member(), &change.resource];
            draft.set(&path, Value::from(change.text))?;
        }
    }
    Ok(())
}

/// One request or limit that gets another value.
struct Change {
    kind: Kind,
    resource: String,
    text: String,
    /// Why it is not the policy's value.
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

/// A quantity of a container, as it will be.
struct Quantity {
    text: String,
    amount: u64,
    /// What stands there now.
    before: Option<u64>,
    /// From the policy; otherwise it was there and stays.
    ours: bool,
}

/// A text that is no quantity: the API server refuses the pod, and it is not ours to amend.
struct Unreadable;

impl Quantity {
    /// The policy's where the user chose none, else what is written.
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
        let ours = policy.filter(|_| is_open);
        let Some(text) = ours.map(String::as_str).or(written.as_deref()) else { return Ok(None) };
        Ok(Some(Self { text: text.to_owned(), amount: read(text)?, before, ours: ours.is_some() }))
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
        let limit_speaks_for_both = limit.as_ref().is_some_and(|limit| !limit.ours)
            && request.as_ref().is_none_or(|request| request.before.is_none());
        Ok(Self { resource, request: request.filter(|_| !limit_speaks_for_both), limit })
    }

    fn changes(mut self, container: &str) -> Vec<Change> {
        let (request_note, limit_note) = self.reconcile(container);
        let change = |kind, quantity: Option<Quantity>, note| {
            let quantity = quantity.filter(|quantity| quantity.ours && quantity.before != Some(quantity.amount))?;
            Some(Change { kind, resource: self.resource.to_owned(), text: quantity.text, note })
        };
        let request = change(Kind::Request, self.request, request_note);
        let limit = change(Kind::Limit, self.limit, limit_note);
        request.into_iter().chain(limit).collect()
    }

    /// Lets ours give way, and says so.
    ///
    /// Amounts are rounded to whole units; where they come out equal the same text is used, so that a remainder below
    /// one unit cannot put a request above its limit.
    fn reconcile(&mut self, container: &str) -> (Option<String>, Option<String>) {
        let (Some(request), Some(limit)) = (&mut self.request, &mut self.limit) else { return (None, None) };
        if request.amount < limit.amount || !(request.ours || limit.ours) {
            return (None, None);
        }
        let differ = request.amount > limit.amount;
        let note = |what: &str, than: &str| {
            differ.then(|| format!("container `{container}`: {} {what} `{than}`", self.resource))
        };
        if request.ours {
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
