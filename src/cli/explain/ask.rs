//! One question to the extender, over any stream that leads to it.

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::cli::CommandError;
use crate::model::is_object_name;

/// The pods of the extender.
const PODS: &str = "app.kubernetes.io/name=outrigger,app.kubernetes.io/component=scheduler";
/// The lease of kube-scheduler: the extender beside its holder places.
const LEASE: &str = "outrigger-scheduler";
/// Far more than any explanation.
const LARGEST_ANSWER: usize = 4 << 20;

/// The answer of the extender.
#[derive(Debug)]
pub(super) struct ExtenderAnswer {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

/// The path under which a pod is explained; a name that no pod can have is wrong input.
pub(super) fn explain_path(namespace: &str, name: &str) -> Result<String, CommandError> {
    for (what, text) in [("namespace", namespace), ("pod", name)] {
        if !is_object_name(text) {
            return Err(CommandError::Input(format!(
                "{what} `{text}`: names are lower-case letters, digits, `-` and `.`"
            )));
        }
    }
    Ok(format!("/explain/pods/{namespace}/{name}"))
}

/// Asks over a stream.
pub(super) async fn ask_over<S>(stream: S, path: &str) -> Result<ExtenderAnswer, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| said(&error))?;
    let request = Request::get(path)
        .header(HOST, "outrigger")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| said(&error))?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(|error| said(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map_err(|error| said(&error))?;
        Ok(ExtenderAnswer { status, body: String::from_utf8_lossy(&body.to_bytes()).into_owned() })
    };
    // The connection makes progress only beside the exchange. Its own end does not matter once there is an answer.
    let (answer, _ended) = futures::join!(exchange, connection);
    answer
}

/// Asks the extender of the leader through the API server.
pub(super) async fn ask_through_port_forward(
    client: &Client,
    namespace: &str,
    port: u16,
    path: &str,
) -> Result<ExtenderAnswer, String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let found = pods.list(&ListParams::default().labels(PODS)).await.map_err(|error| error.to_string())?.items;
    let leases: Api<Lease> = Api::namespaced(client.clone(), namespace);
    // A user who may not read the lease asks any of the pods: each answers from the whole cluster.
    let lease = leases.get_opt(LEASE).await.ok().flatten();
    let holder = lease.and_then(|lease| lease.spec?.holder_identity).unwrap_or_default();
    let name = leader(&found, &holder).ok_or_else(|| format!("no extender runs in namespace {namespace}"))?;
    let mut forwarder = pods.portforward(name, &[port]).await.map_err(|error| format!("pod {name}: {error}"))?;
    let stream = forwarder.take_stream(port).ok_or("the port is not forwarded")?;
    let rejected = forwarder.take_error(port);
    tokio::select! {
        answer = ask_over(stream, path) => answer.map_err(|error| format!("pod {name}: {error}")),
        Some(error) = async { rejected?.await } => Err(format!("pod {name}: {error}")),
    }
}

/// The running pod that holds the lease, else any that runs.
fn leader<'p>(pods: &'p [Pod], holder: &str) -> Option<&'p str> {
    let runs = |pod: &&Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        phase == Some("Running") && pod.metadata.deletion_timestamp.is_none()
    };
    let mut names: Vec<&str> = pods.iter().filter(runs).filter_map(|pod| pod.metadata.name.as_deref()).collect();
    names.sort_unstable();
    // kube-scheduler's identity is the name of its pod, an underscore and a UUID.
    let holds = |name: &&&str| holder.strip_prefix(**name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    names.iter().find(holds).or_else(|| names.first()).copied()
}

#[cfg(test)]
#[path = "tests/ask.rs"]
mod tests;
