//! Requests and limits of the containers of a raw pod, and their sums.

use serde_json::Value;

use super::json;
use super::quantity::{Kind, has_pod_level};
use crate::model::{ContainerResources, PodResources, QuotaSubject, RequestsAndLimits, ResourceList};

/// The containers of a pod, with changes that may be made.
#[derive(Clone, Copy)]
pub(super) struct PodWith<'v> {
    pub(super) pod: &'v Value,
    /// The application containers with other resources; `None`: those of the pod.
    pub(super) resized: Option<&'v [Value]>,
    /// A sidecar that may be added behind the init containers.
    pub(super) sidecar: Option<&'v Value>,
}

impl<'v> PodWith<'v> {
    /// The pod as it is.
    pub(super) fn unchanged(pod: &'v Value) -> Self {
        Self { pod, resized: None, sidecar: None }
    }

    fn containers(self) -> impl Iterator<Item = &'v Value> {
        self.resized.unwrap_or_else(|| json::list(self.pod, &["spec", "containers"])).iter()
    }

    fn init_containers(self) -> impl Iterator<Item = &'v Value> {
        json::list(self.pod, &["spec", "initContainers"]).iter().chain(self.sidecar)
    }

    /// Application containers, then init containers.
    pub(super) fn all_containers(self) -> impl Iterator<Item = &'v Value> {
        self.containers().chain(self.init_containers())
    }

    /// The sum of the requests or limits of all containers, as a pod counts them: the largest sum of what runs at one time.
    pub(super) fn sum(self, kind: Kind) -> ResourceList {
        let read = |container| {
            // The sums of requests and of limits follow the same rule.
            let spec = RequestsAndLimits { requests: amounts(container, kind), limits: ResourceList::default() };
            let sidecar = json::text(container, &["restartPolicy"]) == Some("Always");
            ContainerResources { spec, sidecar, status: None }
        };
        let application = self.containers().map(|container| ContainerResources { sidecar: false, ..read(container) });
        let init_containers = self.init_containers().map(read).collect();
        let resources = PodResources { containers: application.collect(), init_containers, ..PodResources::default() };
        resources.sum_of_containers()
    }

    /// The facts that the scopes of quotas depend on.
    pub(super) fn quota_subject(self) -> QuotaSubject<'v> {
        let deadline = json::get(self.pod, &["spec", "activeDeadlineSeconds"]).and_then(Value::as_i64);
        QuotaSubject {
            is_terminating: deadline.is_some_and(|seconds| seconds >= 0),
            is_best_effort: self.is_best_effort(),
            priority_class: json::text(self.pod, &["spec", "priorityClassName"]),
        }
    }

    fn is_best_effort(self) -> bool {
        let has_none = |container| {
            [Kind::Request, Kind::Limit].into_iter().all(|kind| {
                let amounts = amounts(container, kind);
                ["cpu", "memory"].into_iter().all(|resource| amounts.get(resource).unwrap_or(0) == 0)
            })
        };
        !has_pod_level(self.pod) && self.all_containers().all(has_none)
    }
}

/// Requests or limits of a container, or of `spec.resources`, as the API server sees them: a limit sets a request that is
/// missing. A quantity that cannot be read is left out.
pub(super) fn amounts(holder: &Value, kind: Kind) -> ResourceList {
    let mut amounts = written(holder, kind);
    if kind == Kind::Request {
        amounts.complete(&written(holder, Kind::Limit), |_| true);
    }
    amounts
}

/// Requests or limits as they are written.
pub(super) fn written(holder: &Value, kind: Kind) -> ResourceList {
    let mut amounts = ResourceList::default();
    let members = json::get(holder, &["resources", kind.member()]).and_then(Value::as_object);
    for (resource, amount) in members.into_iter().flatten() {
        match amount {
            Value::String(text) => amounts.set(resource, text).unwrap_or_default(),
            Value::Number(number) => amounts.set(resource, &number.to_string()).unwrap_or_default(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    amounts
}
