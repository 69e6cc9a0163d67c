//! The check of a `StreamJob`: a job whose PEs contradict each other is denied. The schema in the CRD checks one PE at a
//! time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::candidate::unplaced_pod;
use super::decision::{Decision, DenialReason};
use super::decode::StreamJobWrite;
use super::skip_reason::SkipReason;
use super::text::one_line;
use super::warnings::Warnings;
use crate::api;
use crate::model::{Declarations, Labels, Namespace, Pe, PlacementSpec, StreamJob, keys};
use crate::placement::{bucket_groups, first_conflict, is_in_bucket};
use crate::policy::PolicySet;

/// The longest message of a denial. The message may quote tokens of the job.
const MOST_CHARACTERS: usize = 1_000;

/// The parts of a job that tell whether its spec changes.
#[derive(Deserialize)]
struct SpecAndMetadata<'a> {
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
    metadata: Option<DeletionMetadata<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeletionMetadata<'a> {
    #[serde(borrow)]
    deletion_timestamp: Option<&'a RawValue>,
}

/// Checks a `StreamJob` that is about to be stored.
pub(super) fn check(write: StreamJobWrite<'_>, policies: &PolicySet) -> Decision {
    let not_read = || Decision::skip(SkipReason::NotAStreamJobWrite, None);
    let Ok(written) = serde_json::from_str::<api::StreamJob>(write.object.get()) else { return not_read() };
    let (Some(namespace), Some(name)) = (&written.metadata.namespace, &written.metadata.name) else {
        return not_read();
    };
    let namespace = Namespace::from(namespace);
    let Some(policy) = policies.governing(namespace.as_str(), &labels(name, "")) else {
        return Decision::skip(SkipReason::NoPolicy, None);
    };
    let allowed = Decision::allow_unchanged(&policy.name, Warnings::default());
    // A job that was stored while the webhook did not answer can still be labelled and deleted.
    if keeps_its_spec(write) {
        return allowed;
    }
    let problem = match StreamJob::try_from(&written) {
        Ok(job) => invalid_spec(job, policies),
        Err(problem) => Some(problem.to_string()),
    };
    problem.map_or(allowed, |problem| {
        Decision::deny(&policy.name, DenialReason::InvalidPlacement, one_line(&problem, MOST_CHARACTERS))
    })
}

/// True if the job is being deleted, or its spec is the stored spec. The API server serializes equal specs to equal text.
fn keeps_its_spec(write: StreamJobWrite<'_>) -> bool {
    let Ok(now) = serde_json::from_str::<SpecAndMetadata<'_>>(write.object.get()) else { return false };
    let before = write.old_object.and_then(|before| serde_json::from_str::<SpecAndMetadata<'_>>(before.get()).ok());
    now.metadata.as_ref().is_some_and(|metadata| metadata.deletion_timestamp.is_some())
        || before.is_some_and(|before| before.spec.map(RawValue::get) == now.spec.map(RawValue::get))
}

/// The first contradiction within a placement spec of the job, or between the placement specs of two of its PEs.
fn invalid_spec(job: StreamJob, policies: &PolicySet) -> Option<String> {
    let (id, names): (_, Vec<Arc<str>>) = (job.id.clone(), job.pes.keys().cloned().collect());
    let jobs = Arc::new(BTreeMap::from([(id.clone(), Arc::new(job))]));
    let declared = Declarations { jobs, ..Declarations::default() };
    let pe = |name: &Arc<str>| {
        let pod = unplaced_pod(&id.namespace, name, labels(&id.name, name), Labels::default(), None);
        policies.pe(&Arc::new(pod), &declared)
    };
    let pes: Vec<Pe> = names.iter().filter_map(pe).collect();
    if let Some(problem) = pes.iter().find_map(|pe| pe.spec.as_ref().err()) {
        return Some(problem.to_string());
    }
    let mut left: Vec<(&str, &PlacementSpec)> =
        pes.iter().filter_map(|pe| Some((&*pe.name, pe.spec.as_deref().ok()?))).collect();
    let all = left.clone();
    while let Some((_, first)) = left.first() {
        let ties = bucket_groups(first, &all.iter().map(|(_, spec)| *spec));
        let (bucket, others): (Vec<_>, Vec<_>) = left.iter().skip(1).partition(|(_, spec)| is_in_bucket(spec, &ties));
        let bucket: Vec<(&str, &PlacementSpec)> = left.first().copied().into_iter().chain(bucket).collect();
        if let Some(problem) = within(&bucket) {
            return Some(problem);
        }
        left = others;
    }
    None
}

/// The message for the first two PEs of a bucket that cannot share a node.
fn within(bucket: &[(&str, &PlacementSpec)]) -> Option<String> {
    let (names, spec): (Vec<&str>, Vec<&PlacementSpec>) = bucket.iter().copied().unzip();
    let (first, later, conflict) = first_conflict(&spec)?;
    let [name, other] = [names.get(first)?, names.get(later)?];
    Some(format!("spec.pes: PE {name}: {}; {}", conflict.within_bucket(other), conflict.remedy()))
}

fn labels(job: &str, pe: &str) -> Labels {
    [(keys::JOB, job), (keys::PE, pe)].into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
#[path = "tests/stream_job.rs"]
mod tests;
