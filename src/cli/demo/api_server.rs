//! The fake API server: pods with UIDs and resource versions, and a watch.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::api::PodObject;
use crate::cli::manifests::metadata_text;
use crate::commit::{PodApi, WriteError};
use crate::extender::bind::PendingBinding;
use crate::model::{Pod, PodKey, keys};
use crate::state::Event;

/// The first resource version; pods of the shipped cluster have lower ones.
const FIRST_VERSION: u64 = 100_000;

/// Namespace and name.
type Name = (String, String);

/// The pods. Writes have the preconditions of the real API server.
#[derive(Debug)]
pub(super) struct ApiServer {
    objects: Mutex<Objects>,
    /// Notified at each write.
    written: Notify,
}

#[derive(Debug)]
struct Objects {
    pods: BTreeMap<Name, Value>,
    version: u64,
    created: u64,
    /// Events that the watch has not delivered yet.
    changed: Vec<Event>,
    /// The epoch that was announced last.
    announced: Option<String>,
    now: Timestamp,
}

impl ApiServer {
    /// An API server with these pods; `now` is the creation time of every later pod.
    pub(super) fn new(pods: &[Value], now: Timestamp) -> Self {
        let mut objects = Objects {
            pods: BTreeMap::new(),
            version: FIRST_VERSION,
            created: 0,
            changed: Vec::new(),
            announced: None,
            now,
        };
        for pod in pods {
            let mut pod = pod.clone();
            if metadata_text(&pod, "uid").is_empty() {
                objects.identify(&mut pod);
            }
            objects.pods.insert(name(&pod), pod);
        }
        Self { objects: Mutex::new(objects), written: Notify::new() }
    }

    /// Creates a pod that passed admission, and sets UID, resource version and creation time.
    pub(super) fn create(&self, mut pod: Value) -> Result<Value, WriteError> {
        let mut objects = self.lock();
        if objects.pods.contains_key(&name(&pod)) {
            let (namespace, name) = name(&pod);
            return Err(WriteError::Conflict(format!("pods \"{name}\" already exists in namespace {namespace}")));
        }
        objects.identify(&mut pod);
        objects.store(pod)
    }

    /// Every pod, as it is now.
    pub(super) fn pods(&self) -> Vec<Value> {
        self.lock().pods.values().cloned().collect()
    }

    /// One pod, as it is now.
    pub(super) fn pod(&self, namespace: &str, name: &str) -> Option<Value> {
        self.lock().pods.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Sets the condition `PodScheduled` of a pod without a node.
    pub(super) fn unschedulable(&self, pod: &Value, message: &str) -> Result<(), WriteError> {
        let mut objects = self.lock();
        let mut pod = objects.find(&name(pod))?;
        let condition =
            json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message});
        if let Some(status) = member(&mut pod, "status") {
            status.insert("conditions".to_owned(), json!([condition]));
        }
        objects.store(pod).map(drop)
    }

    /// Takes the events since the last call, as a watch would deliver them.
    pub(super) fn changes(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().changed)
    }

    /// Waits for a write of bind that [`changes`](Self::changes) has not delivered yet.
    pub(super) async fn written(&self) {
        self.written.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_binding(&self, binding: &PendingBinding) -> Result<(), WriteError> {
        let mut objects = self.lock();
        let mut pod = objects.find(&named(&binding.pod))?;
        let conflict = |problem: String| Err(WriteError::Conflict(format!("pod {}: {problem}", binding.pod)));
        if metadata_text(&pod, "uid") != binding.pod.uid.as_str() {
            return conflict(format!("the UID in the precondition is {}", binding.pod.uid));
        }
        if metadata_text(&pod, "resourceVersion") != &*binding.resource_version {
            return conflict("the object has been modified".to_owned());
        }
        if let Some(node) = pod.pointer("/spec/nodeName").and_then(Value::as_str) {
            return conflict(format!("is already assigned to node \"{node}\""));
        }
        if let Some(spec) = member(&mut pod, "spec") {
            spec.insert("nodeName".to_owned(), json!(binding.node));
        }
        if let Some(record) = &binding.record {
            annotate(&mut pod, keys::PLACEMENT, &record.to_json());
        }
        if let Some(status) = member(&mut pod, "status") {
            status.insert("conditions".to_owned(), json!([{"type": "PodScheduled", "status": "True"}]));
        }
        let stored = objects.store(pod).map(drop);
        self.written.notify_one();
        stored
    }

    fn write_epoch(&self, pod: &PodKey, epoch: &str) -> Result<Pod, WriteError> {
        let mut objects = self.lock();
        let mut object = objects.find(&named(pod))?;
        if metadata_text(&object, "uid") != pod.uid.as_str() {
            return Err(WriteError::Conflict(format!("pod {pod}: the UID in the precondition is {}", pod.uid)));
        }
        annotate(&mut object, keys::EPOCH, epoch);
        let stored = project(&objects.store(object)?);
        self.written.notify_one();
        stored
    }
}

impl PodApi for ApiServer {
    fn bind<'a>(&'a self, binding: &'a PendingBinding) -> BoxFuture<'a, Result<(), WriteError>> {
        async move { self.write_binding(binding) }.boxed()
    }

    fn get_pod<'a>(&'a self, pod: &'a PodKey) -> BoxFuture<'a, Result<Pod, WriteError>> {
        async move { project(&self.lock().find(&named(pod))?) }.boxed()
    }

    fn announce_epoch<'a>(&'a self, epoch: &'a str) -> BoxFuture<'a, Result<(), WriteError>> {
        async move {
            self.lock().announced = Some(epoch.to_owned());
            Ok(())
        }
        .boxed()
    }

    fn announced_epoch(&self) -> BoxFuture<'_, Result<Option<String>, WriteError>> {
        async move { Ok(self.lock().announced.clone()) }.boxed()
    }

    fn write_fencing_token<'a>(&'a self, pod: &'a PodKey, token: &'a str) -> BoxFuture<'a, Result<Pod, WriteError>> {
        async move { self.write_epoch(pod, token) }.boxed()
    }
}

impl Objects {
    fn find(&self, name: &Name) -> Result<Value, WriteError> {
        let (namespace, pod) = name;
        self.pods.get(name).cloned().ok_or_else(|| WriteError::NotFound(format!("pods \"{pod}\" in {namespace}")))
    }

    /// Sets what only the API server sets. UIDs are counted, so that two runs are equal.
    fn identify(&mut self, pod: &mut Value) {
        self.created += 1;
        let uid = format!("00000000-0000-4000-8000-{:012x}", 0x000d_e000_0000_u64 + self.created);
        if let Some(metadata) = member(pod, "metadata") {
            metadata.insert("uid".to_owned(), Value::from(uid));
            metadata.insert("creationTimestamp".to_owned(), json!(self.now));
        }
        if let Some(status) = member(pod, "status") {
            status.entry("phase").or_insert_with(|| Value::from("Pending"));
        }
    }

    /// Stores a pod under a new resource version and queues the event.
    fn store(&mut self, mut pod: Value) -> Result<Value, WriteError> {
        self.version += 1;
        if let Some(metadata) = member(&mut pod, "metadata") {
            metadata.insert("resourceVersion".to_owned(), Value::from(self.version.to_string()));
        }
        self.changed.push(Event::put(project(&pod)?));
        self.pods.insert(name(&pod), pod.clone());
        Ok(pod)
    }
}

/// A pod as decisions see it.
pub(super) fn project(pod: &Value) -> Result<Pod, WriteError> {
    let object = PodObject::deserialize(pod).map_err(|error| WriteError::Rejected(error.to_string()))?;
    Pod::try_from(&object).map_err(|error| WriteError::Rejected(error.to_string()))
}

fn annotate(pod: &mut Value, key: &str, value: &str) {
    if let Some(metadata) = member(pod, "metadata")
        && let Some(annotations) = metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut()
    {
        annotations.insert(key.to_owned(), Value::from(value));
    }
}

/// A member of an object that is an object itself, made where it is missing.
fn member<'a>(pod: &'a mut Value, key: &str) -> Option<&'a mut serde_json::Map<String, Value>> {
    pod.as_object_mut()?.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

fn name(pod: &Value) -> Name {
    (metadata_text(pod, "namespace").to_owned(), metadata_text(pod, "name").to_owned())
}

fn named(pod: &PodKey) -> Name {
    (pod.namespace.as_str().to_owned(), pod.name.as_str().to_owned())
}

#[cfg(test)]
#[path = "tests/api_server.rs"]
mod tests;
