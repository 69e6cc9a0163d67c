//! What objects of group `streams.ibm.com` declare. The open-streams operator writes these objects.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{JobId, Labels, ObjectId, Owner, OwnerKind, Pool, PoolMembers};

/// A field of an object that cannot be read. The schema of the group is open: a field may hold any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field: `spec.placement.host`.
    pub field: String,
    /// What is wrong with the value.
    pub problem: String,
    /// The key of the placement spec whose value is unknown because of the field; `None`: no key depends on the field.
    pub key: Option<&'static str>,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// A `ProcessingElement`: the placement spec that its operators ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPe {
    /// Namespace and name: `<job>-<number of the PE>`.
    pub id: ObjectId,
    /// The UID: pods of an earlier object of this name have another owner UID.
    pub uid: Arc<str>,
    /// The values of the keys of the placement spec.
    pub spec: Labels,
    /// The fields that cannot be read.
    pub field_problems: Vec<FieldProblem>,
}

/// A `HostPool` of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPool {
    /// Namespace and name: `<job>-<number of the pool>`.
    pub id: ObjectId,
    /// The pool; `None` where a field cannot be read that it depends on.
    pub pool: Option<Arc<Pool>>,
    /// The fields that cannot be read.
    pub field_problems: Vec<FieldProblem>,
}

/// A `Job` of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredJob {
    /// Namespace and name of the job.
    pub id: ObjectId,
    /// The values of the keys of the placement spec, for each PE of the job that does not declare them.
    pub defaults: Labels,
    /// The requests of the job as a whole, by resource, as written.
    pub requests: Labels,
    /// The number of PEs of the job, once the operator has counted them.
    pub pes: Option<NonZeroU32>,
    /// The fields that cannot be read.
    pub field_problems: Vec<FieldProblem>,
}

/// A `ParallelRegion` of the group: a part of a job that runs in several channels. The operator makes PEs of the
/// channels and counts them in the `Job`. A region declares no placement spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRegion {
    /// Namespace and name: `<job>-<number of the region>`.
    pub id: ObjectId,
    /// The name of the job; empty where the object names none.
    pub job: Arc<str>,
    /// The name that users gave to the region.
    pub alias: Arc<str>,
    /// The number of channels; `None` where the field cannot be read.
    pub width: Option<NonZeroU32>,
    /// The fields that cannot be read.
    pub field_problems: Vec<FieldProblem>,
}

/// An object of the group.
pub trait OpenStreamsObject: PartialEq + Sized {
    /// Kind and group, for messages.
    const KIND_AND_GROUP: &'static str;
    /// The identity of the object.
    fn id(&self) -> &ObjectId;
    /// The fields that cannot be read.
    fn field_problems(&self) -> &[FieldProblem];
    /// The objects of this kind.
    fn of_mut(all: &mut OpenStreams) -> &mut Arc<Objects<Self>>;
}

/// Objects of one kind, by identity.
pub type Objects<T> = BTreeMap<ObjectId, Arc<T>>;

macro_rules! objects {
    ($($kind:literal $object:ident $member:ident;)*) => {$(
        impl OpenStreamsObject for $object {
            const KIND_AND_GROUP: &'static str = concat!($kind, ".streams.ibm.com");
            fn id(&self) -> &ObjectId {
                &self.id
            }
            fn field_problems(&self) -> &[FieldProblem] {
                &self.field_problems
            }
            fn of_mut(all: &mut OpenStreams) -> &mut Arc<Objects<Self>> {
                &mut all.$member
            }
        }
    )*};
}

objects! {
    "ProcessingElement" DeclaredPe pes;
    "HostPool" DeclaredPool pools;
    "Job" DeclaredJob jobs;
    "ParallelRegion" DeclaredRegion regions;
}

/// Every object of the group. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenStreams {
    /// PEs.
    pub pes: Arc<Objects<DeclaredPe>>,
    /// Host pools.
    pub pools: Arc<Objects<DeclaredPool>>,
    /// Jobs.
    pub jobs: Arc<Objects<DeclaredJob>>,
    /// Parallel regions.
    pub regions: Arc<Objects<DeclaredRegion>>,
}

/// What objects of the group declare of one PE.
#[derive(Clone, Copy, Debug, Default)]
pub struct Declared<'a> {
    /// The `ProcessingElement` of the PE.
    pub pe: Option<&'a DeclaredPe>,
    /// The `Job` of the PE.
    pub job: Option<&'a DeclaredJob>,
}

impl OpenStreams {
    /// The group, and the prefix of the names of its pools among all pools: no object can have a name with a `/`.
    pub const GROUP: &'static str = "streams.ibm.com";

    /// True where the group has no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pes.is_empty() && self.pools.is_empty() && self.jobs.is_empty() && self.regions.is_empty()
    }

    /// The known widths of the parallel regions of a job, by alias.
    #[must_use]
    pub fn widths(&self, job: &JobId) -> BTreeMap<String, NonZeroU32> {
        let regions = self.regions.values().filter(|region| region.id.namespace == job.namespace);
        let regions = regions.filter(|region| region.job == job.name);
        regions.filter_map(|region| Some((region.alias.to_string(), region.width?))).collect()
    }

    /// The name of a pool of the group among all pools, as the value of `outrigger.dev/host-pool`.
    #[must_use]
    pub fn pool_name(name: &str) -> String {
        format!("{}/{name}", Self::GROUP)
    }

    /// The identity of a pool of the group among all pools.
    #[must_use]
    pub fn pool_id(object: &ObjectId) -> ObjectId {
        ObjectId::new(&object.namespace, &Self::pool_name(&object.name))
    }

    /// The pool of the group with this identity among all pools.
    #[must_use]
    pub fn pool(&self, id: &ObjectId) -> Option<&DeclaredPool> {
        let name = id.name.strip_prefix(Self::GROUP)?.strip_prefix('/')?;
        self.pools.get(&ObjectId::new(&id.namespace, name)).map(|pool| &**pool)
    }

    /// The identity of the `ProcessingElement` of a PE: the owner of its pod, else `<job>-<pe>`.
    #[must_use]
    pub fn object(job: &JobId, pe: &str, owner: Option<&Owner>) -> ObjectId {
        match owner.filter(|owner| owner.kind == OwnerKind::ProcessingElement) {
            Some(owner) => ObjectId { namespace: job.namespace.clone(), name: Arc::clone(&owner.name) },
            None => ObjectId::new(&job.namespace, &format!("{}-{pe}", job.name)),
        }
    }

    /// What objects declare of the PE of this `ProcessingElement`. `None`: the pod is owned by the object, and the
    /// watch has not shown the object yet.
    #[must_use]
    pub fn declared(&self, object: &ObjectId, job: &str, owner: Option<&Owner>) -> Option<Declared<'_>> {
        let owner = owner.filter(|owner| owner.kind == OwnerKind::ProcessingElement);
        let is_its_own = |pe: &&DeclaredPe| owner.is_none_or(|owner| owner.uid.is_empty() || owner.uid == pe.uid);
        let pe = self.pes.get(object).map(|pe| &**pe).filter(is_its_own);
        let job = self.jobs.get(&ObjectId::new(&object.namespace, job)).map(|job| &**job);
        (pe.is_some() || owner.is_none()).then_some(Declared { pe, job })
    }
}

impl DeclaredPool {
    /// The host at this index of a pool that is a list of hosts and that each job has as a whole.
    #[must_use]
    pub fn listed(&self, place: u32) -> Option<&str> {
        let pool = self.pool.as_deref()?;
        let PoolMembers::Hosts(hosts) = &pool.members else { return None };
        let is_whole = pool.mode.size().is_none_or(|size| size == hosts.len());
        hosts.get(usize::try_from(place).ok()?).filter(|_| is_whole).map(|host| &**host)
    }
}
