//! Binds one pod, and follows the Binding until its outcome is certain.
//!
//! Two rules keep each step safe, also where a response is late or missing (law 1):
//!
//! - The state of a pod comes from the watch alone, in the order of the watch. The response to a write or a read only
//!   says which version to wait for. Applied to the state, a response would put one pod ahead of the watch.
//! - A pod is assumed until its Binding is known to have failed. A Binding has failed when the API server rejects the
//!   Binding, or when the watch shows a later version of the pod without a node.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;

use super::api::{PodApi, WriteError};
use crate::extender::bind::{
    BindingCycle, PendingBinding, VerificationError, Verified, check_scheduler, verify_and_assume,
};
use crate::extender::{Attempt, BindingArguments, pods_to_fence};
use crate::model::{NodeName, PodKey, PodUid, Rejection, keys};
use crate::placement::{GangPlan, begun_groups};
use crate::state::Cluster;
use crate::store::Store;

/// How many fencing tokens are written at the same time.
const MAX_CONCURRENT_TOKENS: usize = 16;
/// How long bind waits for the watch to catch up with the API server. Less than kube-scheduler's timeout for a bind.
const WATCH_TIMEOUT: Duration = Duration::from_secs(2);
/// How often one bind asks which process has announced its epoch last. Other tokens may be written meanwhile.
const MAX_CHECKS: usize = 8;
/// How often one bind fences the pods that conflict. Another round means that another process places PEs too.
const MAX_FENCING_ROUNDS: usize = 3;
/// How often unknown outcomes are resolved.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(1);

/// Binds pods. No other part of this process writes Bindings.
#[derive(Debug)]
pub struct Binder {
    store: Arc<Store>,
    api: Arc<dyn PodApi>,
    /// Identifies this process in its fencing tokens.
    epoch: String,
    has_taken_over: AtomicBool,
    /// True once the nodes of gangs and buckets that had begun before the start are reserved again.
    has_restored: AtomicBool,
    /// True while no other process is known to have announced its epoch after this one. Held while that is found out.
    announced: tokio::sync::Mutex<bool>,
    /// Held while fencing tokens are written: binds that wait for the lock may find their pods settled. Binds that need a
    /// pod which could not be fenced wait for a lock of their own, so that they hold up no other bind.
    fencing: tokio::sync::Mutex<()>,
    fencing_again: tokio::sync::Mutex<()>,
    /// The pods that could not be fenced at the last attempt.
    unfenced: Mutex<BTreeSet<PodUid>>,
    /// The pods of the binds that wait for `fencing`. The holder of the lock fences for all of them.
    pods_to_settle: Mutex<BTreeSet<PodUid>>,
}

/// A pod that is bound to the requested node.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundPod {
    /// This request bound the pod.
    ByThisRequest(Box<PendingBinding>),
    /// The pod was already bound to the node.
    AlreadyBound,
}

/// Why a pod was not bound, or why the outcome is unknown. kube-scheduler retries the pod in both cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindFailure {
    /// Verification rejected the placement, or the pod is gone or bound to another node.
    #[error(transparent)]
    Verification(#[from] VerificationError),
    /// The API server did not accept the request.
    #[error("the API server {0}")]
    Write(WriteError),
    /// Another process took over after this one.
    #[error("another process places from now on: the pod carries epoch {0}")]
    Superseded(String),
    /// The watch did not deliver a version that the API server returned.
    #[error("StaleState: the watch is behind the API server, which has changed pod {0}")]
    WatchBehind(PodKey),
    /// Another process took over several times during this bind.
    #[error("another process places PEs of the same group at the same time")]
    Contended,
}

impl BindFailure {
    /// A bounded name for metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Verification(VerificationError::Rejected(rejection)) => rejection.reason().as_str(),
            Self::Verification(VerificationError::NotListed) | Self::WatchBehind(_) => "StaleState",
            Self::Verification(VerificationError::Elsewhere(_)) => "PodElsewhere",
            Self::Verification(VerificationError::TooDear(_)) => "WorkBudget",
            Self::Verification(VerificationError::ForeignScheduler { .. }) => "ForeignScheduler",
            Self::Write(WriteError::Conflict(_)) => "Conflict",
            Self::Verification(VerificationError::UnknownPod(_)) | Self::Write(WriteError::NotFound(_)) => "PodGone",
            Self::Write(WriteError::Rejected(_)) => "ApiRefused",
            Self::Write(WriteError::Unknown(_)) => "ApiUnknown",
            Self::Superseded(_) | Self::Contended => "Superseded",
        }
    }
}

impl Binder {
    /// Binds pods by requests to `api`. Each process needs another `epoch`.
    #[must_use]
    pub fn new(store: Arc<Store>, api: Arc<dyn PodApi>, epoch: String) -> Self {
        Self {
            store,
            api,
            epoch,
            has_taken_over: AtomicBool::new(false),
            has_restored: AtomicBool::new(false),
            announced: tokio::sync::Mutex::default(),
            fencing: tokio::sync::Mutex::default(),
            fencing_again: tokio::sync::Mutex::default(),
            unfenced: Mutex::default(),
            pods_to_settle: Mutex::default(),
        }
    }

    /// Takes over from any earlier process at the first request of kube-scheduler. From then on, Bindings of an earlier
    /// process may still arrive for pending PEs.
    pub fn ensure_takeover(&self) {
        if !self.has_taken_over.load(Ordering::Acquire) {
            self.store.change(|cluster| cluster.take_over(&self.epoch));
            self.has_taken_over.store(true, Ordering::Release);
        }
    }

    /// Reserves the nodes of gangs and buckets that had begun before this process started, once all kinds have been listed.
    /// No lock is held while the nodes are chosen.
    pub fn restore_reservations(&self) {
        let is_listed = self.store.view().snapshot.is_complete();
        if !is_listed || self.has_restored.swap(true, Ordering::AcqRel) {
            return;
        }
        let snapshot = self.store.view().snapshot.clone();
        let name_of = |index| snapshot.node(index).map(|state| state.name.clone());
        for (job, places) in begun_groups(&snapshot) {
            let places: Vec<(PodUid, NodeName)> =
                places.into_iter().filter_map(|(pe, index)| Some((pe.pod.key.uid.clone(), name_of(index)?))).collect();
            self.store.change(|cluster| cluster.reserve(&job, &places));
        }
    }

    /// Binds a pod.
    ///
    /// # Errors
    /// [`BindFailure`]. Where the outcome of the Binding is unknown, the pod stays assumed until the watch shows the
    /// outcome.
    pub async fn bind(
        &self,
        arguments: &BindingArguments,
        attempt: Option<&Attempt>,
        now: Timestamp,
    ) -> Result<BoundPod, BindFailure> {
        self.ensure_takeover();
        self.wait_for_pod(arguments).await;
        // A pod that this process did not filter has no plan yet.
        let mut planned = if attempt.is_some() { None } else { self.plan_gang(arguments) };
        let possible_takeovers = self.store.read(Cluster::possible_takeovers);
        let (mut rounds, mut checks) = (0, 0);
        let mut tried = false;
        let mut planned_anew = attempt.is_none();
        loop {
            let cycle = BindingCycle { attempt, gang_plan: planned.as_ref(), possible_takeovers, now };
            let verify = |cluster: &mut Cluster| {
                check_scheduler(cluster, &arguments.uid)?;
                verify_and_assume(cluster, arguments, cycle)
            };
            let verified = match self.store.change(verify) {
                Err(VerificationError::Rejected(Rejection::PlanOutdated)) if !planned_anew => {
                    planned_anew = true;
                    planned = self.plan_gang(arguments);
                    continue;
                }
                verified => verified?,
            };
            match verified {
                Verified::AlreadyBound => return Ok(BoundPod::AlreadyBound),
                Verified::TakeoverUnchecked if checks == MAX_CHECKS => return Err(BindFailure::Contended),
                Verified::TakeoverUnchecked => {
                    checks += 1;
                    self.check_takeover(&arguments.uid, possible_takeovers).await?;
                }
                Verified::Unsettled(_) if rounds == MAX_FENCING_ROUNDS => return Err(BindFailure::Contended),
                Verified::Unsettled(_) => {
                    rounds += 1;
                    self.fence_conflicting_pods(&arguments.uid).await?;
                }
                Verified::Assumed(binding) => match self.write(&binding).await? {
                    BindingOutcome::Bound => return Ok(BoundPod::ByThisRequest(binding)),
                    BindingOutcome::Changed(_) if !tried => tried = true,
                    BindingOutcome::Changed(problem) => return Err(BindFailure::Write(WriteError::Conflict(problem))),
                },
            }
        }
    }

    /// Resolves unknown outcomes of Bindings for as long as the process runs. Until then the pods stay assumed and hold
    /// resources that they may not use.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn resolve_unknown_outcomes(&self) -> std::convert::Infallible {
        let mut ticks = tokio::time::interval(RESOLVE_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let unknown_outcomes: Vec<PodKey> =
                self.store.read(|cluster| cluster.unknown_outcomes().cloned().collect());
            if !unknown_outcomes.is_empty() {
                let _one_at_a_time = self.fencing_again.lock().await;
                for (pod, failure) in self.write_fencing_tokens(unknown_outcomes).await {
                    tracing::warn!(%pod, %failure, "the unknown outcome of a bind cannot be resolved yet");
                }
            }
        }
    }

    /// Plans the gang of a pod. No lock is held meanwhile.
    fn plan_gang(&self, arguments: &BindingArguments) -> Option<Arc<GangPlan>> {
        let (pe, snapshot) = self.store.read(|cluster| {
            let (_, pe) = cluster.pod(arguments.uid.as_str())?;
            Some((Arc::clone(pe?), cluster.snapshot().clone()))
        })?;
        self.store.plan_gang(&pe, &snapshot.prepare_for(&pe)).plan().cloned()
    }

    /// Waits until the watches have delivered the pod and all lists, because kube-scheduler's watch may be ahead.
    /// Verification rejects the pod where something is still missing after the timeout.
    async fn wait_for_pod(&self, arguments: &BindingArguments) {
        let known = |cluster: &Cluster| {
            (cluster.snapshot().is_complete() && cluster.pod(arguments.uid.as_str()).is_some()).then_some(())
        };
        let _in_time: Option<()> = self.store.wait_for(WATCH_TIMEOUT, known).await;
    }

    /// Finds out whether another process has taken over, where the watch has shown that possibility: true where one has.
    ///
    /// Checks what the bind of a pod needs that began when this number of takeovers was possible.
    async fn check_takeover(&self, uid: &PodUid, at_start: u64) -> Result<bool, BindFailure> {
        let mut announced = self.announced.lock().await;
        // Another bind may have asked meanwhile.
        let needed = |cluster: &Cluster| {
            let must_check = cluster.must_check_takeover(uid.as_str(), at_start);
            cluster.unchecked_takeovers().filter(|_| must_check)
        };
        let Some(count) = self.store.read(needed) else { return Ok(false) };
        // A process that has announced nothing has written no token, and every pod is still unsettled.
        let superseded = *announced
            && match self.api.announced_epoch().await {
                Ok(epoch) => epoch.is_none_or(|epoch| epoch != self.epoch),
                // Where no Lease can be read, every token counts.
                Err(WriteError::NotFound(_) | WriteError::Rejected(_)) => true,
                Err(error) => return Err(BindFailure::Write(error)),
            };
        *announced &= !superseded;
        self.store.change(|cluster| {
            if superseded {
                cluster.take_over_again();
            }
            cluster.note_takeover_checked(count);
        });
        Ok(superseded)
    }

    /// Announces the epoch of this process before its first token.
    async fn announce(&self) -> Result<(), WriteError> {
        let mut announced = self.announced.lock().await;
        if !*announced {
            match self.api.announce_epoch(&self.epoch).await {
                Ok(()) => {}
                Err(error @ (WriteError::NotFound(_) | WriteError::Rejected(_))) => {
                    tracing::warn!(%error, "the takeover cannot be announced on Lease outrigger-controllers: every fencing token counts");
                }
                Err(error) => return Err(error),
            }
            *announced = true;
        }
        Ok(())
    }

    /// Fences every pod whose pending Binding could break a rule together with this pod (D17).
    async fn fence_conflicting_pods(&self, uid: &PodUid) -> Result<(), BindFailure> {
        let own = |cluster: &Cluster| pods_to_fence(cluster, uid.as_str());
        let is_unfenced = |pod: &PodKey| lock(&self.unfenced).contains(&pod.uid);
        if self.store.read(own).iter().any(is_unfenced) {
            let _one_at_a_time = self.fencing_again.lock().await;
            let pods = self.store.read(own);
            return self
                .write_fencing_tokens(pods)
                .await
                .into_iter()
                .next()
                .map_or(Ok(()), |(_, failure)| Err(failure));
        }
        lock(&self.pods_to_settle).insert(uid.clone());
        let _one_at_a_time = self.fencing.lock().await;
        let mut waiting = std::mem::take(&mut *lock(&self.pods_to_settle));
        waiting.insert(uid.clone());
        // The previous holder of the lock may have fenced these pods already.
        let pods: BTreeSet<PodKey> = self
            .store
            .read(|cluster| waiting.iter().flat_map(|waiting| pods_to_fence(cluster, waiting.as_str())).collect());
        let failed = self.write_fencing_tokens(pods.into_iter().collect()).await;
        if failed.is_empty() {
            return Ok(());
        }
        // Only what this bind itself needs counts: one pod that cannot be fenced fails no unrelated bind.
        let needed = self.store.read(own);
        let own_failure = failed.into_iter().find(|(pod, _)| needed.contains(pod));
        own_failure.map_or(Ok(()), |(_, failure)| Err(failure))
    }

    /// Writes fencing tokens onto pods, and waits for the watch to deliver them. An earlier Binding has succeeded by then,
    /// and the watch has delivered it, or it fails from now on. Returns the pods that could not be fenced.
    async fn write_fencing_tokens(&self, pods: Vec<PodKey>) -> Vec<(PodKey, BindFailure)> {
        if let Err(error) = self.announce().await {
            return pods.into_iter().map(|pod| (pod, BindFailure::Write(error.clone()))).collect();
        }
        let fenced = futures::stream::iter(pods).map(|pod| async move {
            let outcome = match self.write_fencing_token(&pod).await {
                Ok(version) => self.wait_for_version(&pod, version.as_deref()).await,
                Err(failure) => Err(failure),
            };
            (pod, outcome)
        });
        let outcomes: Vec<(PodKey, Result<(), BindFailure>)> =
            fenced.buffer_unordered(MAX_CONCURRENT_TOKENS).collect().await;
        let mut unfenced = lock(&self.unfenced);
        for (pod, outcome) in &outcomes {
            if outcome.is_ok() {
                unfenced.remove(&pod.uid)
            } else {
                unfenced.insert(pod.uid.clone())
            };
        }
        drop(unfenced);
        self.forget_gone_pods();
        outcomes.into_iter().filter_map(|(pod, outcome)| Some((pod, outcome.err()?))).collect()
    }

    /// Forgets pods that could not be fenced and are gone.
    fn forget_gone_pods(&self) {
        let known: BTreeSet<PodUid> = lock(&self.unfenced).clone();
        let gone = self.store.read(|cluster| {
            let is_gone = |uid: &&PodUid| cluster.pod(uid.as_str()).is_none_or(|(pod, _)| pod.node.is_some());
            known.iter().filter(is_gone).cloned().collect::<Vec<PodUid>>()
        });
        let mut unfenced = lock(&self.unfenced);
        unfenced.retain(|uid| !gone.contains(uid));
    }

    /// Writes a fencing token onto a pod, and returns the new version of the pod; `None` where the pod is gone.
    async fn write_fencing_token(&self, pod: &PodKey) -> Result<Option<Box<str>>, BindFailure> {
        let Some(token) = self.store.change(|cluster| cluster.next_token(&pod.uid)) else { return Ok(None) };
        match self.api.write_fencing_token(pod, &token).await {
            Ok(now) => Ok(Some(now.resource_version)),
            Err(WriteError::NotFound(_)) => Ok(None),
            // The UID is a precondition: where another pod has this name, the fenced pod is gone.
            Err(error @ (WriteError::Conflict(_) | WriteError::Rejected(_))) => match self.api.get_pod(pod).await {
                Err(WriteError::NotFound(_)) => Ok(None),
                Ok(other) if other.key.uid != pod.uid => Ok(None),
                Ok(_) | Err(_) => Err(BindFailure::Write(error)),
            },
            Err(error) => Err(BindFailure::Write(error)),
        }
    }

    /// Waits for the watch to deliver this version of a pod, a later one, or its deletion; `None` waits for the deletion.
    async fn wait_for_version(&self, pod: &PodKey, version: Option<&str>) -> Result<(), BindFailure> {
        let shown = |cluster: &Cluster| match (cluster.pod(pod.uid.as_str()), version) {
            (None, _) => Some(()),
            (Some(_), None) => None,
            (Some((known, _)), Some(version)) => is_at_least(&known.resource_version, version).then_some(()),
        };
        self.store.wait_for(WATCH_TIMEOUT, shown).await.ok_or_else(|| BindFailure::WatchBehind(pod.clone()))
    }

    /// Writes a Binding, and finds out its outcome.
    async fn write(&self, binding: &PendingBinding) -> Result<BindingOutcome, BindFailure> {
        let mut unconfirmed = UnconfirmedBinding { store: &self.store, binding, is_known: false };
        match self.api.bind(binding).await {
            Ok(()) => {
                unconfirmed.is_known = true;
                Ok(BindingOutcome::Bound)
            }
            Err(WriteError::Conflict(problem)) => {
                // This Binding has failed. An earlier Binding of this pod may have succeeded.
                match self.api.get_pod(&binding.pod).await {
                    Ok(now) if now.key.uid == binding.pod.uid => {
                        self.wait_for_version(&binding.pod, Some(&now.resource_version)).await?;
                    }
                    Ok(_) | Err(WriteError::NotFound(_)) => {}
                    Err(error) => return Err(BindFailure::Write(error)),
                }
                unconfirmed.has_failed();
                self.after_conflict(binding, problem).await
            }
            Err(WriteError::Unknown(problem)) => {
                drop(unconfirmed);
                self.fence_conflicting_pods(&binding.pod.uid).await?;
                match self.node_of(&binding.pod)? {
                    Some(node) if node == binding.node => Ok(BindingOutcome::Bound),
                    Some(node) => Err(VerificationError::Elsewhere(node).into()),
                    None => Err(BindFailure::Write(WriteError::Unknown(problem))),
                }
            }
            Err(error) => {
                unconfirmed.has_failed();
                Err(BindFailure::Write(error))
            }
        }
    }

    /// The outcome of a bind whose precondition failed, once the watch has delivered the cause.
    async fn after_conflict(&self, binding: &PendingBinding, problem: String) -> Result<BindingOutcome, BindFailure> {
        match self.node_of(&binding.pod)? {
            Some(node) if node == binding.node => Ok(BindingOutcome::Bound),
            Some(node) => Err(VerificationError::Elsewhere(node).into()),
            None => {
                let foreign = self.store.read(|cluster| {
                    let (pod, _) = cluster.pod(binding.pod.uid.as_str())?;
                    let token = pod.annotations.get(keys::EPOCH)?;
                    (!cluster.is_our_token(token)).then(|| token.to_owned())
                });
                match foreign {
                    Some(token) if self.check_takeover(&binding.pod.uid, 0).await? => {
                        Err(BindFailure::Superseded(token))
                    }
                    Some(_) | None => Ok(BindingOutcome::Changed(problem)),
                }
            }
        }
    }

    /// The node of a pod, as the watch delivered the pod.
    fn node_of(&self, pod: &PodKey) -> Result<Option<NodeName>, VerificationError> {
        let node = self.store.read(|cluster| cluster.pod(pod.uid.as_str()).map(|(pod, _)| pod.node.clone()));
        node.ok_or_else(|| VerificationError::UnknownPod(pod.to_string()))
    }
}

/// The outcome of a Binding.
enum BindingOutcome {
    /// The pod is bound to the node.
    Bound,
    /// The pod changed and has no node; with the message of the API server.
    Changed(String),
}

/// A Binding whose outcome is not known yet. When the caller goes away, dropping this marks the outcome as unknown.
struct UnconfirmedBinding<'a> {
    store: &'a Store,
    binding: &'a PendingBinding,
    is_known: bool,
}

impl UnconfirmedBinding<'_> {
    /// The Binding has failed, and cannot succeed later.
    fn has_failed(&mut self) {
        self.is_known = true;
        let PendingBinding { pod, resource_version, .. } = self.binding;
        self.store.change(|cluster| cluster.forget(&pod.uid, resource_version));
    }
}

impl Drop for UnconfirmedBinding<'_> {
    fn drop(&mut self) {
        if !self.is_known {
            let PendingBinding { pod, resource_version, .. } = self.binding;
            self.store.change(|cluster| cluster.note_unknown_outcome(&pod.uid, resource_version));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compares two resource versions of one kind as numbers (KEP-5504).
fn is_at_least(known: &str, wanted: &str) -> bool {
    match (known.parse::<u64>(), wanted.parse::<u64>()) {
        (Ok(known), Ok(wanted)) => known >= wanted,
        _ => known == wanted,
    }
}
