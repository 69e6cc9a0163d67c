//! The lease of the controllers: one process writes, and another one takes over when that process is gone.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease as LeaseObject, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};

use super::clock::{monotonic, wall_clock};
use super::lease_claim::LeaseClaim;
use crate::telemetry;

/// Name of the lease. The role in `deploy/` allows updates of this lease and of kube-scheduler's, and of no other.
const NAME: &str = "outrigger-controllers";
/// How often this process renews the lease, or looks whether it may take it; also the deadline of one attempt.
const PERIOD: Duration = Duration::from_secs(2);

/// The lease, as this process claims it.
#[derive(Debug)]
pub struct Lease {
    api: Api<LeaseObject>,
    claim: Mutex<LeaseClaim>,
}

impl Lease {
    /// A claim of `holder`, whose name no other process has.
    #[must_use]
    pub fn new(client: Client, namespace: &str, holder: String) -> Self {
        Self { api: Api::namespaced(client, namespace), claim: Mutex::new(LeaseClaim::new(holder)) }
    }

    /// True while no other process can hold the lease.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.claim().is_held(monotonic())
    }

    /// Acquires and renews the lease from now on.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn follow(&self) -> Infallible {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let begun = monotonic();
            let held_before = self.is_held();
            match tokio::time::timeout(PERIOD, self.acquire_or_renew()).await {
                Ok(Ok(true)) => self.claim().renewed(begun),
                Ok(Ok(false)) => self.claim().lost(),
                Ok(Err(error)) => tracing::warn!(%error, "cannot write Lease {NAME}"),
                Err(_elapsed) => {
                    tracing::warn!("the API server did not answer a write of Lease {NAME} within {PERIOD:?}");
                }
            }
            let held = self.is_held();
            if held != held_before {
                tracing::info!(held, holder = self.claim().holder(), "Lease {NAME} changed hands");
            }
            telemetry::lease(held);
        }
    }

    /// Gives the lease up, so that the next process need not wait for its end.
    pub async fn release(&self) {
        if !self.is_held() {
            return;
        }
        self.claim().lost();
        let released = async {
            let lease = self.api.get(NAME).await?;
            let released = self.claim().released_spec(lease.spec.unwrap_or_default());
            if let Some(spec) = released {
                let lease = LeaseObject { spec: Some(spec), ..lease };
                self.api.replace(NAME, &PostParams::default(), &lease).await?;
            }
            Ok::<(), kube::Error>(())
        };
        // Where this fails, the next process waits until the lease ends.
        drop(tokio::time::timeout(PERIOD, released).await);
    }

    /// One attempt to acquire or renew the lease; true where this process holds it now.
    async fn acquire_or_renew(&self) -> Result<bool, kube::Error> {
        let found = self.api.get_opt(NAME).await?;
        let found_spec: Option<&LeaseSpec> = found.as_ref().and_then(|lease| lease.spec.as_ref());
        let Some(spec) = self.claim().spec_to_write(found_spec, monotonic(), wall_clock()) else { return Ok(false) };
        let parameters = PostParams::default();
        match found {
            None => {
                let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
                let lease = LeaseObject { metadata, spec: Some(spec) };
                is_written(self.api.create(&parameters, &lease).await)
            }
            // The resource version is a precondition: of two processes that write, one wins.
            Some(lease) => {
                let lease = LeaseObject { spec: Some(spec), ..lease };
                is_written(self.api.replace(NAME, &parameters, &lease).await)
            }
        }
    }

    fn claim(&self) -> MutexGuard<'_, LeaseClaim> {
        self.claim.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A conflict means that another process wrote first, which is no error.
fn is_written(written: Result<LeaseObject, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[path = "tests/lease.rs"]
mod tests;
