//! The sources of a placement spec.

use crate::model::{
    Declared, DeclaredJob, DeclaredPe, Labels, ObjectId, OpenStreams, OpenStreamsObject, OversizedValue, StreamJob,
};

/// Every source that may declare a part of the placement spec of one PE.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy) struct SpecSources<'a> {
    /// The labels of the pod.
    pub(in crate::policy) labels: &'a Labels,
    /// The annotations of the pod. An annotation overrules the label of the same key.
    pub(in crate::policy) annotations: &'a Labels,
    /// The value of an annotation of the pod that is too large to be kept.
    pub(in crate::policy) oversized: Option<&'a OversizedValue>,
    /// The `StreamJob` of the job, and what it declares of the PE.
    pub(in crate::policy) stream_job: Option<(&'a StreamJob, &'a Labels)>,
    /// What objects of group `streams.ibm.com` declare of the PE.
    pub(in crate::policy) declared: Declared<'a>,
    /// All objects of that group.
    pub(in crate::policy) open_streams: &'a OpenStreams,
}

/// One source of a placement spec.
#[derive(Clone, Copy, Debug)]
pub(super) enum SpecSource<'a> {
    StreamJob(&'a StreamJob),
    ProcessingElement(&'a DeclaredPe),
    /// A `Job` of group `streams.ibm.com`.
    Job(&'a DeclaredJob),
    Pod,
}

impl SpecSource<'_> {
    /// Kind and name of the object, for messages; `None` for the pod.
    pub(super) fn object(&self) -> Option<String> {
        match self {
            Self::StreamJob(job) => Some(format!("StreamJob {}", job.id)),
            Self::ProcessingElement(pe) => Some(object::<DeclaredPe>(pe.id())),
            Self::Job(job) => Some(object::<DeclaredJob>(job.id())),
            Self::Pod => None,
        }
    }
}

/// Kind and name of an object of group `streams.ibm.com`, for messages.
pub(super) fn object<T: OpenStreamsObject>(id: &ObjectId) -> String {
    format!("{} {id}", T::KIND_AND_GROUP)
}

impl<'a> SpecSources<'a> {
    /// The objects that declare a part of the spec, and the values that each declares. The first object has the highest
    /// precedence.
    pub(super) fn objects(&self) -> impl Iterator<Item = (SpecSource<'a>, &'a Labels)> + use<'a> {
        let stream_job = self.stream_job.map(|(job, values)| (SpecSource::StreamJob(job), values));
        let pe = self.declared.pe.map(|pe| (SpecSource::ProcessingElement(pe), &pe.spec));
        let job = self.declared.job.map(|job| (SpecSource::Job(job), &job.defaults));
        stream_job.into_iter().chain(pe).chain(job)
    }

    /// The value of a key on the pod.
    pub(super) fn on_pod(&self, key: &str) -> Option<&'a str> {
        self.annotations.get(key).or_else(|| self.labels.get(key)).map(str::trim)
    }
}
