//! A `StreamJob` whose PEs contradict each other is refused (legacy rule C9): the schema of the API server sees one PE
//! at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::candidate::bare;
use super::decide::Decision;
use super::outcome::SkipReason;
use super::text::one_line;
use super::warnings::Warnings;
use crate::api;
use crate::model::{Declarations, Labels, Namespace, Pe, StreamJob, Wishes};
use crate::policy::{PolicySet, keys};

/// Longest message of a refusal; it may quote the user's tokens.
const MOST_CHARACTERS: usize = 1_000;

/// Checks a `StreamJob` that is about to be stored in the place of `before`.
pub(super) fn check(object: &RawValue, before: Option<&RawValue>, policies: &PolicySet) -> Decision {
    let not_read = || Decision::skipped(SkipReason::NotAStreamJobWrite, None);
    let Ok(written) = serde_json::from_str::<Value>(object.get()) else { return not_read() };
    let before = before.and_then(|before| serde_json::from_str::<Value>(before.get()).ok());
    // What was stored before this check, or by its absence, can still be labelled and deleted.
    let is_settled = before.is_some_and(|before| before.get("spec") == written.get("spec"))
        || written.pointer("/metadata/deletionTimestamp").is_some();
    let Ok(typed) = serde_json::from_value::<api::StreamJob>(written) else { return not_read() };
    let (Some(namespace), Some(name)) = (&typed.metadata.namespace, &typed.metadata.name) else { return not_read() };
    let namespace = Namespace::from(namespace);
    let Some(policy) = policies.governing(namespace.as_str(), &labels(name, "")) else {
        return Decision::skipped(SkipReason::NoPolicy, None);
    };
    let problem = match StreamJob::try_from(&typed) {
        Ok(job) => contradiction(job, policies),
        Err(problem) => Some(problem.to_string()),
    };
    match problem.filter(|_| !is_settled) {
        None => Decision::unchanged(&policy.name, Warnings::default()),
        Some(problem) => Decision::denied(&policy.name, one_line(&problem, MOST_CHARACTERS)),
    }
}

/// How the PEs of a job contradict each other, or one itself, as far as the object says what they wish.
fn contradiction(job: StreamJob, policies: &PolicySet) -> Option<String> {
    let (id, names): (_, Vec<Arc<str>>) = (job.id.clone(), job.pes.keys().cloned().collect());
    let jobs = Arc::new(BTreeMap::from([(id.clone(), Arc::new(job))]));
    let declared = Declarations { jobs, ..Declarations::default() };
    let pe = |name: &Arc<str>| {
        let pod = bare(&id.namespace, name, labels(&id.name, name), Labels::default(), None);
        policies.pe(&Arc::new(pod), &declared)
    };
    let pes: Vec<Pe> = names.iter().filter_map(pe).collect();
    if let Some(problem) = pes.iter().find_map(|pe| pe.wishes.as_ref().err()) {
        return Some(problem.to_string());
    }
    let mut left: Vec<(&str, &Wishes)> =
        pes.iter().filter_map(|pe| Some((&*pe.name, pe.wishes.as_deref().ok()?))).collect();
    let all = left.clone();
    while let Some((_, first)) = left.first() {
        let ties = first.reach(&all.iter().map(|(_, wishes)| *wishes));
        let (bucket, others): (Vec<_>, Vec<_>) = left.iter().skip(1).partition(|(_, wishes)| wishes.is_tied_by(&ties));
        let bucket: Vec<(&str, &Wishes)> = left.first().copied().into_iter().chain(bucket).collect();
        if let Some(problem) = within(&bucket) {
            return Some(problem);
        }
        left = others;
    }
    None
}

/// The first two PEs of a bucket that cannot share a node.
fn within(bucket: &[(&str, &Wishes)]) -> Option<String> {
    bucket.iter().enumerate().find_map(|(at, (name, wishes))| {
        let later = bucket.iter().skip(at + 1);
        let clash = |(other, theirs): &(&str, &Wishes)| {
            let clash = wishes.clash(theirs)?;
            Some(format!("spec.pes: PE {name}: {}; {}", clash.within_bucket(other), clash.remedy()))
        };
        later.clone().find_map(clash)
    })
}

fn labels(job: &str, pe: &str) -> Labels {
    [(keys::JOB, job), (keys::PE, pe)].into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
#[path = "tests/stream_job.rs"]
mod tests;
