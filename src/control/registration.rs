//! Compares the registration of the webhook with the policies: pods that are not sent are not injected.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::core::Request;
use serde_json::Value;

use crate::policy::{PolicySet, Unreached};
use crate::telemetry;

/// The registration of `deploy/webhook/mutating.yaml`.
const REGISTRATION: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const NAME: &str = "outrigger";
/// How long the API server may take. A start and a reload wait for it.
const DEADLINE: Duration = Duration::from_secs(5);

/// The live registration of the webhook.
#[derive(Clone)]
pub struct Registration {
    client: Client,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").finish_non_exhaustive()
    }
}

impl Registration {
    /// Reads the registration with this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Reports the policies whose pods the registration does not send. Where it cannot be read, nothing is reported.
    pub async fn compare(&self, policies: &PolicySet) {
        let registration = match self.read().await {
            Ok(registration) => registration,
            Err(problem) => {
                tracing::warn!(problem, "policies were not compared with the registration of the webhook");
                return;
            }
        };
        let unreached = policies.unreached(&registration);
        for Unreached { policy, problem } in &unreached {
            tracing::warn!(
                policy = &**policy,
                problem,
                "the registration of the webhook does not send pods of the policy"
            );
        }
        let is_sent = |name: &str| unreached.iter().all(|one| *one.policy != *name);
        telemetry::policies_sent(policies.iter().map(|policy| (Arc::clone(&policy.name), is_sent(&policy.name))));
    }

    async fn read(&self) -> Result<Value, String> {
        let request = Request::new(REGISTRATION).get(NAME, &kube::api::GetParams::default());
        let request = request.map_err(|error| error.to_string())?;
        let answer = tokio::time::timeout(DEADLINE, self.client.request::<Value>(request)).await;
        answer
            .map_err(|_too_late| "the API server did not answer in time".to_owned())?
            .map_err(|error| error.to_string())
    }
}
