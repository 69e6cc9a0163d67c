//! Asks the API server by dry runs whether it accepts the sidecars of policies.
//!
//! The checks of a policy know the rules of Kubernetes. They do not know how the API server is set up: whether it allows
//! privileged containers, and which version it has.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use kube::Client;
use kube::api::PostParams;
use kube::core::{Request, Status};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::policy::{PolicySet, RejectedSidecar};
use crate::state::Event;
use crate::store::Store;
use crate::telemetry;

/// The name of the pod of a dry run. No such pod is ever stored.
const NAME: &str = "outrigger-sidecar-check";
/// How long all dry runs together may take. A start and a reload wait for them.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many dry runs are under way at once.
const PARALLEL: usize = 4;

/// The pauses before sidecars are asked about again: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_mins(5)];

/// Dry runs of sidecars in the namespace of this installation.
#[derive(Clone)]
pub struct SidecarDryRun {
    client: Client,
    namespace: String,
    /// The policies whose sidecars the API server has not answered about.
    unanswered: Arc<watch::Sender<Option<PolicySet>>>,
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
    /// The API server has not answered, or cannot answer for now.
    Missing(String),
}

/// What the API server says of all sidecars.
#[derive(Default)]
struct Answers {
    rejected: Vec<RejectedSidecar>,
    /// Why some were not answered.
    missing: Option<String>,
}

impl SidecarDryRun {
    /// Creates pods in this namespace, as dry runs.
    #[must_use]
    pub fn new(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned(), unanswered: Arc::new(watch::Sender::new(None)) }
    }

    /// The policies, with the sidecars marked that the API server accepts in no pod.
    ///
    /// Where the API server says nothing certain, no sidecar is marked. [`Self::follow`] asks again where it has not
    /// answered.
    pub async fn check(&self, policies: PolicySet) -> PolicySet {
        let Answers { rejected, missing } = self.ask(&policies).await;
        self.unanswered.send_replace(missing.is_some().then(|| policies.clone()));
        if let Some(problem) = missing {
            let namespace = &self.namespace;
            tracing::warn!(
                namespace,
                problem,
                "not all sidecars were checked by a dry run, and those are injected; retrying"
            );
        }
        marked(&policies, &rejected)
    }

    /// Asks again where the API server has not answered, until it does or other policies are asked about. The pause between
    /// two tries doubles from 5 s to 5 min.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn follow(self, store: Arc<Store>) -> Infallible {
        let [shortest, longest] = PAUSES;
        let mut unanswered = self.unanswered.subscribe();
        let mut pause = shortest;
        loop {
            let asked = unanswered.borrow_and_update().clone();
            let changed = async {
                // The sender lives in `self`.
                let _changed = unanswered.changed().await;
            };
            let Some(policies) = asked else {
                changed.await;
                pause = shortest;
                continue;
            };
            if tokio::time::timeout(pause, changed).await.is_ok() {
                pause = shortest;
                continue;
            }
            let Answers { rejected, missing } = self.ask(&policies).await;
            if let Some(problem) = missing {
                tracing::debug!(problem, "sidecars were not checked by a dry run; retrying");
                pause = pause.saturating_mul(2).min(longest);
                continue;
            }
            tracing::info!("the sidecars were checked by a dry run");
            self.unanswered.send_if_modified(|now| now.take_if(|now| *now == policies).is_some());
            replace(&store, &policies, &rejected);
        }
    }

    /// Asks about every sidecar.
    async fn ask(&self, policies: &PolicySet) -> Answers {
        let late =
            || Answers { missing: Some("the API server did not answer in time".to_owned()), ..Answers::default() };
        tokio::time::timeout(DEADLINE, self.answers(policies)).await.unwrap_or_else(|_too_late| late())
    }

    async fn answers(&self, policies: &PolicySet) -> Answers {
        let sidecars: Vec<_> = policies.sidecars().collect();
        let mut answers = Answers::default();
        if sidecars.is_empty() {
            return answers;
        }
        // If a pod without a sidecar is not valid, the cause is no sidecar.
        match self.create(pod(None)).await {
            Answer::Valid => {}
            Answer::Missing(problem) => return Answers { missing: Some(problem), ..answers },
            Answer::Invalid(problem) | Answer::Unknown(problem) => {
                let namespace = &self.namespace;
                tracing::warn!(namespace, problem, "sidecars were not checked by a dry run; all sidecars are injected");
                return answers;
            }
        }
        let pods: Vec<Value> = sidecars.iter().map(|(_, _, container)| pod(Some(container))).collect();
        let created = futures::stream::iter(pods).map(|pod| self.create(pod)).buffered(PARALLEL);
        let created: Vec<Answer> = created.collect().await;
        for ((policy, name, _), answer) in sidecars.into_iter().zip(created) {
            match answer {
                Answer::Valid => {}
                Answer::Missing(problem) => answers.missing = Some(problem),
                Answer::Unknown(problem) => {
                    tracing::warn!(
                        policy = &**policy,
                        sidecar = name,
                        problem,
                        "the sidecar was not checked by a dry run"
                    );
                }
                Answer::Invalid(problem) => answers.rejected.push(RejectedSidecar {
                    policy: Arc::clone(policy),
                    sidecar: name.into(),
                    problem: problem.into(),
                }),
            }
        }
        answers
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
            Err(error) => Answer::Missing(error.to_string()),
        }
    }
}

/// The policies, with these sidecars marked. Logs and counts the sidecars.
fn marked(policies: &PolicySet, rejected: &[RejectedSidecar]) -> PolicySet {
    for RejectedSidecar { policy, sidecar, problem } in rejected {
        tracing::warn!(
            policy = &**policy,
            sidecar = &**sidecar,
            problem = &**problem,
            "the API server accepts the sidecar in no pod, so it is left out"
        );
    }
    telemetry::rejected_sidecars(rejected.len());
    policies.with_rejected_sidecars(rejected)
}

/// Puts the policies with these sidecars marked in the place of the same policies. Policies that were loaded since have been
/// asked about themselves.
fn replace(store: &Store, policies: &PolicySet, rejected: &[RejectedSidecar]) {
    store.change(|cluster| {
        if cluster.policies().with_rejected_sidecars(&[]) == policies.with_rejected_sidecars(&[]) {
            cluster.apply(Event::Policies(marked(policies, rejected)));
        }
    });
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
    if status.code >= 500 || status.code == 429 {
        return Answer::Missing(message.to_owned());
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
