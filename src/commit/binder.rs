//! One bind, from the question to a certain answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::StreamExt as _;
use jiff::Timestamp;

use super::api::{Api, WriteError};
use crate::extender::bind::{BindError, Commitment, Verified, verify_and_commit};
use crate::extender::{Attempt, BindingArguments, to_fence};
use crate::model::{Pe, Pod, PodKey};
use crate::policy::keys;
use crate::state::{Cluster, Event};
use crate::watch::Store;

/// Fences of one takeover are written side by side, but not all at once.
const FENCES_AT_ONCE: usize = 16;

/// Binds pods: the only writer of placements in this process.
#[derive(Debug)]
pub struct Binder {
    store: Arc<Store>,
    api: Arc<dyn Api>,
    /// Marks this process: written onto pods that an older one may still bind.
    epoch: String,
    fences: AtomicU64,
    took_over: AtomicBool,
}

/// What became of a bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// The pod is on the node, by a Binding of ours.
    Placed(Box<Commitment>),
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
}

impl Failure {
    /// A bounded name for metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Turned(BindError::Refused(refusal)) => refusal.reason().as_str(),
            Self::Turned(BindError::Elsewhere(_)) => "PodElsewhere",
            Self::Write(WriteError::Conflict(_)) => "Conflict",
            Self::Turned(BindError::UnknownPod(_)) | Self::Write(WriteError::NotFound(_)) => "PodGone",
            Self::Write(WriteError::Refused(_)) => "ApiRefused",
            Self::Write(WriteError::Unknown(_)) => "ApiUnknown",
            Self::Superseded(_) => "Superseded",
        }
    }
}

impl Binder {
    /// Binds through `api`; `epoch` must differ from that of every other process.
    #[must_use]
    pub fn new(store: Arc<Store>, api: Arc<dyn Api>, epoch: String) -> Self {
        Self { store, api, epoch, fences: AtomicU64::new(0), took_over: AtomicBool::new(false) }
    }

    /// Notes that kube-scheduler asks this process: with the first question, PEs that wait may have a Binding of an
    /// older process on its way.
    pub fn asked(&self) {
        if !self.took_over.load(Ordering::Acquire) {
            self.store.change(|cluster| {
                if !self.took_over.swap(true, Ordering::AcqRel) {
                    cluster.take_over();
                }
            });
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
        self.learn_of(arguments).await?;
        self.fence_for(arguments).await?;
        let mut tried = false;
        loop {
            let verify = |cluster: &mut Cluster| verify_and_commit(cluster, arguments, attempt, now);
            let commitment = match self.store.change(verify)? {
                Verified::Already => return Ok(Bound::Already),
                Verified::Commit(commitment) => commitment,
            };
            match self.api.bind(&commitment).await {
                Ok(()) => return Ok(Bound::Placed(commitment)),
                Err(WriteError::Conflict(problem)) => match self.after_conflict(&commitment, problem).await? {
                    AfterConflict::Bound => return Ok(Bound::Placed(commitment)),
                    AfterConflict::Unbound(_) if !tried => tried = true,
                    AfterConflict::Unbound(problem) => {
                        self.forget(&commitment.pod);
                        return Err(Failure::Write(WriteError::Conflict(problem)));
                    }
                },
                Err(WriteError::Unknown(problem)) => return self.after_silence(commitment, problem).await,
                Err(error) => {
                    self.forget(&commitment.pod);
                    return Err(Failure::Write(error));
                }
            }
        }
    }

    /// Reads a pod that the watch has not shown yet.
    async fn learn_of(&self, arguments: &BindingArguments) -> Result<(), Failure> {
        if self.store.change(|cluster| cluster.pod(arguments.uid.as_str()).is_some()) {
            return Ok(());
        }
        let key =
            PodKey { namespace: arguments.namespace.clone(), name: arguments.name.clone(), uid: arguments.uid.clone() };
        let pod = self.api.get(&key).await.map_err(Failure::Write)?;
        if pod.key.uid != key.uid {
            return Err(BindError::UnknownPod(key.to_string()).into());
        }
        self.store.apply([Event::Pod(Box::new(pod))]);
        Ok(())
    }

    /// Makes sure that no older Binding can land that would break a rule together with this one (D17).
    async fn fence_for(&self, arguments: &BindingArguments) -> Result<(), Failure> {
        let pods = self.store.change(|cluster| {
            let pe: Option<Arc<Pe>> = cluster.pod(arguments.uid.as_str()).and_then(|(_, pe)| pe.cloned());
            pe.map(|pe| to_fence(cluster, &pe)).unwrap_or_default()
        });
        let mut fences = futures::stream::iter(pods)
            .map(|pod| async move { self.fence(&pod).await })
            .buffer_unordered(FENCES_AT_ONCE);
        while let Some(outcome) = fences.next().await {
            outcome?;
        }
        Ok(())
    }

    /// Writes our epoch onto a pod. Any Binding that was on its way has landed before, or fails from now on.
    async fn fence(&self, pod: &PodKey) -> Result<Option<Pod>, Failure> {
        // Each fence is another value: writing the same again would not change the version.
        let epoch = format!("{}.{}", self.epoch, self.fences.fetch_add(1, Ordering::Relaxed));
        match self.api.fence(pod, &epoch).await {
            Ok(now) => {
                self.store.change(|cluster| {
                    cluster.fenced(&pod.uid);
                    cluster.forget(&pod.uid);
                    cluster.apply(Event::Pod(Box::new(now.clone())));
                });
                Ok(Some(now))
            }
            // The UID is a precondition: another pod of this name is not ours to fence, and this one is gone.
            Err(WriteError::NotFound(_) | WriteError::Conflict(_)) => {
                self.store.apply([Event::PodGone(pod.uid.clone())]);
                Ok(None)
            }
            Err(error) => Err(Failure::Write(error)),
        }
    }

    /// A precondition failed: look again.
    async fn after_conflict(&self, commitment: &Commitment, problem: String) -> Result<AfterConflict, Failure> {
        let known_epoch = self.store.change(|cluster| {
            let (pod, _) = cluster.pod(commitment.pod.uid.as_str())?;
            pod.annotations.get(keys::EPOCH).map(str::to_owned)
        });
        let pod = match self.api.get(&commitment.pod).await {
            Ok(pod) if pod.key.uid == commitment.pod.uid => pod,
            Ok(_) | Err(WriteError::NotFound(_)) => {
                self.store.apply([Event::PodGone(commitment.pod.uid.clone())]);
                return Err(BindError::UnknownPod(commitment.pod.to_string()).into());
            }
            Err(error) => {
                self.store.change(|cluster| cluster.doubt(&commitment.pod.uid));
                return Err(Failure::Write(error));
            }
        };
        let node = pod.node.clone();
        let epoch = pod.annotations.get(keys::EPOCH).map(str::to_owned);
        self.store.apply([Event::Pod(Box::new(pod))]);
        match node {
            Some(node) if node == commitment.node => Ok(AfterConflict::Bound),
            Some(node) => Err(BindError::Elsewhere(node).into()),
            None => match epoch {
                Some(epoch) if Some(&epoch) != known_epoch.as_ref() && !epoch.starts_with(&self.epoch) => {
                    self.forget(&commitment.pod);
                    Err(Failure::Superseded(epoch))
                }
                _ => Ok(AfterConflict::Unbound(problem)),
            },
        }
    }

    /// No certain answer: our own Binding may still land. A fence on the pod ends the doubt; without one the
    /// commitment stays, and whoever needs to know fences first.
    async fn after_silence(&self, commitment: Box<Commitment>, problem: String) -> Result<Bound, Failure> {
        self.store.change(|cluster| cluster.doubt(&commitment.pod.uid));
        match self.fence(&commitment.pod).await? {
            Some(pod) if pod.node.as_ref() == Some(&commitment.node) => Ok(Bound::Placed(commitment)),
            Some(Pod { node: Some(node), .. }) => Err(BindError::Elsewhere(node).into()),
            Some(_) => Err(Failure::Write(WriteError::Unknown(problem))),
            None => Err(BindError::UnknownPod(commitment.pod.to_string()).into()),
        }
    }

    fn forget(&self, pod: &PodKey) {
        self.store.change(|cluster| cluster.forget(&pod.uid));
    }
}

enum AfterConflict {
    Bound,
    /// Unbound still; with what the API server said.
    Unbound(String),
}
