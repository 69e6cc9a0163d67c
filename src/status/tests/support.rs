//! A job, and its status over a cluster.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Overview, PodReport, StatusInputs, job_status};
use crate::api::{StreamJob, StreamJobStatus};
use crate::model::{Pod, PodUid, Reason};
use crate::state::Cluster;

pub(super) fn stream_job(spec: &Value) -> StreamJob {
    let metadata = json!({"name": "j", "namespace": "streams", "generation": 2});
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
}

pub(super) fn with_record(pod: Pod) -> Pod {
    let record = json!({"rank": 2, "refused": {"PoolTagMissing": 3}, "node": "n1"}).to_string();
    Pod { annotations: [("outrigger.dev/placement", record)].into_iter().collect(), ..pod }
}

/// What happened at the last attempts, by pod.
pub(super) type Attempts = BTreeMap<&'static str, BTreeMap<Reason, usize>>;

pub(super) fn status(
    object: &StreamJob,
    last: Option<&StreamJobStatus>,
    cluster: &Cluster,
    (attempts, seconds): (&Attempts, i64),
) -> StreamJobStatus {
    let report = |uid: &PodUid| {
        let (pod, _) = cluster.pod(uid.as_str()).unwrap();
        PodReport {
            is_bound: pod.node.is_some(),
            record: pod.annotations.get("outrigger.dev/placement").map(str::to_owned),
            rejected: attempts.get(uid.as_str()).cloned(),
        }
    };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    let overview = Overview::new(cluster.snapshot());
    job_status(object, StatusInputs { overview: &overview, last, report: &report, now }).unwrap()
}

pub(super) fn first_status(object: &StreamJob, cluster: &Cluster) -> StreamJobStatus {
    status(object, None, cluster, (&Attempts::new(), 0))
}
