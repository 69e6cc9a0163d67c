//! The pods of a Job: as many at a time as its parallelism, until enough have succeeded.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::controller::{Controller, InvalidField};
use super::pods::{CreatedPods, count, is_active};
use super::template::{NewPod, PodNames, pod_of};

/// The key of a pod's completion index, as a label and as an annotation.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// The pods that the Job creates beside its `own`.
pub(super) fn created(
    job: Controller<'_>,
    template: &Map<String, Value>,
    own: &[&Value],
    names: &mut PodNames,
) -> Result<CreatedPods, InvalidField> {
    let note = if job.at("/spec/suspend") == Some(&Value::Bool(true)) {
        Some("is suspended, and creates no pod")
    } else if has_ended(job) {
        Some("has ended, and creates no pod")
    } else {
        None
    };
    if note.is_some() {
        return Ok(CreatedPods { note, ..CreatedPods::default() });
    }
    let parallelism = job.count("parallelism")?;
    let completions = job.count("completions")?;
    let at_a_time = parallelism.unwrap_or(1);
    let is_indexed = job.at("/spec/completionMode").and_then(Value::as_str) == Some("Indexed");
    if let Some(completions) = completions.filter(|_| is_indexed) {
        let indexes = missing_indexes(job, own, at_a_time, completions);
        let pod = |index| pod_of(job, template, NewPod { number: Some(index), ..names.next(job) });
        return Ok(CreatedPods { pods: indexes.into_iter().map(pod).collect(), ..CreatedPods::default() });
    }
    let succeeded = succeeded(job, own);
    let wanted = match (completions, parallelism) {
        (Some(completions), _) => completions.saturating_sub(succeeded),
        (None, None) => 1_u64.saturating_sub(succeeded),
        // Without a number of completions the first success ends the work: no pod is created after it.
        (None, Some(_)) if succeeded > 0 => 0,
        (None, Some(parallelism)) => parallelism,
    };
    let missing = at_a_time.min(wanted).saturating_sub(count(own));
    let pods = (0..missing).map(|_| pod_of(job, template, names.next(job))).collect();
    Ok(CreatedPods { pods, ..CreatedPods::default() })
}

/// True where a condition says that the Job creates no more pods.
fn has_ended(job: Controller<'_>) -> bool {
    let conditions = job.at("/status/conditions").and_then(Value::as_array);
    let text = |condition: &Value, member: &str| condition.get(member).and_then(Value::as_str).map(str::to_owned);
    let says_so = |condition: &Value| {
        let kind = text(condition, "type").unwrap_or_default();
        let is_final = ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"].contains(&kind.as_str());
        is_final && text(condition, "status").as_deref() == Some("True")
    };
    conditions.into_iter().flatten().any(says_so)
}

/// The number of pods that have succeeded. The status counts those too that are deleted by now.
fn succeeded(job: Controller<'_>, own: &[&Value]) -> u64 {
    let counted = job.at("/status/succeeded").and_then(Value::as_u64).unwrap_or(0);
    let seen = own.iter().filter(|pod| has_succeeded(pod)).count();
    counted.max(u64::try_from(seen).unwrap_or(u64::MAX))
}

fn has_succeeded(pod: &Value) -> bool {
    pod.pointer("/status/phase").and_then(Value::as_str) == Some("Succeeded")
}

/// The lowest indexes that have neither succeeded nor a pod, as many as may run beside the pods that there are.
fn missing_indexes(job: Controller<'_>, own: &[&Value], parallelism: u64, completions: u64) -> Vec<u64> {
    let done = job.at("/status/completedIndexes").and_then(Value::as_str).unwrap_or_default();
    let is_done = |index: u64| done.split(',').any(|range| covers(range, index));
    let taken: BTreeSet<u64> =
        own.iter().filter(|pod| is_active(pod) || has_succeeded(pod)).filter_map(|pod| index_of(pod)).collect();
    let free = (0..completions).filter(|index| !is_done(*index) && !taken.contains(index));
    let room = parallelism.saturating_sub(count(own));
    free.take(usize::try_from(room).unwrap_or(usize::MAX)).collect()
}

/// True where a range such as `3` or `3-5` has the index.
fn covers(range: &str, index: u64) -> bool {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let bounds = (first.trim().parse::<u64>(), last.trim().parse::<u64>());
    matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&index))
}

fn index_of(pod: &Value) -> Option<u64> {
    let metadata = pod.pointer("/metadata")?;
    let on = |member: &str| metadata.get(member)?.get(INDEX)?.as_str()?.parse().ok();
    on("annotations").or_else(|| on("labels"))
}
