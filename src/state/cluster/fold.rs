//! The cluster, and how one event changes it.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::assumed_pod::AssumedPod;
use super::departed_job::DepartedJob;
use super::pods_by_object::PodsByObject;
use super::reserved_pod::{ExpiredReservation, ReservedPod};
use crate::model::{Load, NodeName, ObjectId, Owner, Pe, Pod, PodPhase, PodUid, UnreadableObject};
use crate::policy::PolicySet;
use crate::state::event::{Change, Event, Observed};
use crate::state::node_state::NodeIndex;
use crate::state::overload::LoadSummary;
use crate::state::shared_values::SharedValues;
use crate::state::snapshot::Snapshot;
use crate::state::takeover::Takeover;

/// The cluster: one writer applies events and assumes pods, and publishes snapshots.
#[derive(Debug, Default)]
pub struct Cluster {
    pub(super) policies: PolicySet,
    pub(super) pods: HashSet<Entry, ahash::RandomState>,
    /// Owners that are gone, at least as long as pods name them.
    pub(super) gone_owners: HashSet<Arc<Owner>, ahash::RandomState>,
    /// Pods that were assumed and that the watch does not show on a node yet. A tree, because it is iterated.
    pub(super) assumed_pods: BTreeMap<PodUid, AssumedPod>,
    /// Nodes that are reserved for pods of gangs and buckets that have begun. A tree, because it is iterated.
    pub(super) reserved_pods: BTreeMap<PodUid, ReservedPod>,
    /// Reservations that were given up and not reported yet, the last at the end.
    pub(super) expired_reservations: VecDeque<ExpiredReservation>,
    pub(super) takeover: Takeover,
    /// Jobs that have no PE at the moment, the last to lose its PEs at the end.
    pub(super) departed: VecDeque<DepartedJob>,
    pub(super) shared_values: SharedValues,
    /// Places of nodes in the snapshot that are free.
    pub(super) free: Vec<NodeIndex>,
    pub(super) current: Snapshot,
    expected: Expected,
    /// The measurements of the load file, also of nodes that are not known.
    pub(super) loads: BTreeMap<NodeName, Load>,
    /// The time of the last [`Event::Time`].
    pub(super) now: Timestamp,
    /// The pods of PEs by the object that declares their job: a `StreamJob`, or the `Job` of open-streams.
    pub(super) by_job: PodsByObject,
    /// The pods of each `ProcessingElement`.
    pub(super) by_element: PodsByObject,
    /// The pods of PEs by the pool that the PEs name.
    pub(super) by_pool: PodsByObject,
    /// The pods of PEs by the claims that they name.
    pub(super) by_claim: PodsByObject,
    /// The claims that name each volume.
    pub(super) claims_by_volume: BTreeSet<(Arc<str>, ObjectId)>,
    /// Pending pods that were first seen less than the quiet time ago, each with the time of the first
    /// [`Event::Settled`] since; `None` before that event.
    pub(super) arrivals: BTreeMap<PodUid, Option<SignedDuration>>,
    /// The pods of PEs whose placement spec is declared by an object that the watch has not shown.
    pub(super) awaiting: BTreeSet<PodUid>,
}

/// The kinds that have to be listed before the snapshot is complete.
#[derive(Debug)]
struct Expected(BTreeSet<Kind>);

impl Default for Expected {
    fn default() -> Self {
        Self(BTreeSet::from([Kind::Node, Kind::Pod, Kind::Pool, Kind::StreamJob]))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Node,
    Pod,
    Pool,
    StreamJob,
    DeclaredPe,
    DeclaredPool,
    DeclaredJob,
    DeclaredRegion,
    PersistentVolume,
    PersistentVolumeClaim,
    LimitRange,
    ResourceQuota,
}

/// How a change of objects of one kind changes the cluster.
pub(super) trait Apply: Observed {
    const KIND: Kind;
    fn put(self, cluster: &mut Cluster);
    fn gone(key: &Self::Key, cluster: &mut Cluster);
    /// These objects exist, and no other of their kind.
    fn list(objects: Vec<Self>, cluster: &mut Cluster);
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pod: Arc<Pod>,
    pub(super) pe: Option<Arc<Pe>>,
    /// The node that the pod counts on.
    pub(super) node: Option<NodeIndex>,
    /// True where the node is only reserved for the pod.
    pub(super) is_reserved: bool,
}

// Entries are found by the UID that their pods have anyway.
impl Borrow<str> for Entry {
    fn borrow(&self) -> &str {
        self.pod.key.uid.as_str()
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<str>::borrow(self).hash(state);
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.pod.key.uid == other.pod.key.uid
    }
}

impl Eq for Entry {}

impl Cluster {
    /// An empty cluster under these policies.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        Self { policies, ..Self::default() }
    }

    /// Applies one event. Events of pods have to come in the order of the watch: an answer to a read or a write of a
    /// pod may be ahead of the watch, and is never applied.
    pub fn apply(&mut self, event: Event) {
        // These events change the version themselves, where they change what a decision reads.
        let may_change_nothing = |event: &Event| {
            matches!(
                event,
                Event::Loads(_)
                    | Event::Time(_)
                    | Event::Settled { .. }
                    | Event::OwnerGone(_)
                    | Event::StreamJobsShown(_)
                    | Event::PersistentVolume(Change::Put(_) | Change::Gone(_))
                    | Event::PersistentVolumeClaim(Change::Put(_) | Change::Gone(_))
                    | Event::LimitRange(_)
                    | Event::ResourceQuota(_)
            )
        };
        self.current.version += u64::from(!may_change_nothing(&event));
        match event {
            Event::Node(change) => self.apply_change(change),
            Event::Pod(change) => self.apply_change(change),
            Event::Pool(change) => self.apply_change(change),
            Event::StreamJob(change) => self.apply_change(change),
            Event::DeclaredPe(change) => self.apply_change(change),
            Event::DeclaredPool(change) => self.apply_change(change),
            Event::DeclaredJob(change) => self.apply_change(change),
            Event::DeclaredRegion(change) => self.apply_change(change),
            Event::PersistentVolume(change) => self.apply_change(change),
            Event::PersistentVolumeClaim(change) => self.apply_change(change),
            Event::LimitRange(change) => self.apply_change(change),
            Event::ResourceQuota(change) => self.apply_change(change),
            Event::StreamJobsShown(version) => self.show_stream_jobs(version),
            Event::Unreadable(UnreadableObject { kind, id, problem }) => {
                let unreadable = Arc::make_mut(&mut self.current.declared.unreadable);
                match problem {
                    Some(problem) => drop(unreadable.insert((kind, id), problem)),
                    None => drop(unreadable.remove(&(kind, id))),
                }
            }
            Event::OwnerGone(owner) => self.drop_owner(&owner),
            Event::Policies(policies) => self.govern_by(policies),
            Event::Loads(loads) => {
                self.loads = loads;
                self.update_all_overloads();
            }
            Event::Demand(forecasts) => self.current.demand = forecasts,
            Event::Time(now) => {
                self.now = now;
                self.update_all_overloads();
            }
            Event::Settled { elapsed, quiet } => {
                self.settle(elapsed, quiet);
                self.expire_reservations(elapsed);
            }
        }
        self.current.complete = self.expected.0.is_empty();
    }

    fn apply_change<T: Apply>(&mut self, change: Change<T>) {
        match change {
            Change::Expected => drop(self.expected.0.insert(T::KIND)),
            Change::Put(object) => object.put(self),
            Change::Gone(key) => T::gone(&key, self),
            Change::Listed(objects) => {
                T::list(objects, self);
                self.expected.0.remove(&T::KIND);
            }
        }
    }

    /// The cluster at this moment.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.current
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// A summary of the load of all nodes; `None` without load protection.
    #[must_use]
    pub fn load_summary(&self) -> Option<LoadSummary> {
        let nodes = self.current.nodes().filter_map(|(_, state, _)| Some((state, self.measured(state)?)));
        let protection = self.policies.load_protection()?;
        Some(LoadSummary::new(protection, &nodes.collect::<Vec<_>>(), self.now))
    }

    /// A pod by UID, and the PE that it is.
    #[must_use]
    pub fn pod(&self, uid: &str) -> Option<(&Arc<Pod>, Option<&Arc<Pe>>)> {
        self.pods.get(uid).map(|entry| (&entry.pod, entry.pe.as_ref()))
    }

    /// Every PE whose pod has not ended, also one that is leaving, with the node that the pod is bound to; in no particular
    /// order.
    pub fn pes(&self) -> impl Iterator<Item = (&Arc<Pe>, Option<NodeIndex>)> {
        let entries = self.pods.iter().filter(|entry| entry.pod.phase != PodPhase::Finished);
        entries.filter_map(|entry| Some((entry.pe.as_ref()?, entry.node.filter(|_| !entry.is_reserved))))
    }

    /// True where the owner of a pod is gone, so that Kubernetes is going to collect the pod.
    #[must_use]
    pub fn is_orphan(&self, pod: &Pod) -> bool {
        pod.owner.as_ref().is_some_and(|owner| self.gone_owners.contains(owner))
    }

    /// The pod of this name.
    #[must_use]
    pub fn named(&self, namespace: &str, name: &str) -> Option<&Arc<Pod>> {
        let has_name = |pod: &&Arc<Pod>| pod.key.name.as_str() == name && pod.key.namespace.as_str() == namespace;
        // The watch may show the next pod of a name before it shows that the last one is gone.
        self.pods.iter().map(|entry| &entry.pod).filter(has_name).max_by_key(|pod| (pod.created, &pod.key.uid))
    }

    fn govern_by(&mut self, policies: PolicySet) {
        self.policies = policies;
        self.replace_all(|_| true);
        self.update_all_overloads();
    }
}

#[cfg(test)]
#[path = "tests/fold.rs"]
mod tests;
