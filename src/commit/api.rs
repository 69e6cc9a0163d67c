//! The requests that bind sends to the API server.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::announcement::Announcement;
use crate::api::PodObject;
use crate::extender::bind::PendingBinding;
use crate::model::{Pod, PodKey, keys};

/// Bind may send two requests within kube-scheduler's timeout, so one request gets less than half of that timeout.
const DEADLINE: Duration = Duration::from_secs(2);

/// Why a request to the API server failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A precondition failed (409): the pod changed, is already bound, or is being deleted.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The pod does not exist (404).
    #[error("not found: {0}")]
    NotFound(String),
    /// The API server rejected the request for good (4xx).
    #[error("refused: {0}")]
    Rejected(String),
    /// The outcome is unknown: no response in time, a broken connection, or a server error.
    #[error("no certain answer: {0}")]
    Unknown(String),
}

/// The part of the API server that bind needs. [`KubeApi`] implements it, and so does the server of `outrigger demo`.
pub trait PodApi: Send + Sync + std::fmt::Debug {
    /// Writes a Binding with UID and resource version as preconditions. The record is an annotation in the same write.
    fn bind<'a>(&'a self, binding: &'a PendingBinding) -> BoxFuture<'a, Result<(), WriteError>>;

    /// Reads a pod by name.
    fn get_pod<'a>(&'a self, pod: &'a PodKey) -> BoxFuture<'a, Result<Pod, WriteError>>;

    /// Announces that the process of this epoch takes over: it replaces the announcement of any other process.
    fn announce_epoch<'a>(&'a self, epoch: &'a str) -> BoxFuture<'a, Result<(), WriteError>>;

    /// The epoch that was announced last, from a consistent read; `None` where none was.
    fn announced_epoch(&self) -> BoxFuture<'_, Result<Option<String>, WriteError>>;

    /// Writes a fencing token onto a pod, with its UID as precondition, and returns the updated pod.
    fn write_fencing_token<'a>(&'a self, pod: &'a PodKey, token: &'a str) -> BoxFuture<'a, Result<Pod, WriteError>>;
}

/// An API server that is reached by a [`kube::Client`].
#[derive(Clone)]
pub struct KubeApi {
    client: kube::Client,
    announcement: Announcement,
}

impl std::fmt::Debug for KubeApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeApi").finish_non_exhaustive()
    }
}

impl KubeApi {
    /// Sends requests with this client. Epochs are announced on a Lease in `namespace`.
    #[must_use]
    pub fn new(client: kube::Client, namespace: &str) -> Self {
        Self { announcement: Announcement::new(client.clone(), namespace), client }
    }

    fn pods(&self, pod: &PodKey) -> kube::Api<PodObject> {
        kube::Api::namespaced(self.client.clone(), pod.namespace.as_str())
    }
}

impl PodApi for KubeApi {
    fn bind<'a>(&'a self, binding: &'a PendingBinding) -> BoxFuture<'a, Result<(), WriteError>> {
        let pod = &binding.pod;
        let body = binding_object(binding);
        async move {
            let parameters = PostParams::default();
            let pods = self.pods(pod);
            let write = pods.create_subresource::<_, Value>("binding", pod.name.as_str(), &parameters, &body);
            within_deadline(write).await.map(drop)
        }
        .boxed()
    }

    fn get_pod<'a>(&'a self, pod: &'a PodKey) -> BoxFuture<'a, Result<Pod, WriteError>> {
        async move {
            let object = within_deadline(self.pods(pod).get(pod.name.as_str())).await?;
            project(&object)
        }
        .boxed()
    }

    fn announce_epoch<'a>(&'a self, epoch: &'a str) -> BoxFuture<'a, Result<(), WriteError>> {
        within_deadline(self.announcement.write(epoch)).boxed()
    }

    fn announced_epoch(&self) -> BoxFuture<'_, Result<Option<String>, WriteError>> {
        within_deadline(self.announcement.read()).boxed()
    }

    fn write_fencing_token<'a>(&'a self, pod: &'a PodKey, token: &'a str) -> BoxFuture<'a, Result<Pod, WriteError>> {
        let change = json!({"metadata": {"uid": pod.uid, "annotations": {keys::EPOCH: token}}});
        async move {
            let parameters = PatchParams::default();
            let pods = self.pods(pod);
            let change = Patch::Merge(change);
            let object = within_deadline(pods.patch(pod.name.as_str(), &parameters, &change)).await?;
            project(&object)
        }
        .boxed()
    }
}

/// The Binding object that is sent to the API server.
#[must_use]
pub(crate) fn binding_object(binding: &PendingBinding) -> Value {
    let pod = &binding.pod;
    let mut metadata = json!({
        "name": pod.name,
        "namespace": pod.namespace,
        "uid": pod.uid,
        "resourceVersion": binding.resource_version,
    });
    if let (Some(record), Some(fields)) = (&binding.record, metadata.as_object_mut()) {
        fields.insert("annotations".to_owned(), json!({keys::PLACEMENT: record.to_json()}));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": metadata,
        "target": {"apiVersion": "v1", "kind": "Node", "name": binding.node},
    })
}

fn project(object: &PodObject) -> Result<Pod, WriteError> {
    Pod::try_from(object).map_err(|error| WriteError::Rejected(error.to_string()))
}

async fn within_deadline<T>(call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, WriteError> {
    match tokio::time::timeout(DEADLINE, call).await {
        Err(_elapsed) => Err(WriteError::Unknown(format!("no answer within {} s", DEADLINE.as_secs()))),
        Ok(Ok(value)) => Ok(value),
        Ok(Err(kube::Error::Api(status))) => Err(match status.code {
            409 => WriteError::Conflict(status.message),
            404 => WriteError::NotFound(status.message),
            500.. => WriteError::Unknown(status.message),
            _ => WriteError::Rejected(status.message),
        }),
        Ok(Err(error)) => Err(WriteError::Unknown(error.to_string())),
    }
}
