//! Wishes that cannot be met: said at once, and denied where the policy says so (`docs/placement.md`).

use super::candidate::Candidate;
use super::text::one_line;
use super::warnings::Warnings;
use crate::model::{HostChoice, Pools, keys};
use crate::policy::OnConflict;

/// Longest message of a denial; it may quote the user's annotations.
const MOST_CHARACTERS: usize = 1_000;

/// Why the pod is to be denied, if it is.
pub(super) fn denial(candidate: &Candidate<'_>) -> Option<String> {
    let invalid_spec = candidate.spec.as_ref().err()?;
    match candidate.policy.on_conflict {
        OnConflict::Warn => None,
        OnConflict::Deny => Some(one_line(&invalid_spec.to_string(), MOST_CHARACTERS)),
    }
}

/// Warns of wishes that contradict each other or cannot be read: placement will refuse the pod.
pub(super) fn warn(candidate: &Candidate<'_>, warnings: &mut Warnings) {
    if let Err(invalid_spec) = &candidate.spec {
        warnings.add(&invalid_spec.to_string());
    }
}

/// Warns of keys that have no effect, or not yet.
pub(super) fn warn_of_no_effect(candidate: &Candidate<'_>, pools: &Pools, warnings: &mut Warnings) {
    if let Some(value) = candidate.value(keys::INJECT).filter(|value| !matches!(*value, "true" | "false")) {
        let value = one_line(value, 20);
        warnings.add(&format!("{}: `{value}` is neither `true` nor `false`; ignored", keys::INJECT));
    }
    if let Ok(HostChoice::Pool(id)) = candidate.spec.as_ref().map(|spec| &spec.hosts)
        && !pools.contains_key(id)
    {
        warnings.add(&format!("{}: there is no HostPool `{id}` yet; the pod waits for it", keys::HOST_POOL));
    }
}
