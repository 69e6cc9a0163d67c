//! What the API server makes of a pod that is created: defaults and built-in admission plugins, in the order of Kubernetes
//! 1.37, with Outrigger's webhook among them.
//!
//! ```text
//! defaults ─► LimitRanger ─► Priority ─► DefaultTolerationSeconds ─► RuntimeClass ─► webhook ─► defaults for the whole pod
//!          ─► validation, LimitRanger again
//! ```
//!
//! Only steps that change where a pod may go are here. Each step has a file, which names its source in Kubernetes.

mod defaults;
mod json;
mod limit_range;
mod pod_level;
mod ports;
mod priority;
mod rejection;
mod runtime_class;
mod tolerations;
mod validation;
mod webhook;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::LimitRange;
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use serde_json::Value;

use crate::admission::Context;
use crate::model::{LimitRange as DeclaredRange, ObjectId, ResourceConstraints};

pub use defaults::set_defaults;
pub use rejection::Rejection;

/// The objects of a cluster that the API server reads when a pod is created.
#[derive(Clone, Debug, Default)]
pub struct ApiServer {
    /// Priority classes by name.
    pub priority_classes: BTreeMap<String, PriorityClass>,
    /// Limit ranges by namespace and name.
    pub limit_ranges: BTreeMap<ObjectId, LimitRange>,
    /// Runtime classes by name.
    pub runtime_classes: BTreeMap<String, RuntimeClass>,
}

impl ApiServer {
    /// The pod as the API server stores it. A pod that a cluster has stored already passes the webhook alone.
    ///
    /// The scheduler's name and the scheduling gates are removed, so that every PE is simulated as a pod of Outrigger
    /// without gates.
    ///
    /// # Errors
    /// [`Rejection`]: the API server rejects the pod.
    pub fn create(&self, mut pod: Value, context: Context<'_>) -> Result<Value, Rejection> {
        webhook::remove_scheduling(&mut pod);
        set_defaults(&mut pod);
        if is_stored(&pod) {
            return Ok(webhook::admit(pod, context));
        }
        if is_of_controller(&pod) {
            // The API server has checked the template of the controller before any plugin could complete the pod.
            validation::validate(&pod)?;
        }
        self.run_plugins(&mut pod)?;
        let mut admitted = webhook::admit(pod.clone(), context);
        if admitted != pod {
            // The API server sets defaults after a webhook, and then runs its plugins once more.
            set_defaults(&mut admitted);
            self.run_plugins(&mut admitted)?;
        }
        pod_level::set_defaults(&mut admitted);
        validation::validate(&admitted)?;
        limit_range::validate(&admitted, self.limit_ranges_in(json::text(&admitted, "/metadata/namespace")))?;
        Ok(admitted)
    }

    /// What the limit ranges demand of pods, as the webhook knows it. Quotas are not simulated.
    #[must_use]
    pub fn constraints(&self) -> ResourceConstraints {
        let mut constraints = ResourceConstraints::default();
        // An object that cannot be read is unknown to the webhook too.
        let readable = self.limit_ranges.values().filter_map(|object| DeclaredRange::try_from(object).ok());
        readable.for_each(|limit_range| constraints.put_limit_range(limit_range));
        constraints
    }

    fn run_plugins(&self, pod: &mut Value) -> Result<(), Rejection> {
        let namespace = json::text(pod, "/metadata/namespace").to_owned();
        for limit_range in self.limit_ranges_in(&namespace) {
            limit_range::set_defaults(pod, limit_range);
        }
        priority::set(pod, &self.priority_classes)?;
        tolerations::tolerate_lost_nodes(pod);
        runtime_class::apply(pod, &self.runtime_classes)
    }

    fn limit_ranges_in(&self, namespace: &str) -> impl Iterator<Item = &LimitRange> {
        let all = self.limit_ranges.iter().filter(move |(id, _)| id.namespace.as_str() == namespace);
        all.map(|(_, limit_range)| limit_range)
    }
}

/// True for a pod that an API server has stored: it sets the class when it creates a pod.
fn is_stored(pod: &Value) -> bool {
    !json::text(pod, "/status/qosClass").is_empty()
}

/// True for a pod that a controller creates.
fn is_of_controller(pod: &Value) -> bool {
    let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner.get("controller") == Some(&Value::Bool(true)))
}

#[cfg(test)]
mod tests;
