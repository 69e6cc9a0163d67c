//! The pod under review, read as the PE that it will be.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde::Deserialize as _;
use serde_json::Value;

use super::outcome::SkipReason;
use super::{Context, json};
use crate::api;
use crate::model::{
    DeclaredJob, InvalidPlacementSpec, Labels, Namespace, ObjectId, Owner, OwnerKind, PlacementSpec, Pod, PodKey,
    PodPhase,
};
use crate::policy::{Dialect, Identity, StreamPolicy};

/// A pod that a policy governs, as the placement will read it.
pub(super) struct Candidate<'a> {
    pub(super) policy: &'a StreamPolicy,
    pub(super) namespace: &'a Namespace,
    pub(super) labels: Labels,
    pub(super) annotations: Labels,
    pub(super) identity: Identity,
    pub(super) spec: Result<Arc<PlacementSpec>, Box<InvalidPlacementSpec>>,
    /// True where a `ProcessingElement` says what it wishes: the extender waits for that object.
    pub(super) belongs_to_pe: bool,
    /// The `Job` that such a pod belongs to.
    pub(super) job: Option<&'a DeclaredJob>,
}

impl<'a> Candidate<'a> {
    /// Reads the PE out of a raw pod.
    ///
    /// Only what identity and wishes depend on is read, so that a pod with a value that we cannot parse elsewhere is
    /// still prepared.
    pub(super) fn read(
        pod: &Value,
        namespace: &'a Namespace,
        context: Context<'a>,
    ) -> Result<Self, (SkipReason, Option<&'a StreamPolicy>)> {
        let labels = texts(pod, "labels");
        let policy = context.policies.governing(namespace.as_str(), &labels).ok_or((SkipReason::NoPolicy, None))?;
        let no_job = (SkipReason::NoJob, Some(policy));
        let annotations = texts(pod, "annotations");
        let owner = controller(pod);
        let identity =
            policy.dialect.identity(namespace, &labels, owner.as_ref().map(|owner| &*owner.name)).ok_or(no_job)?;
        let belongs_to_pe = policy.dialect == Dialect::OpenStreams
            && owner.as_ref().is_some_and(|owner| owner.kind == OwnerKind::ProcessingElement);
        let jobs = &context.declared.open_streams.jobs;
        let job = jobs.get(&ObjectId::new(namespace, &identity.job.name)).filter(|_| belongs_to_pe);
        let name = json::text(pod, &["metadata", "name"]).unwrap_or_default();
        let as_placed = bare(namespace, name, labels.clone(), annotations.clone(), owner);
        let spec = context.policies.pe(&Arc::new(as_placed), context.declared).ok_or(no_job)?.spec;
        Ok(Self { policy, namespace, labels, annotations, identity, spec, belongs_to_pe, job: job.map(|job| &**job) })
    }

    /// The value of a key that may be an annotation or a label; the annotation wins.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).or_else(|| self.labels.get(key)).map(str::trim)
    }
}

/// A pod of which nothing is known but what its PE is read from.
pub(super) fn bare(
    namespace: &Namespace,
    name: &str,
    labels: Labels,
    annotations: Labels,
    owner: Option<Owner>,
) -> Pod {
    Pod {
        key: PodKey { namespace: namespace.clone(), name: name.into(), uid: "".into() },
        resource_version: Box::default(),
        labels,
        annotations,
        owner: owner.map(Arc::new),
        node: None,
        phase: PodPhase::Active,
        resources: Arc::default(),
        node_requirements: None,
        created: Timestamp::UNIX_EPOCH,
        priority: 0,
        has_preferences: false,
    }
}

fn texts(pod: &Value, member: &str) -> Labels {
    let pairs = json::get(pod, &["metadata", member]).and_then(Value::as_object);
    pairs.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?))).collect()
}

/// The workload that controls the pod.
fn controller(pod: &Value) -> Option<Owner> {
    let owners = json::list(pod, &["metadata", "ownerReferences"]).iter();
    let owners: Vec<OwnerReference> = owners.filter_map(|owner| OwnerReference::deserialize(owner).ok()).collect();
    api::controller(&owners)
}
