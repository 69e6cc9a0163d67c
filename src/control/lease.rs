//! The lease of the controllers: one process writes, and another one takes over when it is gone.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease as LeaseObject, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};

use crate::telemetry;

/// Its name: the account of `deploy/` may write no other but kube-scheduler's.
const NAME: &str = "outrigger-controllers";
/// How long it holds without being renewed.
const DURATION: Duration = Duration::from_secs(6);
/// How often it is renewed, or looked at.
const PERIOD: Duration = Duration::from_secs(2);
/// The holder stops writing this long before others may take over: a write that is on its way has ended by then.
const MARGIN: Duration = Duration::from_secs(2);

/// A claim on the lease.
#[derive(Debug)]
pub struct Lease {
    api: Api<LeaseObject>,
    holder: String,
    until: Mutex<Option<Instant>>,
}

/// The holder that others show, and since when it has not moved. Clocks of other machines are never compared.
type Seen = Option<(LeaseSpec, Instant)>;

impl Lease {
    /// A claim of `holder`, who must be named like no other process.
    #[must_use]
    pub fn new(client: Client, namespace: &str, holder: String) -> Self {
        Self { api: Api::namespaced(client, namespace), holder, until: Mutex::new(None) }
    }

    /// True while no other process can hold it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| now() < until)
    }

    /// Gains and renews the lease from now on.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn follow(&self) -> Infallible {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut seen: Seen = None;
        loop {
            ticks.tick().await;
            let begun = now();
            let held_before = self.is_held();
            match tokio::time::timeout(PERIOD, self.claim(&mut seen)).await {
                // Counted from before the write: it may have been made at any moment since.
                Ok(Ok(true)) => self.set(Some(begun + DURATION.saturating_sub(MARGIN))),
                Ok(Ok(false)) => self.set(None),
                Ok(Err(error)) => tracing::warn!(%error, "the lease of the controllers cannot be written"),
                Err(_elapsed) => tracing::warn!("no answer to a write of the lease of the controllers"),
            }
            if self.is_held() != held_before {
                tracing::info!(held = self.is_held(), holder = self.holder, "the lease of the controllers");
            }
            telemetry::lease(self.is_held());
        }
    }

    /// Gives the lease up, so that nobody has to wait until it runs out.
    pub async fn release(&self) {
        if !self.is_held() {
            return;
        }
        self.set(None);
        let released = async {
            let mut lease = self.api.get(NAME).await?;
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() == Some(&self.holder) {
                spec.holder_identity = None;
                self.api.replace(NAME, &PostParams::default(), &lease).await?;
            }
            Ok::<(), kube::Error>(())
        };
        // Others wait until it runs out where this fails.
        drop(tokio::time::timeout(PERIOD, released).await);
    }

    /// Whether the lease is ours, after an attempt to make it so.
    async fn claim(&self, seen: &mut Seen) -> Result<bool, kube::Error> {
        let Some(mut lease) = self.api.get_opt(NAME).await? else {
            let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
            let lease = LeaseObject { metadata, spec: Some(self.spec(None)) };
            return won(self.api.create(&PostParams::default(), &lease).await);
        };
        let theirs = lease.spec.take().unwrap_or_default();
        if !self.may_take(&theirs, seen) {
            return Ok(false);
        }
        lease.spec = Some(self.spec(Some(&theirs)));
        // The version of the object is a precondition: of two who try, one wins.
        won(self.api.replace(NAME, &PostParams::default(), &lease).await)
    }

    fn may_take(&self, theirs: &LeaseSpec, seen: &mut Seen) -> bool {
        match theirs.holder_identity.as_deref() {
            None | Some("") => return true,
            Some(holder) if holder == self.holder => return true,
            Some(_other) => {}
        }
        if let Some((before, since)) = seen.as_ref().filter(|(before, _)| before == theirs) {
            let seconds = before.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
            return since.elapsed() > seconds.map_or(DURATION, Duration::from_secs);
        }
        *seen = Some((theirs.clone(), now()));
        false
    }

    fn spec(&self, before: Option<&LeaseSpec>) -> LeaseSpec {
        let renewed = MicroTime(wall_clock());
        let ours = before.filter(|before| before.holder_identity.as_deref() == Some(&self.holder));
        let transitions = before.and_then(|before| before.lease_transitions).unwrap_or_default();
        LeaseSpec {
            holder_identity: Some(self.holder.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: ours.and_then(|ours| ours.acquire_time.clone()).or_else(|| Some(renewed.clone())),
            renew_time: Some(renewed),
            lease_transitions: Some(if ours.is_some() { transitions } else { transitions.saturating_add(1) }),
            ..LeaseSpec::default()
        }
    }

    fn set(&self, until: Option<Instant>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// A write that came second has not won; that is no error.
fn won(written: Result<LeaseObject, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "a lease is a matter of time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the time that others are shown")]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}
