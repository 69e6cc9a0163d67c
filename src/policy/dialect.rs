//! Dialects: how job, PE and generation are read from a pod.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::model::{JobId, Labels, Namespace, keys};

const OPEN_STREAMS_JOB: &str = "streams.ibm.com/job";
const FLINK_JOB: &str = "app";

/// How job and PE are read from the pods of an engine (`docs/placement.md`, "PEs and jobs").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Dialect {
    /// Outrigger's own labels `outrigger.dev/job`, `…/pe`, `…/generation`.
    #[default]
    Annotations,
    /// Labels of group `streams.ibm.com`, as the open-streams operator writes them.
    OpenStreams,
    /// Task managers of Apache Flink: the job is the label `app`.
    Flink,
    /// Pods of a Kafka Streams application: the job is its instance or application label, or its `StatefulSet`.
    KafkaStreams,
}

/// Job and PE of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The job.
    pub(crate) job: JobId,
    /// The PE within the job; `None`: the name of the pod is the name of the PE.
    pub(crate) pe: Option<Arc<str>>,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Annotations => "annotations",
            Self::OpenStreams => "open-streams",
            Self::Flink => "flink",
            Self::KafkaStreams => "kafka-streams",
        })
    }
}

impl Dialect {
    /// The only label that names the job; `None` where several labels or the owner of the pod may name the job.
    #[must_use]
    pub(crate) fn job_label(self) -> Option<&'static str> {
        match self {
            Self::Annotations => Some(keys::JOB),
            Self::OpenStreams => Some(OPEN_STREAMS_JOB),
            Self::Flink => Some(FLINK_JOB),
            Self::KafkaStreams => None,
        }
    }

    /// Job and PE of a pod with these labels and this owner; `None` where the labels name no job.
    #[must_use]
    pub(crate) fn identity(self, namespace: &Namespace, labels: &Labels, owner: Option<&str>) -> Option<Identity> {
        let label = |key: &str| labels.get(key).filter(|value| !value.is_empty());
        let (job, pe, generation) = match self {
            Self::Annotations => (label(keys::JOB)?, label(keys::PE), label(keys::GENERATION)),
            // The label of the generation counts changes of width, and begins at 0 with each submission. During a
            // change, PEs of one job carry different generations.
            Self::OpenStreams => (label(OPEN_STREAMS_JOB)?, label("streams.ibm.com/pe"), None),
            // Task managers are interchangeable: a replacement has another name.
            Self::Flink => (label(FLINK_JOB)?, None, None),
            Self::KafkaStreams => (
                ["app.kubernetes.io/instance", "app.kubernetes.io/name", "app"]
                    .into_iter()
                    .find_map(label)
                    .or(owner)?,
                // The index alone is ambiguous: an application may have several `StatefulSet` objects.
                label("statefulset.kubernetes.io/pod-name"),
                None,
            ),
        };
        Some(Identity {
            job: JobId {
                namespace: namespace.clone(),
                name: Arc::from(job),
                generation: Arc::from(generation.unwrap_or_default()),
            },
            pe: pe.map(Arc::from),
        })
    }
}
