//! What is watched: kinds of objects, and the events that their changes are.

use std::fmt::Debug;

use kube::Resource;
use serde::de::DeserializeOwned;

use crate::api::{HostPool, NodeObject, PodObject, StreamJob as StreamJobObject};
use crate::model::{Node, NodeName, Pod, PodUid, Pool, PoolId, StreamJob, StreamJobId};
use crate::state::Event;

/// A kind of object that is watched: how it becomes an event.
pub(super) trait Watched:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    const KIND: &'static str;
    /// True where a cluster may have no such kind.
    const IS_OPTIONAL: bool = false;
    type Projected: Send;

    fn project(&self) -> Result<Self::Projected, Box<dyn std::error::Error>>;
    /// A part that cannot be read, and is left out while the rest counts: its kind, and what is wrong.
    fn left_out(&self) -> Option<(&'static str, Box<dyn std::error::Error>)> {
        None
    }
    fn put(projected: Self::Projected) -> Event;
    fn listed(all: Vec<Self::Projected>) -> Event;
    /// The event of an object that is gone, from its metadata alone.
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event>;
    /// The event that pods which belong to an object that is gone are going to be collected; its metadata are the last.
    fn orphans(_metadata: &kube::api::ObjectMeta) -> Option<Event> {
        None
    }
    /// An object, and what of it was not understood, though the rest counts.
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
    fn left_out(&self) -> Option<(&'static str, Box<dyn std::error::Error>)> {
        self.load().err().map(|error| ("NodeLoad", error.into()))
    }
    fn put(projected: Node) -> Event {
        Event::Node(projected)
    }
    fn listed(all: Vec<Node>) -> Event {
        Event::NodesListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        Some(Event::NodeGone(NodeName::from(metadata.name.as_deref()?)))
    }
}

impl Watched for PodObject {
    const KIND: &'static str = "Pod";
    type Projected = Pod;

    fn project(&self) -> Result<Pod, Box<dyn std::error::Error>> {
        Ok(Pod::try_from(self)?)
    }
    fn put(projected: Pod) -> Event {
        Event::Pod(Box::new(projected))
    }
    fn listed(all: Vec<Pod>) -> Event {
        Event::PodsListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        Some(Event::PodGone(PodUid::from(metadata.uid.as_deref()?)))
    }
}

impl Watched for HostPool {
    const KIND: &'static str = "HostPool";
    type Projected = Pool;

    fn project(&self) -> Result<Pool, Box<dyn std::error::Error>> {
        Ok(Pool::try_from(self)?)
    }
    fn put(projected: Pool) -> Event {
        Event::Pool(projected)
    }
    fn listed(all: Vec<Pool>) -> Event {
        Event::PoolsListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        let namespace = metadata.namespace.as_deref()?.into();
        Some(Event::PoolGone(PoolId { namespace, name: metadata.name.as_deref()?.into() }))
    }
}

impl Watched for StreamJobObject {
    const KIND: &'static str = "StreamJob";
    type Projected = StreamJob;

    fn project(&self) -> Result<StreamJob, Box<dyn std::error::Error>> {
        Ok(StreamJob::try_from(self)?)
    }
    fn put(projected: StreamJob) -> Event {
        Event::StreamJob(Box::new(projected))
    }
    fn listed(all: Vec<StreamJob>) -> Event {
        Event::StreamJobsListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        let namespace = metadata.namespace.as_deref()?.into();
        Some(Event::StreamJobGone(StreamJobId { namespace, name: metadata.name.as_deref()?.into() }))
    }
}
