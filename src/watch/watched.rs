//! The kinds of objects that are watched, and how an object becomes the value that the state holds.

use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{LimitRange as LimitRangeObject, ResourceQuota as ResourceQuotaObject};
use kube::Resource;
use kube::api::ObjectMeta;
use serde::de::DeserializeOwned;

use super::owners;
use crate::api::open_streams::{HostPool as DeclaredPoolObject, Job, ParallelRegion, ProcessingElement};
use crate::api::{
    HostPool, NodeObject, PersistentVolumeClaimObject, PersistentVolumeObject, PodObject, StreamJob as StreamJobObject,
};
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, LimitRange, Namespace, Node, NodeName, ObjectId,
    OpenStreamsObject as _, PersistentVolume, PersistentVolumeClaim, Pod, PodUid, Pool, ResourceQuota, ResourceVersion,
    StreamJob, UnreadableObject,
};
use crate::state::{Event, Observed};

/// A kind of object that is watched.
pub(super) trait Watched:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    const KIND: &'static str;
    /// True where a cluster may not serve the kind, or where this process goes on without the right to read the kind.
    const IS_OPTIONAL: bool = false;
    /// What does not work where this process may not read an optional kind.
    const IF_FORBIDDEN: &'static str = "PEs that belong to its objects wait";
    /// What the state holds of an object.
    type Projected: Observed + Send;

    fn project(&self) -> Result<Self::Projected, Box<dyn std::error::Error>>;
    /// The key of an object by its metadata; `None` where they are incomplete.
    fn key(metadata: &ObjectMeta) -> Option<<Self::Projected as Observed>::Key>;
    /// A part of the object that cannot be read and is left out: its kind, and the error.
    fn left_out(&self) -> Option<(&'static str, Box<dyn std::error::Error>)> {
        None
    }
    /// The event that Kubernetes is going to collect the pods of an object that was deleted. The metadata are the last
    /// ones of the object.
    fn orphans(_metadata: &ObjectMeta) -> Option<Event> {
        None
    }
    /// The event that the watch has shown every object up to this resource version.
    fn shown(_version: &str) -> Option<Event> {
        None
    }
    /// The event that the latest version of an object cannot be read; without a problem, that it can be read again.
    fn unreadable(_metadata: &ObjectMeta, _problem: Option<&str>) -> Option<Event> {
        None
    }
    /// Name and field problems of an object that counts all the same.
    fn field_problems(_projected: &Self::Projected) -> Option<(String, String)> {
        None
    }
}

impl Watched for NodeObject {
    const KIND: &'static str = "Node";
    type Projected = Node;

    fn project(&self) -> Result<Node, Box<dyn std::error::Error>> {
        Ok(Node::try_from(self)?)
    }
    fn key(metadata: &ObjectMeta) -> Option<NodeName> {
        Some(NodeName::from(metadata.name.as_deref()?))
    }
    fn left_out(&self) -> Option<(&'static str, Box<dyn std::error::Error>)> {
        self.load().err().map(|error| ("NodeLoad", error.into()))
    }
}

impl Watched for PodObject {
    const KIND: &'static str = "Pod";
    type Projected = Pod;

    fn project(&self) -> Result<Pod, Box<dyn std::error::Error>> {
        Ok(Pod::try_from(self)?)
    }
    fn key(metadata: &ObjectMeta) -> Option<PodUid> {
        Some(PodUid::from(metadata.uid.as_deref()?))
    }
}

impl Watched for HostPool {
    const KIND: &'static str = "HostPool";
    type Projected = Pool;

    fn project(&self) -> Result<Pool, Box<dyn std::error::Error>> {
        Ok(Pool::try_from(self)?)
    }
    fn key(metadata: &ObjectMeta) -> Option<ObjectId> {
        object_id(metadata)
    }
    fn unreadable(metadata: &ObjectMeta, problem: Option<&str>) -> Option<Event> {
        unreadable::<Self>(metadata, problem)
    }
}

impl Watched for StreamJobObject {
    const KIND: &'static str = "StreamJob";
    type Projected = StreamJob;

    fn project(&self) -> Result<StreamJob, Box<dyn std::error::Error>> {
        Ok(StreamJob::try_from(self)?)
    }
    fn key(metadata: &ObjectMeta) -> Option<ObjectId> {
        object_id(metadata)
    }
    fn unreadable(metadata: &ObjectMeta, problem: Option<&str>) -> Option<Event> {
        unreadable::<Self>(metadata, problem)
    }
    fn shown(version: &str) -> Option<Event> {
        ResourceVersion::parse(version).map(Event::StreamJobsShown)
    }
}

impl Watched for PersistentVolumeObject {
    const KIND: &'static str = "PersistentVolume";
    const IS_OPTIONAL: bool = true;
    const IF_FORBIDDEN: &'static str = VOLUMES_FORBIDDEN;
    type Projected = PersistentVolume;

    fn project(&self) -> Result<PersistentVolume, Box<dyn std::error::Error>> {
        Ok(PersistentVolume::try_from(self)?)
    }
    fn key(metadata: &ObjectMeta) -> Option<Arc<str>> {
        Some(Arc::from(metadata.name.as_deref()?))
    }
}

impl Watched for PersistentVolumeClaimObject {
    const KIND: &'static str = "PersistentVolumeClaim";
    const IS_OPTIONAL: bool = true;
    const IF_FORBIDDEN: &'static str = VOLUMES_FORBIDDEN;
    type Projected = PersistentVolumeClaim;

    fn project(&self) -> Result<PersistentVolumeClaim, Box<dyn std::error::Error>> {
        Ok(PersistentVolumeClaim::try_from(self)?)
    }
    fn key(metadata: &ObjectMeta) -> Option<ObjectId> {
        object_id(metadata)
    }
}

const VOLUMES_FORBIDDEN: &str = "PEs are planned without their volumes, on the nodes that kube-scheduler asks about";

impl Watched for LimitRangeObject {
    const KIND: &'static str = "LimitRange";
    const IS_OPTIONAL: bool = true;
    const IF_FORBIDDEN: &'static str = "sidecars are not fitted to limit ranges, so the API server may reject PEs";
    type Projected = LimitRange;

    fn project(&self) -> Result<LimitRange, Box<dyn std::error::Error>> {
        Ok(LimitRange::try_from(self)?)
    }
    fn key(metadata: &ObjectMeta) -> Option<ObjectId> {
        object_id(metadata)
    }
}

impl Watched for ResourceQuotaObject {
    const KIND: &'static str = "ResourceQuota";
    const IS_OPTIONAL: bool = true;
    const IF_FORBIDDEN: &'static str = "sidecars lack what quotas demand, so the API server may reject PEs";
    type Projected = ResourceQuota;

    fn project(&self) -> Result<ResourceQuota, Box<dyn std::error::Error>> {
        Ok(ResourceQuota::from(self))
    }
    fn key(metadata: &ObjectMeta) -> Option<ObjectId> {
        object_id(metadata)
    }
}

macro_rules! open_streams {
    ($($object:ident as $declared:ident;)*) => {$(
        impl Watched for $object {
            const KIND: &'static str = $declared::KIND_AND_GROUP;
            const IS_OPTIONAL: bool = true;
            type Projected = $declared;

            fn project(&self) -> Result<$declared, Box<dyn std::error::Error>> {
                Ok($declared::try_from(self)?)
            }
            fn key(metadata: &ObjectMeta) -> Option<ObjectId> {
                object_id(metadata)
            }
            fn orphans(metadata: &ObjectMeta) -> Option<Event> {
                owners::gone::<Self>(metadata)
            }
            fn field_problems(projected: &$declared) -> Option<(String, String)> {
                let problems: Vec<String> = projected.field_problems().iter().map(ToString::to_string).collect();
                Some((projected.id().to_string(), problems.join("; ")))
            }
        }
    )*};
}

open_streams! {
    ProcessingElement as DeclaredPe;
    DeclaredPoolObject as DeclaredPool;
    Job as DeclaredJob;
    ParallelRegion as DeclaredRegion;
}

fn unreadable<K: Watched>(metadata: &ObjectMeta, problem: Option<&str>) -> Option<Event> {
    let (kind, id) = (K::KIND, object_id(metadata)?);
    Some(Event::Unreadable(UnreadableObject { kind, id, problem: problem.map(Arc::from) }))
}

fn object_id(metadata: &ObjectMeta) -> Option<ObjectId> {
    Some(ObjectId::new(&Namespace::from(metadata.namespace.as_deref()?), metadata.name.as_deref()?))
}
