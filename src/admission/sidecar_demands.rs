//! What a sidecar demands of the pod that it is added to. The API server rejects a pod that does not meet a demand.
//!
//! A policy cannot know the pod, so these demands are checked for each pod. Demands that no common pod meets are refused
//! where the policy is loaded (`policy::schema`).

use serde_json::Value;

use super::json;

/// The grace period of a pod that sets none.
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// The first demand of the sidecar that the pod does not meet, as the end of a warning; `None` where the pod meets all.
pub(super) fn unmet(pod: &Value, sidecar: &Value) -> Option<String> {
    let grace = json::get(pod, &["spec", "terminationGracePeriodSeconds"]).and_then(Value::as_i64);
    let grace = grace.unwrap_or(DEFAULT_GRACE_SECONDS);
    if let Some(sleep) = longest_sleep(sidecar).filter(|sleep| *sleep > grace) {
        return Some(format!("it sleeps {sleep} s, and terminationGracePeriodSeconds is {grace}"));
    }
    let never = json::get(pod, &["spec", "restartPolicy"]).and_then(Value::as_str) == Some("Never");
    if never && elements(sidecar, "resizePolicy").any(|one| one["restartPolicy"] == "RestartContainer") {
        return Some("a resize restarts it, and restartPolicy is Never".to_owned());
    }
    if is_true(pod, "hostNetwork")
        && elements(sidecar, "ports").any(|port| {
            let host_port = port["hostPort"].as_i64().filter(|port| *port != 0);
            host_port.is_some_and(|host_port| Some(host_port) != port["containerPort"].as_i64())
        })
    {
        return Some("with hostNetwork its host port must be its container port".to_owned());
    }
    if json::get(pod, &["spec", "hostUsers"]) == Some(&Value::Bool(false))
        && elements(sidecar, "volumeDevices").next().is_some()
    {
        return Some("it uses a block device, and hostUsers is false".to_owned());
    }
    let volume = |name: &Value| {
        let volumes = json::get(pod, &["spec", "volumes"]).and_then(Value::as_array);
        volumes.into_iter().flatten().find(|volume| volume["name"] == *name)
    };
    let is_claim = |volume: &Value| ["persistentVolumeClaim", "ephemeral"].iter().any(|kind| !volume[*kind].is_null());
    let device = elements(sidecar, "volumeDevices").find(|device| !volume(&device["name"]).is_some_and(is_claim));
    if let Some(name) = device.and_then(|device| device["name"].as_str()) {
        return Some(format!("volume `{name}` is no claim, and it uses it as a block device"));
    }
    let mut options = elements(sidecar, "volumeMounts").filter(|mount| !mount["bindMountOptions"].is_null());
    let image = options.find(|mount| volume(&mount["name"]).is_some_and(|volume| !volume["image"].is_null()));
    let name = image.and_then(|mount| mount["name"].as_str())?;
    Some(format!("volume `{name}` is an image, which takes no bindMountOptions"))
}

fn longest_sleep(sidecar: &Value) -> Option<i64> {
    let sleep = |hook| json::get(sidecar, &["lifecycle", hook, "sleep", "seconds"]).and_then(Value::as_i64);
    sleep("preStop").max(sleep("postStart"))
}

fn elements<'v>(sidecar: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    sidecar.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn is_true(pod: &Value, field: &str) -> bool {
    json::get(pod, &["spec", field]) == Some(&Value::Bool(true))
}

#[cfg(test)]
#[path = "tests/sidecar_demands.rs"]
mod tests;
