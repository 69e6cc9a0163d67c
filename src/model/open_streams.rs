//! What the objects of group `streams.ibm.com` declare, as the open-streams operator writes them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{JobId, Labels, Namespace, ObjectId, Owner, OwnerKind, Pool, PoolMembers};

/// What was not understood of an object: the schema of the group is open, so that anything may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field: `spec.placement.host`.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
    /// The key of the wish that cannot be known because of it; `None` where no wish depends on it.
    pub key: Option<&'static str>,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// A `ProcessingElement`: what its operators ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPe {
    /// Namespace and name; the name is that of the job, a hyphen, and the number of the PE.
    pub id: ObjectId,
    /// UID of the object: pods of an earlier object of this name are not its own.
    pub uid: Arc<str>,
    /// The values of the keys that a pod would carry.
    pub spec: Labels,
    /// What was not understood.
    pub field_problems: Vec<FieldProblem>,
}

/// A `HostPool` of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPool {
    /// Namespace and name; the name is that of the job, a hyphen, and the number of the pool.
    pub id: ObjectId,
    /// The pool; `None` where it cannot be known because of what was not understood.
    pub pool: Option<Arc<Pool>>,
    /// What was not understood.
    pub field_problems: Vec<FieldProblem>,
}

/// A `Job` of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredJob {
    /// Namespace and name, which are those of the job.
    pub id: ObjectId,
    /// The values of keys that hold for every PE of the job which says nothing else.
    pub defaults: Labels,
    /// What the job requests as a whole, by resource, as written.
    pub requests: Labels,
    /// How many PEs the job has, once the operator has counted them.
    pub pes: Option<NonZeroU32>,
    /// What was not understood.
    pub field_problems: Vec<FieldProblem>,
}

/// A `ParallelRegion` of the group: a part of a job that runs in several channels. The operator makes PEs of them and
/// counts these in the `Job`; the region says nothing of where they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRegion {
    /// Namespace and name; the name is that of the job, a hyphen, and the number of the region.
    pub id: ObjectId,
    /// The job; empty where none is named.
    pub job: Arc<str>,
    /// What its users call it.
    pub alias: Arc<str>,
    /// How many channels it has, or is about to have; `None` where that was not understood.
    pub width: Option<NonZeroU32>,
    /// What was not understood.
    pub field_problems: Vec<FieldProblem>,
}

/// An object of the group that decisions read, or people.
pub trait OpenStreamsObject: PartialEq + Sized {
    /// Its kind.
    const KIND: &'static str;
    /// Its kind and group, as errors name it.
    const KIND_AND_GROUP: &'static str;
    /// Its identity.
    fn id(&self) -> &ObjectId;
    /// What was not understood of it.
    fn field_problems(&self) -> &[FieldProblem];
    /// The objects of its kind.
    fn of(all: &OpenStreams) -> &Arc<Objects<Self>>;
    /// The objects of its kind, to be changed.
    fn of_mut(all: &mut OpenStreams) -> &mut Arc<Objects<Self>>;
}

/// Objects of one kind, by identity.
pub type Objects<T> = BTreeMap<ObjectId, Arc<T>>;

macro_rules! objects {
    ($($kind:literal $object:ident $member:ident;)*) => {$(
        impl OpenStreamsObject for $object {
            const KIND: &'static str = $kind;
            const KIND_AND_GROUP: &'static str = concat!($kind, ".streams.ibm.com");
            fn id(&self) -> &ObjectId {
                &self.id
            }
            fn field_problems(&self) -> &[FieldProblem] {
                &self.field_problems
            }
            fn of(all: &OpenStreams) -> &Arc<Objects<Self>> {
                &all.$member
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

/// What the group says of one PE.
#[derive(Clone, Copy, Debug, Default)]
pub struct Declared<'a> {
    /// Its `ProcessingElement`.
    pub pe: Option<&'a DeclaredPe>,
    /// The `Job` that it belongs to.
    pub job: Option<&'a DeclaredJob>,
}

impl OpenStreams {
    /// The group of its objects, and the prefix of the names of its pools: no object can have such a name.
    pub const GROUP: &'static str = "streams.ibm.com";

    /// True where there is no object at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pes.is_empty() && self.pools.is_empty() && self.jobs.is_empty() && self.regions.is_empty()
    }

    /// The widths of the parallel regions of a job, as far as they are known, by alias.
    #[must_use]
    pub fn widths(&self, job: &JobId) -> BTreeMap<String, NonZeroU32> {
        let regions = self.regions.values().filter(|region| region.id.namespace == job.namespace);
        let regions = regions.filter(|region| region.job == job.name);
        regions.filter_map(|region| Some((region.alias.to_string(), region.width?))).collect()
    }

    /// The name of a pool of the group among all pools, as `outrigger.dev/host-pool` would hold it.
    #[must_use]
    pub fn pool_name(name: &str) -> String {
        format!("{}/{name}", Self::GROUP)
    }

    /// The identity of a pool of the group among all pools.
    #[must_use]
    pub fn pool_id(object: &ObjectId) -> ObjectId {
        ObjectId::new(&object.namespace, &Self::pool_name(&object.name))
    }

    /// The pool behind an identity among all pools, where it is one of the group.
    #[must_use]
    pub fn pool(&self, id: &ObjectId) -> Option<&DeclaredPool> {
        let name = id.name.strip_prefix(Self::GROUP)?.strip_prefix('/')?;
        self.pools.get(&ObjectId::new(&id.namespace, name)).map(|pool| &**pool)
    }

    /// The `ProcessingElement` of a PE, by the owner of its pod, else by the names of job and PE.
    #[must_use]
    pub fn object(namespace: &Namespace, (job, pe): (&str, &str), owner: Option<&Owner>) -> ObjectId {
        match owner.filter(|owner| owner.kind == OwnerKind::ProcessingElement) {
            Some(owner) => ObjectId { namespace: namespace.clone(), name: Arc::clone(&owner.name) },
            None => ObjectId::new(namespace, &format!("{job}-{pe}")),
        }
    }

    /// What is said of the PE of this object, of a job; `None` where its pod belongs to the object, and the object has
    /// not been seen yet: nothing can be known before.
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
    /// The host that a place in the pool names, where the pool is a literal list: the list is the order.
    #[must_use]
    pub fn listed(&self, place: u32) -> Option<&str> {
        let pool = self.pool.as_deref()?;
        let PoolMembers::Hosts(hosts) = &pool.members else { return None };
        let is_whole = pool.mode.size().is_none_or(|size| size == hosts.len());
        hosts.get(usize::try_from(place).ok()?).filter(|_| is_whole).map(|host| &**host)
    }
}
