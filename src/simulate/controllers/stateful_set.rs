//! The pods of a `StatefulSet`: one for each number.

use serde_json::{Map, Value, json};

use super::controller::Controller;
use super::pods::CreatedPods;
use super::template::{NewPod, PodNames, pod_of};

/// The pods whose numbers are missing.
pub(super) fn created(
    controller: Controller<'_>,
    template: &Map<String, Value>,
    replicas: u64,
    names: &PodNames,
) -> CreatedPods {
    let first = controller.at("/spec/ordinals/start").and_then(Value::as_u64).unwrap_or(0);
    let name = |number: u64| format!("{}-{number}", controller.metadata("name"));
    let missing = (first..first.saturating_add(replicas)).filter(|number| !names.is_taken(controller, &name(*number)));
    let pod = |number: u64| {
        let mut pod = pod_of(controller, template, NewPod { name: name(number), number: Some(number) });
        claim_volumes(controller, &mut pod, &name(number));
        pod
    };
    let policy = controller.at("/spec/podManagementPolicy").and_then(Value::as_str);
    CreatedPods { pods: missing.map(pod).collect(), one_by_one: policy != Some("Parallel"), note: None }
}

/// Each template of a claim becomes a volume of the pod.
fn claim_volumes(controller: Controller<'_>, pod: &mut Value, pod_name: &str) {
    let templates = controller.at("/spec/volumeClaimTemplates").and_then(Value::as_array);
    let names = templates.into_iter().flatten().filter_map(|claim| claim.pointer("/metadata/name")?.as_str());
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for claim in names {
        let volume = json!({"name": claim, "persistentVolumeClaim": {"claimName": format!("{claim}-{pod_name}")}});
        let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
        if let Some(volumes) = volumes.as_array_mut() {
            volumes.retain(|other| other.get("name").and_then(Value::as_str) != Some(claim));
            volumes.push(volume);
        }
    }
}
