//! Asks the API server by dry runs whether it accepts the sidecars of policies.
//!
//! The checks of a policy know the rules of Kubernetes. They do not know how the API server is set up: whether it allows
//! privileged containers, and which version it has.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use kube::Client;
use kube::api::PostParams;
use kube::core::{Request, Status};
use serde_json::{Value, json};

use crate::policy::{PolicySet, RejectedSidecar};
use crate::telemetry;

/// The name of the pod of a dry run. No such pod is ever stored.
const NAME: &str = "outrigger-sidecar-check";
/// How long all dry runs together may take. A start and a reload wait for them.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many dry runs are under way at once.
const PARALLEL: usize = 4;

/// Dry runs of sidecars in the namespace of this installation.
#[derive(Clone)]
pub struct SidecarDryRun {
    client: Client,
    namespace: String,
}

impl std::fmt::Debug for SidecarDryRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SidecarDryRun").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// What the API server says of a pod.
enum Answer {
    /// The pod is valid. An admission plugin may still deny the pod, which says nothing of other namespaces.
    Valid,
    /// The pod is invalid in every namespace.
    Invalid(String),
    /// Nothing certain.
    Unknown(String),
}

impl SidecarDryRun {
    /// Creates pods in this namespace, as dry runs.
    #[must_use]
    pub fn new(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned() }
    }

    /// The policies, with the sidecars marked that the API server accepts in no pod.
    ///
    /// Where the API server says nothing certain, no sidecar is marked.
    pub async fn check(&self, policies: PolicySet) -> PolicySet {
        let rejected = match tokio::time::timeout(DEADLINE, self.rejected(&policies)).await {
            Ok(Ok(rejected)) => rejected,
            Ok(Err(problem)) => return self.unchecked(policies, &problem),
            Err(_too_late) => return self.unchecked(policies, "the API server did not answer in time"),
        };
        for RejectedSidecar { policy, sidecar, problem } in &rejected {
            tracing::warn!(
                policy = &**policy,
                sidecar = &**sidecar,
                problem = &**problem,
                "the API server accepts the sidecar in no pod, so it is left out"
            );
        }
        telemetry::rejected_sidecars(rejected.len());
        policies.with_rejected_sidecars(&rejected)
    }

    fn unchecked(&self, policies: PolicySet, problem: &str) -> PolicySet {
        tracing::warn!(
            namespace = self.namespace,
            problem,
            "sidecars were not checked by a dry run; all sidecars are injected"
        );
        telemetry::rejected_sidecars(0);
        policies
    }

    async fn rejected(&self, policies: &PolicySet) -> Result<Vec<RejectedSidecar>, String> {
        let sidecars: Vec<_> = policies.sidecars().collect();
        if sidecars.is_empty() {
            return Ok(Vec::new());
        }
        // If a pod without a sidecar is not valid, the cause is no sidecar.
        if let Answer::Invalid(problem) | Answer::Unknown(problem) = self.create(pod(None)).await {
            return Err(problem);
        }
        let pods: Vec<Value> = sidecars.iter().map(|(_, _, container)| pod(Some(container))).collect();
        let answers = futures::stream::iter(pods).map(|pod| self.create(pod)).buffered(PARALLEL);
        let answers: Vec<Answer> = answers.collect().await;
        let mut rejected = Vec::new();
        for ((policy, name, _), answer) in sidecars.into_iter().zip(answers) {
            match answer {
                Answer::Valid => {}
                Answer::Unknown(problem) => {
                    tracing::warn!(
                        policy = &**policy,
                        sidecar = name,
                        problem,
                        "the sidecar was not checked by a dry run"
                    );
                }
                Answer::Invalid(problem) => rejected.push(RejectedSidecar {
                    policy: Arc::clone(policy),
                    sidecar: name.into(),
                    problem: problem.into(),
                }),
            }
        }
        Ok(rejected)
    }

    async fn create(&self, pod: Value) -> Answer {
        let pods = Request::new(format!("/api/v1/namespaces/{}/pods", self.namespace));
        // The pod is sent as it is: a typed one would lose the fields of newer versions.
        let parameters = PostParams { dry_run: true, field_manager: None };
        let request = match pods.create(&parameters, pod.to_string().into_bytes()) {
            Ok(request) => request,
            Err(error) => return Answer::Unknown(error.to_string()),
        };
        match self.client.request::<Value>(request).await {
            Ok(_) => Answer::Valid,
            Err(kube::Error::Api(status)) => read(&status),
            Err(error) => Answer::Unknown(error.to_string()),
        }
    }
}

/// Reads a rejection. Validation comes before the admission plugins that deny, such as Pod Security and policies.
fn read(status: &Status) -> Answer {
    let message = status.message.as_str();
    let invalid = message.strip_prefix(&format!("Pod \"{NAME}\" is invalid: ")).filter(|_| status.code == 422);
    if let Some(problem) = invalid {
        return Answer::Invalid(problem.replace("spec.initContainers[0].", ""));
    }
    if status.code == 400 && message.contains("cannot be handled as a Pod") {
        return Answer::Invalid(message.to_owned());
    }
    // A missing right is denied with this code too, before the pod is looked at.
    let is_denied_after_validation = status.code == 403 && !message.contains("cannot create resource");
    if is_denied_after_validation { Answer::Valid } else { Answer::Unknown(message.to_owned()) }
}

/// A pod for a dry run, with a sidecar and the volumes that it mounts.
fn pod(sidecar: Option<&Value>) -> Value {
    let names = |list: &str| {
        let elements = sidecar.and_then(|sidecar| sidecar.get(list)).and_then(Value::as_array);
        let mut names: Vec<Value> = elements.into_iter().flatten().map(|one| one["name"].clone()).collect();
        names.sort_by_key(ToString::to_string);
        names.dedup();
        names
    };
    let mounted = names("volumeMounts").into_iter().map(|name| json!({"name": name, "emptyDir": {}}));
    let devices = names("volumeDevices").into_iter();
    let devices = devices.map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": "none"}}));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME},
        "spec": {
            "automountServiceAccountToken": false,
            // A sidecar may sleep as long as the longest grace period of any pod.
            "terminationGracePeriodSeconds": i64::MAX,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": sidecar.into_iter().collect::<Vec<_>>(),
            "containers": [{
                "name": main_name(sidecar),
                "image": "none",
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
            "volumes": mounted.chain(devices).collect::<Vec<_>>(),
        },
    })
}

/// A name that the sidecar does not have.
fn main_name(sidecar: Option<&Value>) -> &'static str {
    if sidecar.is_some_and(|sidecar| sidecar["name"] == "main") { "other" } else { "main" }
}

#[cfg(test)]
#[path = "tests/sidecar_dry_run.rs"]
mod tests;
