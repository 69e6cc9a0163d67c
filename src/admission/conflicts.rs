//! Placement specs that are invalid or have no effect: the user gets a warning, or the pod is denied, by the policy.

use super::candidate::Candidate;
use super::text::one_line;
use super::warnings::Warnings;
use crate::model::{HostChoice, Pools, keys};
use crate::policy::OnConflict;

/// The longest message of a denial. The message may quote annotations of the pod.
const MOST_CHARACTERS: usize = 1_000;

/// The message of the denial; `None` if the placement spec is valid or the policy only warns.
pub(super) fn denial(candidate: &Candidate<'_>) -> Option<String> {
    let invalid_spec = candidate.spec.as_ref().err()?;
    match candidate.policy.on_conflict {
        OnConflict::Warn => None,
        OnConflict::Deny => Some(one_line(&invalid_spec.to_string(), MOST_CHARACTERS)),
    }
}

/// Warns of an invalid placement spec: the extender rejects the pod on every node.
pub(super) fn warn(candidate: &Candidate<'_>, warnings: &mut Warnings) {
    if let Err(invalid_spec) = &candidate.spec {
        warnings.add(&invalid_spec.to_string());
    }
}

/// Warns of a value that has no effect, and of a `HostPool` that does not exist.
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
