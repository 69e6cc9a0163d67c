//! Dialects: how job, PE and generation are read from a pod.

use std::sync::Arc;

use serde::Deserialize;

use crate::model::{JobId, Labels, Namespace, keys};

/// How the pods of an engine say which job and PE they are (`docs/placement.md`, "PEs and jobs").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
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
pub struct Identity {
    /// The job.
    pub job: JobId,
    /// The PE within the job, where the pod names it; otherwise its pod's name stands for it.
    pub pe: Option<Arc<str>>,
}

impl Dialect {
    /// The dialect as written in a policy.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Annotations => "annotations",
            Self::OpenStreams => "open-streams",
            Self::Flink => "flink",
            Self::KafkaStreams => "kafka-streams",
        }
    }

    /// Job and PE of a pod with these labels; `None` where the labels name no job.
    #[must_use]
    pub fn identity(self, namespace: &Namespace, labels: &Labels, owner: Option<&str>) -> Option<Identity> {
        let label = |key: &str| labels.get(key).filter(|value| !value.is_empty());
        let (job, pe, generation) = match self {
            Self::Annotations => (label(keys::JOB)?, label(keys::PE), label(keys::GENERATION)),
            // Its generation counts changes of width: PEs that stay are labelled anew one by one while others come, and all
            // of them are one job. Every submission begins at 0.
            Self::OpenStreams => (label("streams.ibm.com/job")?, label("streams.ibm.com/pe"), None),
            // A replacement has another name: task managers are interchangeable and have no name of their own.
            Self::Flink => (label("app")?, None, None),
            Self::KafkaStreams => (
                ["app.kubernetes.io/instance", "app.kubernetes.io/name", "app"]
                    .into_iter()
                    .find_map(label)
                    .or(owner)?,
                // Not the index: each `StatefulSet` of the application has a first one.
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
