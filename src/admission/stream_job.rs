//! A `StreamJob` whose PEs contradict each other is refused (legacy rule C9): the schema of the API server sees one PE
//! at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::candidate::bare;
use super::decide::Decision;
use super::outcome::SkipReason;
use super::text::one_line;
use super::warnings::Warnings;
use crate::api;
use crate::model::{Declarations, Labels, Namespace, Pe, PlacementSpec, StreamJob, keys};
use crate::placement::{bucket_groups, first_conflict, is_in_bucket};
use crate::policy::PolicySet;

/// Longest message of a refusal; it may quote the user's tokens.
const MOST_CHARACTERS: usize = 1_000;

/// What tells whether an object has anything new to say.
#[derive(Deserialize)]
struct PodMeta<'a> {
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
    metadata: Option<MetadataGlance<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataGlance<'a> {
    #[serde(borrow)]
    deletion_timestamp: Option<&'a RawValue>,
}

/// Checks a `StreamJob` that is about to be stored in the place of `before`.
pub(super) fn check(object: &RawValue, before: Option<&RawValue>, policies: &PolicySet) -> Decision {
    let not_read = || Decision::skipped(SkipReason::NotAStreamJobWrite, None);
    let Ok(written) = serde_json::from_str::<api::StreamJob>(object.get()) else { return not_read() };
    let (Some(namespace), Some(name)) = (&written.metadata.namespace, &written.metadata.name) else {
        return not_read();
    };
    let namespace = Namespace::from(namespace);
    let Some(policy) = policies.governing(namespace.as_str(), &labels(name, "")) else {
        return Decision::skipped(SkipReason::NoPolicy, None);
    };
    let allowed = Decision::unchanged(&policy.name, Warnings::default());
    // What was stored while nobody checked can still be labelled and deleted.
    if says_nothing_new(object, before) {
        return allowed;
    }
    let problem = match StreamJob::try_from(&written) {
        Ok(job) => invalid_spec(job, policies),
        Err(problem) => Some(problem.to_string()),
    };
    problem.map_or(allowed, |problem| Decision::denied(&policy.name, one_line(&problem, MOST_CHARACTERS)))
}

/// True where the object is on its way out, or its spec is that of before, written alike as the API server does.
fn says_nothing_new(object: &RawValue, before: Option<&RawValue>) -> bool {
    let Ok(now) = serde_json::from_str::<PodMeta<'_>>(object.get()) else { return false };
    let before = before.and_then(|before| serde_json::from_str::<PodMeta<'_>>(before.get()).ok());
    now.metadata.as_ref().is_some_and(|metadata| metadata.deletion_timestamp.is_some())
        || before.is_some_and(|before| before.spec.map(RawValue::get) == now.spec.map(RawValue::get))
}

/// How the PEs of a job contradict each other, or one itself, as far as the object says what they wish.
fn invalid_spec(job: StreamJob, policies: &PolicySet) -> Option<String> {
    let (id, names): (_, Vec<Arc<str>>) = (job.id.clone(), job.pes.keys().cloned().collect());
    let jobs = Arc::new(BTreeMap::from([(id.clone(), Arc::new(job))]));
    let declared = Declarations { jobs, ..Declarations::default() };
    let pe = |name: &Arc<str>| {
        let pod = bare(&id.namespace, name, labels(&id.name, name), Labels::default(), None);
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

/// The first two PEs of a bucket that cannot share a node.
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
