//! The share of one PE in the requests of its open-streams `Job`.
//!
//! `spec.resources` of the `Job` is for the whole job. The operator divides the limits by the number of PEs but copies
//! the requests to every PE. A job with n PEs then reserves n times its requests, and the API server rejects a pod whose
//! request exceeds its limit.

use serde_json::Value;

use super::candidate::Candidate;
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::{Kind, amount, written};

/// Resources that can be divided. Devices cannot.
const DIVISIBLE: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// Sets the share in each container of a pod of a `ProcessingElement`, if the container has the request of the job.
pub(super) fn share(patch: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    // A later call changes no number: what equals the request of the job then was chosen for this PE.
    let job = candidate.job.filter(|_| !candidate.was_prepared);
    let Some((job, pes)) = job.and_then(|job| Some((job, job.pes?))) else { return Ok(()) };
    let count = raw::list(patch.pod(), &["spec", "containers"]).len();
    for (index, resource) in (0..count).flat_map(|index| DIVISIBLE.map(|resource| (index, resource))) {
        let Some(of_job) = job.requests.get(resource).and_then(|text| amount(resource, text)) else { continue };
        let Some(container) = raw::list(patch.pod(), &["spec", "containers"]).get(index) else { continue };
        let read = |kind| written(container, kind, resource).and_then(|text| amount(resource, &text));
        // Another amount was chosen for this PE.
        if read(Kind::Request) != Some(of_job) {
            continue;
        }
        let share = (of_job / u64::from(pes.get())).max(1).min(read(Kind::Limit).unwrap_or(u64::MAX));
        if share < of_job {
            let text = if resource == "cpu" { format!("{share}m") } else { share.to_string() };
            let member = ["spec", "containers", &index.to_string(), "resources", Kind::Request.member(), resource];
            patch.set(&member, Value::from(text))?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests/job_share.rs"]
mod tests;
