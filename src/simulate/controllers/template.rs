//! A pod from the template of a controller.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::controller::{Controller, ControllerKind, name, namespace};

/// The names of pods that are taken.
#[derive(Debug)]
pub(super) struct PodNames {
    /// Namespaces and names.
    taken: BTreeSet<(String, String)>,
    /// The number to try next, by namespace and name of the controller.
    next: BTreeMap<(String, String), u64>,
}

impl PodNames {
    /// The names of pods that have not ended: a controller replaces those that have.
    pub(super) fn new(pods: &[&Value]) -> Self {
        let has_ended = |pod: &Value| {
            let phase = pod.pointer("/status/phase").and_then(Value::as_str);
            matches!(phase, Some("Succeeded" | "Failed"))
        };
        let lasting = pods.iter().filter(|pod| !has_ended(pod));
        let taken = lasting.map(|pod| (namespace(pod).to_owned(), name(pod).to_owned())).collect();
        Self { taken, next: BTreeMap::new() }
    }

    /// The next free name of a pod of the controller. A cluster would take a random suffix.
    pub(super) fn next(&mut self, controller: Controller<'_>) -> NewPod {
        let key = (controller.metadata("namespace").to_owned(), controller.metadata("name").to_owned());
        let number = self.next.entry(key.clone()).or_default();
        loop {
            let name = format!("{}-{number}", key.1);
            *number += 1;
            if self.taken.insert((key.0.clone(), name.clone())) {
                return NewPod { name, number: None };
            }
        }
    }

    /// True where a pod in the namespace of the controller has the name.
    pub(super) fn is_taken(&self, controller: Controller<'_>, name: &str) -> bool {
        self.taken.contains(&(controller.metadata("namespace").to_owned(), name.to_owned()))
    }
}

/// What tells a new pod from the other pods of its controller.
#[derive(Debug)]
pub(super) struct NewPod {
    pub(super) name: String,
    /// The ordinal of a `StatefulSet`, or the completion index of a Job.
    pub(super) number: Option<u64>,
}

/// The pod that a controller creates, with the labels and owner reference that the controller adds.
pub(super) fn pod_of(controller: Controller<'_>, template: &Map<String, Value>, new: NewPod) -> Value {
    let mut pod = template.clone();
    pod.insert("kind".to_owned(), Value::from("Pod"));
    pod.insert("apiVersion".to_owned(), Value::from("v1"));
    let metadata = pod.entry("metadata").or_insert_with(|| json!({}));
    if let Some(metadata) = metadata.as_object_mut() {
        for (key, value) in labels(controller, &new) {
            add(metadata, "labels", key, value);
        }
        if let (ControllerKind::Job, Some(number)) = (controller.kind, new.number) {
            add(metadata, "annotations", "batch.kubernetes.io/job-completion-index", number.to_string());
        }
        metadata.insert("ownerReferences".to_owned(), json!([owner(controller)]));
        metadata.insert("namespace".to_owned(), Value::from(controller.metadata("namespace")));
        metadata.insert("name".to_owned(), Value::from(new.name));
    }
    Value::Object(pod)
}

fn add(metadata: &mut Map<String, Value>, member: &str, key: &str, value: String) {
    let members = metadata.entry(member).or_insert_with(|| json!({}));
    if let Some(members) = members.as_object_mut() {
        members.insert(key.to_owned(), Value::from(value));
    }
}

fn labels(controller: Controller<'_>, new: &NewPod) -> Vec<(&'static str, String)> {
    let number = new.number.map(|number| number.to_string());
    match controller.kind {
        ControllerKind::Deployment | ControllerKind::ReplicaSet => Vec::new(),
        ControllerKind::StatefulSet => {
            let index = number.map(|number| ("apps.kubernetes.io/pod-index", number));
            index.into_iter().chain([("statefulset.kubernetes.io/pod-name", new.name.clone())]).collect()
        }
        ControllerKind::Job => {
            let job = controller.metadata("name").to_owned();
            let index = number.map(|number| ("batch.kubernetes.io/job-completion-index", number));
            let names = [("batch.kubernetes.io/job-name", job.clone()), ("job-name", job)];
            index.into_iter().chain(names).collect()
        }
    }
}

/// The owner reference. A controller that no API server has stored gets a UID made of its name.
fn owner(controller: Controller<'_>) -> Value {
    let (kind, name, uid) = (controller.kind_text(), controller.metadata("name"), controller.metadata("uid"));
    let made_up = || format!("{kind}/{}/{name}", controller.metadata("namespace"));
    json!({
        "apiVersion": controller.at("/apiVersion").cloned().unwrap_or_default(), "kind": kind, "name": name,
        "uid": if uid.is_empty() { made_up() } else { uid.to_owned() }, "controller": true,
    })
}
