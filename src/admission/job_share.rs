//! The share of a PE in what its open-streams `Job` requests as a whole (legacy T22).
//!
//! `spec.resources` of the `Job` are those of the whole job. The operator divides the limits by the number of PEs, and
//! copies the requests to every PE: so many times too much is set aside, and a request may end above its limit, for
//! which the API server refuses the pod.

use serde_json::Value;

use super::candidate::Candidate;
use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::{Kind, amount, written};

/// What can be divided. Devices cannot.
const DIVISIBLE: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// Gives each container of a pod that belongs to a `ProcessingElement` its share, where it has the request of the job.
pub(super) fn share(draft: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let Some((job, pes)) = candidate.job.and_then(|job| Some((job, job.pes?))) else { return Ok(()) };
    let count = raw::list(draft.pod(), &["spec", "containers"]).len();
    for (index, resource) in (0..count).flat_map(|index| DIVISIBLE.map(|resource| (index, resource))) {
        let Some(of_job) = job.requests.get(resource).and_then(|text| amount(resource, text)) else { continue };
        let Some(container) = raw::list(draft.pod(), &["spec", "containers"]).get(index) else { continue };
        let read = |kind| written(container, kind, resource).and_then(|text| amount(resource, &text));
        // Another amount is one that somebody has chosen for the PE.
        if read(Kind::Request) != Some(of_job) {
            continue;
        }
        let share = (of_job / u64::from(pes.get())).max(1).min(read(Kind::Limit).unwrap_or(u64::MAX));
        if share < of_job {
            let text = if resource == "cpu" { format!("{share}m") } else { share.to_string() };
            let path = ["spec", "containers", &index.to_string(), "resources", Kind::Request.member(), resource];
            draft.set(&path, Value::from(text))?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests/job_share.rs"]
mod tests;
