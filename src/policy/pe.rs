//! The PE that a pod is: its identity, and its placement spec.

use std::sync::Arc;

use serde::Deserialize;

use super::spec::{self, EffectiveValue, SpecSources};
use super::{Dialect, Identity, PolicySet, StreamPolicy};
use crate::model::{
    Declarations, Declared, DeclaredPe, ObjectId, OpenStreams, OpenStreamsObject as _, Pe, Pod, StreamJobVersion, keys,
};

/// The label by which a `StatefulSet` numbers its pods: the name of such a pod outlives the pod.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// What the PE of a pod is read from.
struct Reading<'a> {
    policy: &'a StreamPolicy,
    identity: Identity,
    /// The name of the PE.
    name: Arc<str>,
    sources: SpecSources<'a>,
    /// The `ProcessingElement` of a PE of open-streams.
    object: Option<ObjectId>,
    /// The object that has to be seen before the placement spec is known.
    awaited: Option<Box<str>>,
    /// True where the name of the PE outlives its pod.
    lasting_name: bool,
}

impl PolicySet {
    /// The PE that a pod is, with what objects declare of it. `None`: no policy governs the pod, or its labels name no
    /// job.
    #[must_use]
    pub fn pe(&self, pod: &Arc<Pod>, declared: &Declarations) -> Option<Pe> {
        let policy = self.governing(pod.key.namespace.as_str(), &pod.labels)?;
        Some(policy.pe(policy.identity(pod)?, pod, declared))
    }

    /// The effective values of the placement spec of a pod, each with its source; none for a pod that is no PE.
    #[must_use]
    pub(crate) fn effective_values(&self, pod: &Pod, declared: &Declarations) -> Vec<EffectiveValue> {
        self.reading(pod, declared).map(|reading| reading.sources.effective_values()).unwrap_or_default()
    }

    /// The fields that cannot be read of the objects of group `streams.ibm.com` that declare the placement spec of a
    /// pod, each with its object.
    ///
    /// Objects of the pod whose latest version cannot be read come first.
    #[must_use]
    pub(crate) fn field_problems(&self, pod: &Pod, declared: &Declarations) -> Vec<String> {
        let Some(reading) = self.reading(pod, declared) else { return Vec::new() };
        let pool = reading.sources.pool(&pod.key.namespace);
        let ids = [Some(reading.identity.job.object()), pool];
        let is_of_pod = |id: &ObjectId| ids.iter().flatten().any(|own| own == id);
        let unreadable =
            declared.unreadable.iter().filter(|((_, id), _)| is_of_pod(id)).map(|((kind, id), problem)| {
                format!("{kind} {id}: its latest version cannot be read, and the version before it counts: {problem}")
            });
        unreadable.chain(reading.sources.field_problems()).collect()
    }

    fn reading<'a>(&'a self, pod: &'a Pod, declared: &'a Declarations) -> Option<Reading<'a>> {
        let policy = self.governing(pod.key.namespace.as_str(), &pod.labels)?;
        Some(policy.reading(policy.identity(pod)?, pod, declared))
    }
}

impl StreamPolicy {
    /// The job and PE of a pod that this policy governs; `None` if the labels of the pod name no job.
    #[must_use]
    pub(crate) fn identity(&self, pod: &Pod) -> Option<Identity> {
        let owner = pod.owner.as_deref().map(|owner| &*owner.name);
        self.dialect.identity(&pod.key.namespace, &pod.labels, owner)
    }

    /// The PE of this identity, which is a pod that this policy governs, with what objects declare of the PE.
    #[must_use]
    pub(crate) fn pe(&self, identity: Identity, pod: &Arc<Pod>, declared: &Declarations) -> Pe {
        let Reading { policy, identity, name, sources, object, awaited, lasting_name } =
            self.reading(identity, pod, declared);
        let owner_uid = pod.owner.as_ref().filter(|_| lasting_name).map(|owner| Arc::clone(&owner.uid));
        let spec = spec::resolve(&pod.key.namespace, sources, policy.placement, lasting_name);
        Pe {
            pod: Arc::clone(pod),
            job: identity.job,
            name,
            policy: Arc::clone(&policy.name),
            owner_uid,
            spec: spec.map(Arc::new).map_err(Box::new),
            overruled: sources.overruled(),
            is_held: pod.is_gated || !is_placed_by(&policy.scheduler_name, pod),
            object: object.map(Box::new),
            awaited,
            exclusive_hold: is_recorded_as_exclusive(pod).then_some(policy.placement.exclusive_scope),
        }
    }

    fn reading<'a>(&'a self, mut identity: Identity, pod: &'a Pod, declared: &'a Declarations) -> Reading<'a> {
        let owner = pod.owner.as_deref();
        let lasting_name = identity.pe.is_some() || pod.labels.get(POD_INDEX).is_some();
        let name = identity.pe.take().unwrap_or_else(|| Arc::from(pod.key.name.as_str()));
        // Most clusters have jobs without a StreamJob, and pods are read often.
        let jobs = &declared.jobs;
        let job = if jobs.is_empty() { None } else { jobs.get(&identity.job.object()) };
        let object = (self.dialect == Dialect::OpenStreams).then(|| OpenStreams::object(&identity.job, &name, owner));
        let of_object = match &object {
            Some(object) => declared.open_streams.declared(object, &identity.job.name, owner),
            None => Some(Declared::default()),
        };
        let awaited_object = object.as_ref().filter(|_| of_object.is_none());
        let awaited = awaited_object.map(|id| format!("{} {id}", DeclaredPe::KIND_AND_GROUP).into());
        let awaited = awaited.or_else(|| awaited_stream_job(pod, &identity.job.object(), declared));
        let sources = SpecSources {
            labels: &pod.labels,
            annotations: &pod.annotations,
            oversized: pod.oversized.as_deref(),
            stream_job: job.map(|job| (&**job, job.declared(&name))),
            declared: of_object.unwrap_or_default(),
            open_streams: &declared.open_streams,
        };
        Reading { policy: self, identity, name, sources, object, awaited, lasting_name }
    }
}

/// True where the record of a bound pod says that its pool was exclusive.
fn is_recorded_as_exclusive(pod: &Pod) -> bool {
    #[derive(Deserialize)]
    struct RecordedPool {
        #[serde(default)]
        exclusive: bool,
    }
    let record = pod.annotations.get(keys::PLACEMENT).filter(|_| pod.node.is_some());
    // Most records do not hold the word.
    let record = record.filter(|record| record.contains("exclusive"));
    record.is_some_and(|record| serde_json::from_str(record).is_ok_and(|pool: RecordedPool| pool.exclusive))
}

/// The `StreamJob` that admission has noted on a pod, where the watch has not shown that version.
fn awaited_stream_job(pod: &Pod, id: &ObjectId, declared: &Declarations) -> Option<Box<str>> {
    let noted = StreamJobVersion::parse(pod.annotations.get(keys::STREAM_JOB)?)?;
    let is_shown = declared.stream_jobs_shown.is_none_or(|shown| shown >= noted.resource_version);
    let known = declared.jobs.get(id).and_then(|job| job.version.as_ref());
    // Writes of the status change the version of the object, and not its generation.
    let is_known = known.is_some_and(|known| known.uid == noted.uid && known.generation >= noted.generation);
    (!is_shown && !is_known).then(|| format!("StreamJob {id} of generation {}", noted.generation).into())
}

/// True where a pod is placed by the scheduler of this name. A pod of a manifest may name none.
fn is_placed_by(scheduler: &str, pod: &Pod) -> bool {
    pod.scheduler_name.is_empty() || *pod.scheduler_name == *scheduler
}

#[cfg(test)]
#[path = "tests/pe.rs"]
mod tests;
