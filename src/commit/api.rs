//! What bind asks of the API server.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::api::PodObject;
use crate::extender::bind::PendingBinding;
use crate::model::{Pod, PodKey, keys};

/// Less than half of what kube-scheduler waits for the whole bind.
const DEADLINE: Duration = Duration::from_secs(2);

/// Why a write or a read did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A precondition failed: the pod changed, is bound already, or is being deleted (409).
    #[error("conflict: {0}")]
    Conflict(String),
    /// No such pod (404).
    #[error("not found: {0}")]
    NotFound(String),
    /// The API server said no, and meant it (4xx).
    #[error("refused: {0}")]
    Rejected(String),
    /// Nobody knows: no answer in time, a broken connection, or a server error.
    #[error("no certain answer: {0}")]
    Unknown(String),
}

/// The API server, as far as bind needs it. There are two: the real one, and the one that `outrigger demo` plays.
pub trait Api: Send + Sync + std::fmt::Debug {
    /// Writes a Binding with UID and version as preconditions, and the record as an annotation in the same write.
    fn bind<'a>(&'a self, binding: &'a PendingBinding) -> BoxFuture<'a, Result<(), WriteError>>;

    /// Reads a pod by name.
    fn get<'a>(&'a self, pod: &'a PodKey) -> BoxFuture<'a, Result<Pod, WriteError>>;

    /// Writes a mark of our epoch onto a pod, with its UID as precondition, and returns the pod as it is then.
    fn fence<'a>(&'a self, pod: &'a PodKey, epoch: &'a str) -> BoxFuture<'a, Result<Pod, WriteError>>;
}

/// The real API server.
#[derive(Clone)]
pub struct KubeApi {
    client: kube::Client,
}

impl std::fmt::Debug for KubeApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeApi").finish_non_exhaustive()
    }
}

impl KubeApi {
    /// Through this client.
    #[must_use]
    pub fn new(client: kube::Client) -> Self {
        Self { client }
    }

    fn pods(&self, pod: &PodKey) -> kube::Api<PodObject> {
        kube::Api::namespaced(self.client.clone(), pod.namespace.as_str())
    }
}

impl Api for KubeApi {
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

    fn get<'a>(&'a self, pod: &'a PodKey) -> BoxFuture<'a, Result<Pod, WriteError>> {
        async move {
            let object = within_deadline(self.pods(pod).get(pod.name.as_str())).await?;
            project(&object)
        }
        .boxed()
    }

    fn fence<'a>(&'a self, pod: &'a PodKey, epoch: &'a str) -> BoxFuture<'a, Result<Pod, WriteError>> {
        let change = json!({"metadata": {"uid": pod.uid, "annotations": {keys::EPOCH: epoch}}});
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

/// The Binding of a commitment, as it is written.
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
