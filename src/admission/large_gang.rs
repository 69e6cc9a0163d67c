//! A gang that is larger than its job: no PE of the job is ever placed, and engines give such a job up.

use super::candidate::Candidate;
use super::warnings::Warnings;
use crate::model::{Gang, keys};

/// Warns of a gang whose count exceeds the PEs that the `StreamJob` lists, or that the `Job` of open-streams counts.
pub(super) fn warn(candidate: &Candidate<'_>, warnings: &mut Warnings) {
    let Ok(Some(Gang::AtLeast(count))) = candidate.spec.as_ref().map(|spec| spec.gang) else { return };
    let listed = candidate.stream_job.map(|job| job.pes.len()).filter(|listed| *listed > 0);
    let counted = || candidate.job?.pes.and_then(|count| usize::try_from(count.get()).ok());
    let Some(known) = listed.or_else(counted) else { return };
    if usize::try_from(count.get()).is_ok_and(|count| count > known) {
        let key = keys::GANG;
        warnings.add(&format!("{key}: the job has {known} PEs, and no PE is placed before {count} exist"));
    }
}

#[cfg(test)]
#[path = "tests/large_gang.rs"]
mod tests;
