//! One bind, from the question to a certain answer.
//!
//! Two rules make every step right, whatever comes late or never (law 1):
//!
//! - What is known of a pod comes from the watch alone, in its order. The answer to a write or a read says what to wait
//!   for; it is never taken for the state itself, which would be ahead for one pod and then fall back.
//! - A commitment counts until its Binding is known to have failed. That is certain when the API server has refused it,
//!   and when the watch shows a later version of the pod without a node.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::api::{Api, WriteError};
use crate::extender::bind::{BindError, BindingCycle, PendingBinding, Verified, verify_and_assume};
use crate::extender::{Attempt, BindingArguments, pods_to_fence};
use crate::model::{NodeName, PodKey, PodUid, keys};
use crate::placement::GangPlan;
use crate::state::Cluster;
use crate::store::Store;

/// Marks of one takeover are written side by side, but not all at once.
const TOKENS_AT_ONCE: usize = 16;
/// How long the watch may be behind what the API server has answered; less than kube-scheduler waits for the bind.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often what is on its way is settled anew in one bind: more means that another process places at the same time.
const ROUNDS: usize = 3;
/// How often commitments that are in doubt are settled, where no bind does so.
const PERIOD: Duration = Duration::from_secs(1);

/// Binds pods: the only writer of placements in this process.
#[derive(Debug)]
pub struct Binder {
    store: Arc<Store>,
    api: Arc<dyn Api>,
    /// Names this process: written onto pods that another one may still bind.
    epoch: String,
    has_taken_over: AtomicBool,
    /// Held while marks are written: other binds wait, and then find their groups settled.
    settling: tokio::sync::Mutex<()>,
    /// The pods of the binds that wait for it: who holds it settles for all of them.
    to_settle: Mutex<BTreeSet<PodUid>>,
}

/// What became of a bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// The pod is on the node, by a Binding of ours.
    Placed(Box<PendingBinding>),
    /// It was there already.
    Already,
}

/// Why a pod was not bound, or why nobody knows. kube-scheduler tries it again either way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Verification turned it down, or the pod is gone or elsewhere.
    #[error(transparent)]
    Turned(#[from] BindError),
    /// The API server turned it down.
    #[error("the API server {0}")]
    Write(WriteError),
    /// Another process has taken over since.
    #[error("another process places from now on: the pod carries epoch {0}")]
    Superseded(String),
    /// The watch does not show what the API server has answered.
    #[error("StaleState: the watch is behind the API server, which has changed pod {0}")]
    Behind(PodKey),
    /// Another process takes over again and again.
    #[error("another process places PEs of the same group at the same time")]
    Contended,
}

impl Failure {
    /// A bounded name for metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Turned(BindError::Rejected(rejection)) => rejection.reason().as_str(),
            Self::Turned(BindError::NotListed) | Self::Behind(_) => "StaleState",
            Self::Turned(BindError::Elsewhere(_)) => "PodElsewhere",
            Self::Write(WriteError::Conflict(_)) => "Conflict",
            Self::Turned(BindError::UnknownPod(_)) | Self::Write(WriteError::NotFound(_)) => "PodGone",
            Self::Write(WriteError::Rejected(_)) => "ApiRefused",
            Self::Write(WriteError::Unknown(_)) => "ApiUnknown",
            Self::Superseded(_) | Self::Contended => "Superseded",
        }
    }
}

impl Binder {
    /// Binds through `api`; `epoch` must differ from that of every other process.
    #[must_use]
    pub fn new(store: Arc<Store>, api: Arc<dyn Api>, epoch: String) -> Self {
        let (settling, to_settle) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { store, api, epoch, has_taken_over: AtomicBool::new(false), settling, to_settle }
    }

    /// Notes that kube-scheduler asks this process: with the first question, PEs that wait may have a Binding of an
    /// older process on its way.
    pub fn asked(&self) {
        if !self.has_taken_over.load(Ordering::Acquire) {
            self.store.change(|cluster| cluster.take_over(&self.epoch));
            self.has_taken_over.store(true, Ordering::Release);
        }
    }

    /// Binds a pod, or says why not.
    ///
    /// # Errors
    /// [`Failure`]; the pod is then not bound by us, or counts as bound until it is known not to be.
    pub async fn bind(
        &self,
        arguments: &BindingArguments,
        attempt: Option<&Attempt>,
        now: Timestamp,
    ) -> Result<Bound, Failure> {
        self.asked();
        self.shown(arguments).await;
        let planned = self.planned_gang(arguments, attempt);
        let cycle = BindingCycle { attempt, gang_plan: planned.as_ref(), now };
        let mut rounds = 0;
        let mut tried = false;
        loop {
            let verify = |cluster: &mut Cluster| verify_and_assume(cluster, arguments, cycle);
            match self.store.change(verify)? {
                Verified::Already => return Ok(Bound::Already),
                Verified::Unsettled(_) if rounds == ROUNDS => return Err(Failure::Contended),
                Verified::Unsettled(_) => {
                    rounds += 1;
                    self.settle_for(&arguments.uid).await?;
                }
                Verified::Assumed(binding) => match self.write(&binding).await? {
                    Written::Bound => return Ok(Bound::Placed(binding)),
                    Written::Changed(_) if !tried => tried = true,
                    Written::Changed(problem) => return Err(Failure::Write(WriteError::Conflict(problem))),
                },
            }
        }
    }

    /// Settles commitments that are in doubt, where no bind comes by to do so: until then they keep others away from
    /// where the pod may not be.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn resolve_unknown_outcomes(&self) -> std::convert::Infallible {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let unknown_outcomes: Vec<PodKey> =
                self.store.read(|cluster| cluster.unknown_outcomes().cloned().collect());
            if !unknown_outcomes.is_empty() {
                let _one_at_a_time = self.settling.lock().await;
                if let Err(failure) = self.write_fencing_tokens(unknown_outcomes).await {
                    tracing::warn!(%failure, "placements in doubt cannot be settled yet");
                }
            }
        }
    }

    /// A plan of the gang of a pod that this process has not filtered, made outside every lock.
    fn planned_gang(&self, arguments: &BindingArguments, attempt: Option<&Attempt>) -> Option<Arc<GangPlan>> {
        if attempt.is_some() {
            return None;
        }
        let (pe, snapshot) = self.store.read(|cluster| {
            let (_, pe) = cluster.pod(arguments.uid.as_str())?;
            Some((Arc::clone(pe?), cluster.snapshot().clone()))
        })?;
        self.store.plan_gang(&pe, &snapshot).plan().cloned()
    }

    /// Waits for the watch to show the pod, and the whole cluster: kube-scheduler's watch may be ahead of ours. What
    /// is lacking afterwards is found by verification.
    async fn shown(&self, arguments: &BindingArguments) {
        let known = |cluster: &Cluster| {
            (cluster.snapshot().is_complete() && cluster.pod(arguments.uid.as_str()).is_some()).then_some(())
        };
        let _in_time: Option<()> = self.store.until(PATIENCE, known).await;
    }

    /// Makes sure that nothing is on its way any more that would break a rule together with this pod (D17).
    async fn settle_for(&self, uid: &PodUid) -> Result<(), Failure> {
        self.to_settle().insert(uid.clone());
        let _one_at_a_time = self.settling.lock().await;
        let mut waiting = std::mem::take(&mut *self.to_settle());
        waiting.insert(uid.clone());
        // Whoever held the lock before may have done it.
        let pods: BTreeSet<PodKey> = self
            .store
            .read(|cluster| waiting.iter().flat_map(|waiting| pods_to_fence(cluster, waiting.as_str())).collect());
        self.write_fencing_tokens(pods.into_iter().collect()).await
    }

    fn to_settle(&self) -> MutexGuard<'_, BTreeSet<PodUid>> {
        self.to_settle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks pods with our epoch and waits for the watch to show it. Any Binding that was on its way has landed before,
    /// and is shown by then, or fails from now on.
    async fn write_fencing_tokens(&self, pods: Vec<PodKey>) -> Result<(), Failure> {
        let fenced =
            futures::stream::iter(pods).map(|pod| async move { self.fence(&pod).await.map(|version| (version, pod)) });
        let fenced: Vec<(Option<Box<str>>, PodKey)> = fenced.buffer_unordered(TOKENS_AT_ONCE).try_collect().await?;
        for (version, pod) in fenced {
            self.caught_up(&pod, version.as_deref()).await?;
        }
        Ok(())
    }

    /// Marks a pod, and returns its version with the mark; `None` for a pod that is gone.
    async fn fence(&self, pod: &PodKey) -> Result<Option<Box<str>>, Failure> {
        let Some(fence) = self.store.change(Cluster::next_token) else { return Ok(None) };
        match self.api.fence(pod, &fence).await {
            Ok(now) => Ok(Some(now.resource_version)),
            Err(WriteError::NotFound(_)) => Ok(None),
            // The UID is a precondition: another pod of this name is not ours to mark, and this one is gone.
            Err(error @ (WriteError::Conflict(_) | WriteError::Rejected(_))) => match self.api.get(pod).await {
                Err(WriteError::NotFound(_)) => Ok(None),
                Ok(other) if other.key.uid != pod.uid => Ok(None),
                Ok(_) | Err(_) => Err(Failure::Write(error)),
            },
            Err(error) => Err(Failure::Write(error)),
        }
    }

    /// Waits for the watch to show a pod in this version or a later one, or gone; `None`: gone.
    async fn caught_up(&self, pod: &PodKey, version: Option<&str>) -> Result<(), Failure> {
        let shown = |cluster: &Cluster| match (cluster.pod(pod.uid.as_str()), version) {
            (None, _) => Some(()),
            (Some(_), None) => None,
            (Some((known, _)), Some(version)) => is_at_least(&known.resource_version, version).then_some(()),
        };
        self.store.until(PATIENCE, shown).await.ok_or_else(|| Failure::Behind(pod.clone()))
    }

    /// Writes the Binding of a commitment, and finds out what became of it.
    async fn write(&self, binding: &PendingBinding) -> Result<Written, Failure> {
        let mut outstanding = Outstanding { store: &self.store, binding, is_known: false };
        match self.api.bind(binding).await {
            Ok(()) => {
                outstanding.is_known = true;
                Ok(Written::Bound)
            }
            Err(WriteError::Conflict(problem)) => {
                // This Binding has failed; but an earlier one may be why.
                match self.api.get(&binding.pod).await {
                    Ok(now) if now.key.uid == binding.pod.uid => {
                        self.caught_up(&binding.pod, Some(&now.resource_version)).await?;
                    }
                    Ok(_) | Err(WriteError::NotFound(_)) => {}
                    Err(error) => return Err(Failure::Write(error)),
                }
                outstanding.has_failed();
                self.after_conflict(binding, problem)
            }
            Err(WriteError::Unknown(problem)) => {
                drop(outstanding);
                self.settle_for(&binding.pod.uid).await?;
                match self.node_of(&binding.pod)? {
                    Some(node) if node == binding.node => Ok(Written::Bound),
                    Some(node) => Err(BindError::Elsewhere(node).into()),
                    None => Err(Failure::Write(WriteError::Unknown(problem))),
                }
            }
            Err(error) => {
                outstanding.has_failed();
                Err(Failure::Write(error))
            }
        }
    }

    /// A precondition failed, and the watch has shown why.
    fn after_conflict(&self, binding: &PendingBinding, problem: String) -> Result<Written, Failure> {
        match self.node_of(&binding.pod)? {
            Some(node) if node == binding.node => Ok(Written::Bound),
            Some(node) => Err(BindError::Elsewhere(node).into()),
            None => {
                let foreign = self.store.read(|cluster| {
                    let (pod, _) = cluster.pod(binding.pod.uid.as_str())?;
                    let fence = pod.annotations.get(keys::EPOCH)?;
                    (!cluster.is_our_token(fence)).then(|| fence.to_owned())
                });
                foreign.map_or(Ok(Written::Changed(problem)), |fence| Err(Failure::Superseded(fence)))
            }
        }
    }

    /// Where the watch shows a pod.
    fn node_of(&self, pod: &PodKey) -> Result<Option<NodeName>, BindError> {
        let node = self.store.read(|cluster| cluster.pod(pod.uid.as_str()).map(|(pod, _)| pod.node.clone()));
        node.ok_or_else(|| BindError::UnknownPod(pod.to_string()))
    }
}

/// What became of a Binding.
enum Written {
    /// The pod is on its node.
    Bound,
    /// The pod was changed meanwhile, and is unbound; with what the API server said.
    Changed(String),
}

/// A Binding whose outcome is not known. Where nobody finds it out, as when the caller goes away, its commitment is in
/// doubt.
struct Outstanding<'a> {
    store: &'a Store,
    binding: &'a PendingBinding,
    is_known: bool,
}

impl Outstanding<'_> {
    /// It has not landed, and cannot any more.
    fn has_failed(&mut self) {
        self.is_known = true;
        let PendingBinding { pod, resource_version, .. } = self.binding;
        self.store.change(|cluster| cluster.withdraw(&pod.uid, resource_version));
    }
}

impl Drop for Outstanding<'_> {
    fn drop(&mut self) {
        if !self.is_known {
            let PendingBinding { pod, resource_version, .. } = self.binding;
            self.store.change(|cluster| cluster.note_unknown_outcome(&pod.uid, resource_version));
        }
    }
}

/// Versions of one kind can be compared as numbers (KEP-5504).
fn is_at_least(known: &str, wanted: &str) -> bool {
    match (known.parse::<u64>(), wanted.parse::<u64>()) {
        (Ok(known), Ok(wanted)) => known >= wanted,
        _ => known == wanted,
    }
}
