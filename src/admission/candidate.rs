//! The pod under review, read as the PE that it becomes.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde::Deserialize as _;
use serde_json::Value;

use super::context::Context;
use super::json;
use super::known_demand::PeDemand;
use crate::api;
use crate::model::{
    DeclaredJob, InvalidPlacementSpec, Labels, Namespace, ObjectId, Owner, OwnerKind, PlacementSpec, Pod, PodKey,
    PodPhase, StreamJob, keys,
};
use crate::policy::{Dialect, Identity, PolicySet, StreamPolicy};

/// The policy that governs a pod, and the labels by which the policy was selected.
pub(super) struct Governed<'a> {
    pub(super) policy: &'a StreamPolicy,
    pub(super) namespace: &'a Namespace,
    pub(super) labels: Labels,
}

impl<'a> Governed<'a> {
    /// Selects the policy; `None` if no policy governs a pod with these labels.
    pub(super) fn select(namespace: &'a Namespace, labels: Labels, policies: &'a PolicySet) -> Option<Self> {
        let policy = policies.governing(namespace.as_str(), &labels)?;
        Some(Self { policy, namespace, labels })
    }
}

/// A pod that a policy governs, with identity and placement spec as the extender will read them.
pub(super) struct Candidate<'a> {
    pub(super) policy: &'a StreamPolicy,
    pub(super) namespace: &'a Namespace,
    pub(super) labels: Labels,
    pub(super) annotations: Labels,
    pub(super) identity: Identity,
    pub(super) spec: Result<Arc<PlacementSpec>, Box<InvalidPlacementSpec>>,
    /// True if a `ProcessingElement` declares the placement spec: the extender waits for that object.
    pub(super) belongs_to_pe: bool,
    /// True if the pod [was prepared](was_prepared) by an earlier call.
    pub(super) was_prepared: bool,
    /// The open-streams `Job` of such a pod.
    pub(super) job: Option<&'a DeclaredJob>,
    /// The `StreamJob` that declares the job, where one exists.
    pub(super) stream_job: Option<&'a StreamJob>,
    /// What is known of the use of the PE; nothing where the policy does not size by it.
    pub(super) demand: PeDemand<'a>,
}

impl<'a> Candidate<'a> {
    /// Reads the PE out of a raw pod; `None` if the labels name no job.
    ///
    /// Only the inputs of identity and placement spec are read, so a value elsewhere that cannot be parsed does not
    /// keep the pod from being prepared.
    pub(super) fn read(pod: &Value, governed: Governed<'a>, context: Context<'a>) -> Option<Self> {
        let Governed { policy, namespace, labels } = governed;
        let annotations = texts(pod, "annotations");
        let was_prepared = was_prepared(pod, policy);
        let name = json::text(pod, &["metadata", "name"]).unwrap_or_default();
        let placed = Arc::new(unplaced_pod(namespace, name, labels.clone(), annotations.clone(), controller(pod)));
        let identity = policy.identity(&placed)?;
        let belongs_to_pe = policy.dialect == Dialect::OpenStreams
            && placed.owner.as_ref().is_some_and(|owner| owner.kind == OwnerKind::ProcessingElement);
        let jobs = &context.declared.open_streams.jobs;
        let job = jobs.get(&ObjectId::new(namespace, &identity.job.name)).filter(|_| belongs_to_pe);
        let job = job.map(|job| &**job);
        let stream_job = context.declared.jobs.get(&identity.job.object()).map(|job| &**job);
        let pe = policy.pe(identity.clone(), &placed, context.declared);
        let demand = policy.sizing.demand.as_ref().map(|_| context.demand.of_pe(&pe)).unwrap_or_default();
        Some(Self {
            policy,
            namespace,
            labels,
            annotations,
            identity,
            spec: pe.spec,
            belongs_to_pe,
            was_prepared,
            job,
            stream_job,
            demand,
        })
    }

    /// The value of a key that may be an annotation or a label. The annotation overrides the label.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).or_else(|| self.labels.get(key)).map(str::trim)
    }
}

/// A pod that has only the inputs of identity and placement spec.
pub(super) fn unplaced_pod(
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
        claims: None,
        created: Timestamp::UNIX_EPOCH,
        priority: 0,
        has_preferences: false,
        has_unread_filters: false,
        oom_kill: None,
        is_gated: false,
        oversized: None,
        scheduler_name: Arc::from(""),
    }
}

/// True if an earlier call with this policy has prepared the pod: this call is a reinvocation, or the pod is a copy of a
/// prepared pod. The mark alone does not say so: users copy annotations into templates.
pub(super) fn was_prepared(pod: &Value, policy: &StreamPolicy) -> bool {
    let mark = json::text(pod, &["metadata", "annotations", keys::POLICY]);
    let scheduler = json::text(pod, &["spec", "schedulerName"]);
    mark == Some(&policy.name) && scheduler == Some(&policy.scheduler_name)
}

/// The labels of a raw pod.
pub(super) fn labels(pod: &Value) -> Labels {
    texts(pod, "labels")
}

fn texts(pod: &Value, member: &str) -> Labels {
    let pairs = json::get(pod, &["metadata", member]).and_then(Value::as_object);
    pairs.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?))).collect()
}

/// The owner reference with `controller: true`.
fn controller(pod: &Value) -> Option<Owner> {
    let owners = json::list(pod, &["metadata", "ownerReferences"]).iter();
    let owners: Vec<OwnerReference> = owners.filter_map(|owner| OwnerReference::deserialize(owner).ok()).collect();
    api::controller(&owners)
}
