//! What can happen to the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, DemandForecasts, LimitRange, Load, Node, NodeName, ObjectId,
    Owner, PersistentVolume, PersistentVolumeClaim, Pod, PodUid, Pool, ResourceQuota, ResourceVersion, StreamJob,
    UnreadableObject,
};
use crate::policy::PolicySet;
use crate::risk::Calibration;

/// One event, as a watch, a file or the clock delivers it.
#[derive(Clone, Debug)]
pub enum Event {
    /// Nodes have changed.
    Node(Change<Node>),
    /// Pods have changed.
    Pod(Change<Pod>),
    /// Objects `HostPool` of group `outrigger.dev` have changed.
    Pool(Change<Pool>),
    /// Objects `StreamJob` have changed.
    StreamJob(Change<StreamJob>),
    /// The watch has shown every `StreamJob` up to this version.
    StreamJobsShown(ResourceVersion),
    /// The latest version of an object cannot be read, or can be read again.
    Unreadable(UnreadableObject),
    /// Objects `ProcessingElement` of group `streams.ibm.com` have changed.
    DeclaredPe(Change<DeclaredPe>),
    /// Objects `HostPool` of group `streams.ibm.com` have changed.
    DeclaredPool(Change<DeclaredPool>),
    /// Objects `Job` of group `streams.ibm.com` have changed.
    DeclaredJob(Change<DeclaredJob>),
    /// Objects `ParallelRegion` of group `streams.ibm.com` have changed.
    DeclaredRegion(Change<DeclaredRegion>),
    /// Persistent volumes have changed.
    PersistentVolume(Change<PersistentVolume>),
    /// Claims to persistent volumes have changed.
    PersistentVolumeClaim(Change<PersistentVolumeClaim>),
    /// Objects `LimitRange` have changed.
    LimitRange(Change<LimitRange>),
    /// Objects `ResourceQuota` have changed.
    ResourceQuota(Change<ResourceQuota>),
    /// A workload is gone. Kubernetes is going to collect the pods that it alone owns.
    OwnerGone(Owner),
    /// The policies in force from now on.
    Policies(PolicySet),
    /// The measurements in the load file. They replace all measurements of earlier load files.
    Loads(BTreeMap<NodeName, Load>),
    /// What PEs and nodes are expected to use. It replaces all earlier forecasts.
    Demand(Arc<DemandForecasts>),
    /// What was learnt of earlier forecasts. It corrects the probabilities of overload from now on.
    Calibration(Arc<Calibration>),
    /// The time from now on: measurements age by it.
    Time(Timestamp),
    /// Time has passed, so that reservations may be given up. A pending pod is settled once it has been seen for the quiet
    /// time: the watch has probably shown all pods that were created with it. Before the first such event, every pod is
    /// settled. Neither the clock of the API server nor a step of our own plays a part.
    Settled {
        /// What has elapsed since the process started.
        elapsed: SignedDuration,
        /// How long a pod has to be seen before it is settled.
        quiet: SignedDuration,
    },
}

/// A change of the objects of one kind.
#[derive(Clone, Debug)]
pub enum Change<T: Observed> {
    /// The objects are going to be listed. The snapshot is not complete before.
    Expected,
    /// All objects that exist, from a consistent list.
    Listed(Vec<T>),
    /// An object was added or changed.
    Put(Box<T>),
    /// An object was deleted, or can no longer be read.
    Gone(T::Key),
}

/// An object whose changes are events.
pub trait Observed: Sized {
    /// What identifies an object among all of its kind.
    type Key;
    /// The event of a change.
    fn event(change: Change<Self>) -> Event;
}

impl Event {
    /// An object was added or changed.
    pub fn put<T: Observed>(object: T) -> Self {
        T::event(Change::Put(Box::new(object)))
    }

    /// An object was deleted.
    pub fn gone<T: Observed>(key: T::Key) -> Self {
        T::event(Change::Gone(key))
    }

    /// All objects of a kind that exist.
    #[must_use]
    pub fn listed<T: Observed>(objects: Vec<T>) -> Self {
        T::event(Change::Listed(objects))
    }

    /// The objects of a kind are going to be listed.
    #[must_use]
    pub fn expected<T: Observed>() -> Self {
        T::event(Change::Expected)
    }
}

macro_rules! observed {
    ($($object:ident by $key:ty;)*) => {$(
        impl Observed for $object {
            type Key = $key;

            fn event(change: Change<Self>) -> Event {
                Event::$object(change)
            }
        }
    )*};
}

observed! {
    Node by NodeName;
    Pod by PodUid;
    Pool by ObjectId;
    StreamJob by ObjectId;
    DeclaredPe by ObjectId;
    DeclaredPool by ObjectId;
    DeclaredJob by ObjectId;
    DeclaredRegion by ObjectId;
    PersistentVolume by Arc<str>;
    PersistentVolumeClaim by ObjectId;
    LimitRange by ObjectId;
    ResourceQuota by ObjectId;
}
