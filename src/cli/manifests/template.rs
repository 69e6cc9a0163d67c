//! The pods that a controller would create.

use serde_json::{Map, Value, json};

use super::Object;
use super::object::member_text;
use super::position::Field;
use crate::cli::CommandError;

/// The largest number of pods of one controller.
const MOST_PODS: u64 = 100_000;

/// How a kind of controller counts and labels its pods.
struct Controller {
    /// The members of the spec that hold the number of pods; the smallest counts.
    counts: &'static [&'static str],
    /// The label with the number of the pod.
    number: Option<&'static str>,
}

fn controller(kind: &str) -> Option<Controller> {
    Some(match kind {
        "Deployment" | "ReplicaSet" | "ReplicationController" => Controller { counts: &["replicas"], number: None },
        "StatefulSet" => Controller { counts: &["replicas"], number: Some("apps.kubernetes.io/pod-index") },
        "Job" => Controller {
            counts: &["parallelism", "completions"],
            number: Some("batch.kubernetes.io/job-completion-index"),
        },
        _ => return None,
    })
}

impl Object<'_> {
    /// The pod itself, or the pods that a controller would create, numbered from 0; `None` for any other kind.
    pub(in crate::cli) fn pods_to_be(mut self) -> Result<Option<Vec<Self>>, CommandError> {
        if self.kind == "Pod" {
            self.complete();
            return Ok(Some(vec![self]));
        }
        let Some(Controller { counts, number }) = controller(&self.kind) else { return Ok(None) };
        let mut count = None;
        for member in counts {
            let Some(written) = self.value.pointer(&format!("/spec/{member}")).filter(|value| !value.is_null()) else {
                continue;
            };
            let wanted = written.as_u64().filter(|wanted| *wanted <= MOST_PODS).ok_or_else(|| {
                self.wrong(&format!("spec.{member}"), &format!("{written} is not a number from 0 to {MOST_PODS}"))
            })?;
            count = Some(count.map_or(wanted, |count: u64| count.min(wanted)));
        }
        self.complete();
        let template = self.value.pointer("/spec/template").and_then(Value::as_object);
        let Some(template) = template.cloned() else { return Err(self.wrong("spec.template", "is missing")) };
        let first = self.value.pointer("/spec/ordinals/start").and_then(Value::as_u64).unwrap_or(0);
        let numbers = first..first.saturating_add(count.unwrap_or(1));
        Ok(Some(numbers.map(|number_of| self.pod_of(template.clone(), number_of, number)).collect()))
    }

    fn pod_of(&self, mut pod: Map<String, Value>, at: u64, number: Option<&str>) -> Self {
        let own = self.value.get("metadata").unwrap_or(&Value::Null);
        let name = member_text(own, "name");
        pod.insert("kind".to_owned(), Value::from("Pod"));
        pod.insert("apiVersion".to_owned(), Value::from("v1"));
        let metadata = pod.entry("metadata").or_insert_with(|| json!({}));
        if metadata.is_null() {
            *metadata = json!({});
        }
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("name".to_owned(), Value::from(format!("{name}-{at}")));
            metadata.insert("namespace".to_owned(), Value::from(member_text(own, "namespace")));
            let uid = own.get("uid").cloned().unwrap_or_else(|| Value::from(format!("{}/{}", self.kind, self.name())));
            let owner = json!({
                "apiVersion": self.value.get("apiVersion").cloned().unwrap_or_default(), "kind": self.kind,
                "name": name, "uid": uid, "controller": true,
            });
            metadata.insert("ownerReferences".to_owned(), json!([owner]));
            let labels = metadata.entry("labels").or_insert_with(|| json!({}));
            if let (Some(number), Some(labels)) = (number, labels.as_object_mut()) {
                labels.insert(number.to_owned(), Value::from(at.to_string()));
            }
        }
        Object {
            within: ["spec", "template"].map(|member| Field::Member(member.to_owned())).into(),
            kind: self.kind.clone(),
            value: Value::Object(pod),
            ..*self
        }
    }
}
