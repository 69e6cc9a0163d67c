//! The share of one PE in the requests of its open-streams `Job`.
//!
//! `spec.resources` of the `Job` is for the whole job. The operator divides the limits by the number of PEs but copies
//! the requests to every PE. A job with n PEs then reserves n times its requests, and the API server rejects a pod whose
//! request exceeds its limit. A share is not below what the limit ranges of the namespace demand.

use super::candidate::Candidate;
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::{Kind, amount, written};
use super::resource_changes::{self, ResourceChange, permitted};
use crate::model::{NamespaceConstraints, RequestRange};

/// Resources that can be divided. Devices cannot.
const DIVISIBLE: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// Sets the share in each container of a pod of a `ProcessingElement`, if the container has the request of the job.
pub(super) fn share(
    patch: &mut PatchBuilder<'_>,
    candidate: &Candidate<'_>,
    constraints: Option<&NamespaceConstraints>,
) -> Result<(), Unpatchable> {
    // A later call changes no number: what equals the request of the job then was chosen for this PE.
    let job = candidate.job.filter(|_| !candidate.was_prepared);
    let Some((job, pes)) = job.and_then(|job| Some((job, job.pes?))) else { return Ok(()) };
    let mut changes = Vec::new();
    let containers = raw::list(patch.pod(), &["spec", "containers"]).iter().enumerate();
    for ((index, container), resource) in
        containers.flat_map(|container| DIVISIBLE.map(|resource| (container, resource)))
    {
        let Some(of_job) = job.requests.get(resource).and_then(|text| amount(resource, text)) else { continue };
        let read = |kind| written(container, kind, resource).and_then(|text| amount(resource, &text));
        // Another amount was chosen for this PE.
        if read(Kind::Request) != Some(of_job) {
            continue;
        }
        let limit = read(Kind::Limit);
        let least = constraints.map_or(1, |constraints| least(&constraints.container, resource, limit));
        let share = (of_job / u64::from(pes.get())).max(least).min(limit.unwrap_or(u64::MAX));
        if share < of_job {
            let text = if resource == "cpu" { format!("{share}m") } else { share.to_string() };
            changes.push(ResourceChange { container: index, kind: Kind::Request, resource: resource.into(), text });
        }
    }
    let (changes, violation) = permitted(patch.pod(), changes, constraints);
    if let Some(violation) = violation {
        patch.warn(&format!("requests of the job are not divided: {}", violation.rule));
    }
    resource_changes::apply(patch, changes)
}

/// The least request that limit ranges allow beside this limit: at least one unit.
fn least(range: &RequestRange, resource: &str, limit: Option<u64>) -> u64 {
    let units = |thousandths: u128| {
        let unit = if resource == "cpu" { 1 } else { 1_000 };
        u64::try_from(thousandths.div_ceil(unit)).unwrap_or(u64::MAX)
    };
    let minimum = range.min.get(resource).map_or(1, units);
    let ratio = range.max_limit_request_ratio.get(resource).zip(limit);
    let of_ratio = ratio.map_or(1, |(ratio, limit)| {
        let of_limit = u128::from(limit).saturating_mul(1_000).div_ceil(ratio.max(1));
        u64::try_from(of_limit).unwrap_or(u64::MAX)
    });
    minimum.max(of_ratio).max(1)
}

#[cfg(test)]
#[path = "tests/job_share.rs"]
mod tests;
