//! The objects of all files, by what they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::LimitRange;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use serde_json::{Value, json};

use crate::api::open_streams::{self, Job, ParallelRegion, ProcessingElement};
use crate::cli::CommandError;
use crate::cli::manifests::{Object, metadata_text};
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, Namespace, Node, ObjectId, OpenStreams, OpenStreamsObject,
    PersistentVolume, PersistentVolumeClaim, Pod, PodClaim, PodPhase, Pools, StreamJobs,
};
use crate::simulate::api_server::{ApiServer, set_defaults};
use crate::simulate::controllers::ControllerKind;
use crate::simulate::newest_time;
use crate::simulate::not_simulated::ClaimedVolumes;

/// The objects of all files.
#[derive(Debug, Default)]
pub(super) struct Gathered<'t> {
    pub(super) nodes: Vec<Node>,
    /// Nodes without the condition `Ready`.
    pub(super) unconditional_nodes: Vec<String>,
    pub(super) pools: Pools,
    pub(super) jobs: StreamJobs,
    pub(super) open_streams: OpenStreams,
    pub(super) volumes: BTreeMap<Arc<str>, PersistentVolume>,
    /// The volumes of CSI drivers, by name: a node takes so many of a driver.
    csi_volumes: BTreeSet<Arc<str>>,
    pub(super) claims: BTreeMap<ObjectId, PersistentVolumeClaim>,
    pub(super) api_server: ApiServer,
    /// The extended resources that device classes stand for.
    pub(super) device_resources: BTreeSet<String>,
    /// The bound pods of the cluster.
    pub(super) running: Vec<Pod>,
    /// The bound pods of the cluster and all pods of the workload by name, as far as controllers read them.
    pub(super) outlines: BTreeMap<String, Value>,
    pub(super) workload: Vec<WorkloadObject<'t>>,
    pub(super) newest: Option<Timestamp>,
    /// Problems in fields of objects with an open schema, by object; the first problem is the important one.
    pub(super) field_problems: BTreeMap<String, Vec<String>>,
    /// The files of folders that hold no manifest.
    pub(super) left_out: Vec<String>,
    /// The file of each object, by kind and name: no two objects of a kind have one name.
    seen: BTreeMap<(&'static str, String), String>,
    /// How many objects were skipped, by kind.
    skipped: BTreeMap<String, usize>,
    skipped_in_workload: BTreeMap<String, usize>,
}

/// An object of the workload that is a pod or stands for pods.
#[derive(Debug)]
pub(super) enum WorkloadObject<'t> {
    Pod(Object<'t>),
    /// A pod that has ended counts for nothing.
    EndedPod,
    Controller(ControllerKind, Object<'t>),
}

impl<'t> Gathered<'t> {
    pub(super) fn add_to_cluster(&mut self, object: &Object<'t>) -> Result<(), CommandError> {
        if object.is("", "Node") {
            self.node(object)?;
        } else if object.is("", "Pod") {
            self.running_pod(object)?;
        } else if !self.declaration(object)? {
            self.skip(object);
            return Ok(());
        }
        self.newest = self.newest.max(newest_time(object.value()));
        Ok(())
    }

    /// From here on objects of the workload are added. They may replace pools, jobs and classes of the cluster.
    pub(super) fn begin_workload(&mut self) {
        self.seen.retain(|(kind, _), _| *kind == "Node");
    }

    pub(super) fn add_to_workload(&mut self, mut object: Object<'t>) -> Result<(), CommandError> {
        let controller = ControllerKind::of(object.group(), object.kind());
        if object.is("", "Pod") {
            object.complete_name(|name| !self.seen.contains_key(&("Pod", name.to_owned())));
            self.newest = self.newest.max(newest_time(object.value()));
            return self.pod_of_workload(object);
        }
        if let Some(kind) = controller {
            self.newest = self.newest.max(newest_time(object.value()));
            self.workload.push(WorkloadObject::Controller(kind, object));
        } else if self.declaration(&object)? {
            self.newest = self.newest.max(newest_time(object.value()));
        } else if !(object.is("", "Node") && self.seen.contains_key(&("Node", object.name()))) {
            *self.skipped_in_workload.entry(skipped_kind(&object)).or_default() += 1;
        }
        Ok(())
    }

    /// Kinds of the workload that are not read, with their numbers.
    pub(super) fn skipped_in_workload(&self) -> String {
        listed(&self.skipped_in_workload)
    }

    /// Kinds of all files that are not read, with their numbers.
    pub(super) fn skipped(&self) -> String {
        let mut all = self.skipped.clone();
        for (kind, count) in &self.skipped_in_workload {
            *all.entry(kind.clone()).or_default() += count;
        }
        listed(&all)
    }

    fn node(&mut self, object: &Object<'_>) -> Result<(), CommandError> {
        let node = object.node()?;
        self.insert_name("Node", object)?;
        self.newest = self.newest.max(node.load.map(|load| load.at));
        let conditions = object.value().pointer("/status/conditions").and_then(Value::as_array);
        let is_ready = |condition: &Value| condition.get("type").and_then(Value::as_str) == Some("Ready");
        if !conditions.into_iter().flatten().any(is_ready) {
            self.unconditional_nodes.push(node.name.to_string());
        }
        self.nodes.push(node);
        Ok(())
    }

    /// A pod of the cluster counts where it has a node.
    fn running_pod(&mut self, object: &Object<'_>) -> Result<(), CommandError> {
        self.insert_name("Pod", object)?;
        let mut value = object.value().clone();
        set_defaults(&mut value);
        let pod = object.with_value(value).pod()?;
        if pod.node.is_some() {
            self.outlines.insert(object.name(), outline(object.value()));
            self.running.push(pod);
        }
        Ok(())
    }

    fn pod_of_workload(&mut self, object: Object<'t>) -> Result<(), CommandError> {
        let pod = object.pod()?;
        // The workload's version of a pod replaces the cluster's.
        self.outlines.insert(object.name(), outline(object.value()));
        if pod.phase == PodPhase::Finished {
            self.workload.push(WorkloadObject::EndedPod);
            return Ok(());
        }
        self.insert_name("Pod", &object)?;
        self.workload.push(WorkloadObject::Pod(object));
        Ok(())
    }

    /// Adds an object that declares something; false for an object of another kind.
    fn declaration(&mut self, object: &Object<'_>) -> Result<bool, CommandError> {
        if object.is_of_open_streams() {
            return self.open_streams(object);
        }
        if object.is("outrigger.dev", "HostPool") {
            let pool = object.pool()?;
            self.insert_name("HostPool", object)?;
            self.pools.insert(pool.id.clone(), Arc::new(pool));
        } else if object.is("outrigger.dev", "StreamJob") {
            let job = object.stream_job()?;
            self.insert_name("StreamJob", object)?;
            self.jobs.insert(job.id.clone(), Arc::new(job));
        } else if object.is("scheduling.k8s.io", "PriorityClass") {
            self.insert_name("PriorityClass", object)?;
            self.api_server.priority_classes.insert(object.name(), object.read::<PriorityClass>()?);
        } else if object.is("node.k8s.io", "RuntimeClass") {
            self.insert_name("RuntimeClass", object)?;
            object.check_amounts()?;
            self.api_server.runtime_classes.insert(object.name(), object.read::<RuntimeClass>()?);
        } else if object.is("", "LimitRange") {
            self.insert_name("LimitRange", object)?;
            object.check_amounts()?;
            let text = |member: &str| metadata_text(object.value(), member);
            let id = ObjectId::new(&Namespace::from(text("namespace")), text("name"));
            self.api_server.limit_ranges.insert(id, object.read::<LimitRange>()?);
        } else if object.is("", "PersistentVolume") {
            self.persistent_volume(object)?;
        } else if object.is("", "PersistentVolumeClaim") {
            let claim = object.claim()?;
            self.insert_name("PersistentVolumeClaim", object)?;
            self.claims.insert(claim.id.clone(), claim);
        } else if object.is("resource.k8s.io", "DeviceClass") {
            self.device_class(object);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn persistent_volume(&mut self, object: &Object<'_>) -> Result<(), CommandError> {
        let volume = object.persistent_volume()?;
        self.insert_name("PersistentVolume", object)?;
        if object.value().pointer("/spec/csi").is_some() {
            self.csi_volumes.insert(Arc::clone(&volume.name));
        } else {
            self.csi_volumes.remove(&volume.name);
        }
        self.volumes.insert(Arc::clone(&volume.name), volume);
        Ok(())
    }

    /// What the files tell of the volumes behind the claims of a pod.
    pub(super) fn claimed_volumes(&self, pod: &Pod) -> ClaimedVolumes {
        let claims = || pod.claims.iter().flat_map(|claims| claims.iter());
        let volume = |claim: &PodClaim| {
            let id = ObjectId { namespace: pod.key.namespace.clone(), name: Arc::clone(&claim.name) };
            let bound = self.claims.get(&id)?.volume.as_ref()?;
            let is_of_pod = !claim.is_ephemeral || bound.pod.as_ref() == Some(&pod.key.uid);
            self.volumes.get(&bound.name).filter(|_| is_of_pod)
        };
        ClaimedVolumes {
            any_unknown: claims().any(|claim| volume(claim).is_none()),
            any_limited: claims().filter_map(volume).any(|volume| self.csi_volumes.contains(&volume.name)),
        }
    }

    /// A device class stands for an extended resource: the one that it names, and one that is made of its name.
    fn device_class(&mut self, object: &Object<'_>) {
        let named = object.value().pointer("/spec/extendedResourceName").and_then(Value::as_str);
        self.device_resources.extend(named.map(str::to_owned));
        self.device_resources.insert(format!("deviceclass.resource.kubernetes.io/{}", object.name()));
    }

    fn open_streams(&mut self, object: &Object<'_>) -> Result<bool, CommandError> {
        match object.kind() {
            "ProcessingElement" => self.declare::<DeclaredPe>(object, object.declared::<ProcessingElement, _>()?)?,
            "HostPool" => {
                let declared: DeclaredPool = object.declared::<open_streams::HostPool, _>()?;
                if let Some(pool) = &declared.pool {
                    self.pools.insert(pool.id.clone(), Arc::clone(pool));
                }
                self.declare(object, declared)?;
            }
            "Job" => self.declare::<DeclaredJob>(object, object.declared::<Job, _>()?)?,
            "ParallelRegion" => self.declare::<DeclaredRegion>(object, object.declared::<ParallelRegion, _>()?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn declare<T: OpenStreamsObject>(&mut self, object: &Object<'_>, declared: T) -> Result<(), CommandError> {
        self.insert_name(T::KIND_AND_GROUP, object)?;
        let field_problems: Vec<String> =
            declared.field_problems().iter().map(|problem| object.describe_field_problem(problem)).collect();
        if !field_problems.is_empty() {
            self.field_problems.insert(format!("{} {}", T::KIND_AND_GROUP, declared.id()), field_problems);
        }
        let objects = Arc::make_mut(T::of_mut(&mut self.open_streams));
        objects.insert(declared.id().clone(), Arc::new(declared));
        Ok(())
    }

    fn insert_name(&mut self, kind: &'static str, object: &Object<'_>) -> Result<(), CommandError> {
        match self.seen.insert((kind, object.name()), object.text().to_owned()) {
            None => Ok(()),
            Some(other) => {
                let problem = format!("is the name of another {kind}, in {other}; remove one of them");
                Err(object.wrong("metadata.name", &problem))
            }
        }
    }

    fn skip(&mut self, object: &Object<'_>) {
        *self.skipped.entry(skipped_kind(object)).or_default() += 1;
    }
}

/// The kind of an object; with the group where another group has a kind of that name which is read.
fn skipped_kind(object: &Object<'_>) -> String {
    let is_read = ["HostPool", "Node", "Pod", "StreamJob"].contains(&object.kind())
        || ControllerKind::of(None, object.kind()).is_some();
    let is_own = ControllerKind::of(object.group(), object.kind()).is_some() || object.is("", "Node");
    if object.is_of_open_streams() || (is_read && !is_own) { object.qualified_kind() } else { object.kind().to_owned() }
}

/// What controllers read of a pod.
fn outline(pod: &Value) -> Value {
    let at = |pointer: &str| pod.pointer(pointer).cloned().unwrap_or_default();
    let metadata = ["annotations", "deletionTimestamp", "labels", "name", "namespace", "ownerReferences"];
    let metadata = metadata.into_iter().map(|member| (member.to_owned(), at(&format!("/metadata/{member}"))));
    let metadata: Value = metadata.filter(|(_, value)| !value.is_null()).collect();
    json!({"metadata": metadata, "status": {"phase": at("/status/phase")}})
}

fn listed(kinds: &BTreeMap<String, usize>) -> String {
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<String>>().join(", ")
}
