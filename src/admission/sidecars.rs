//! The policy's native sidecars: init containers with `restartPolicy: Always`, which run as long as the pod.
//!
//! A sidecar must not make a pod fail that would run without it. So a sidecar is fitted to the limit ranges and quotas of the
//! namespace, and a sidecar that would do harm is withheld. The annotation `outrigger.dev/withheld` on the pod says why: a
//! warning reaches only the controller that created the pod.

use std::borrow::Cow;

use std::collections::BTreeSet;

use serde_json::Value;

use super::candidate::Candidate;
use super::fit::{Unfit, fit};
use super::injection;
use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use super::pod_resources::PodWith;
use super::ports;
use super::qos;
use super::quantity::{Kind, pod_level};
use super::sidecar_demands;
use super::sidecar_outcome::SidecarOutcome;
use super::violation;
use crate::model::{NamespaceConstraints, WithheldReason, WithheldSidecar, keys};
use crate::policy::Sidecar;

/// How the pod was before any rule was applied, and what its namespace demands.
pub(super) struct Surroundings<'a> {
    /// Why no sidecar is added to the pod.
    pub(super) withheld: Option<WithheldReason>,
    /// True for a pod of class `Guaranteed`.
    pub(super) is_guaranteed: bool,
    pub(super) constraints: Option<&'a NamespaceConstraints>,
}

/// Adds each sidecar after the user's init containers, and notes on the pod which sidecars are withheld.
///
/// Whether a sidecar fits depends on the sidecars that the pod has, so the withheld ones are tried again until no more is
/// added. The next review of the pod then decides the same.
pub(super) fn add(
    patch: &mut PatchBuilder<'_>,
    candidate: &Candidate<'_>,
    surroundings: &Surroundings<'_>,
) -> Result<SidecarOutcome, Unpatchable> {
    let missing = candidate.policy.sidecars.iter().filter(|sidecar| !is_added(patch.pod(), candidate, &sidecar.name));
    let mut missing: Vec<&Sidecar> = missing.collect();
    let mut added = Vec::new();
    loop {
        let mut withheld = Vec::new();
        for sidecar in &missing {
            match prepare(patch.pod(), candidate, sidecar, surroundings) {
                Ok(prepared) => {
                    prepared.notes.iter().for_each(|note| patch.warn(note));
                    patch.append(&["spec", "initContainers"], prepared.container.into_owned())?;
                    added.push(sidecar.name.clone());
                }
                Err(problem) => withheld.push((*sidecar, problem)),
            }
        }
        if withheld.is_empty() || withheld.len() == missing.len() {
            let withheld = report(patch, &withheld);
            annotate(patch, &withheld)?;
            return Ok(SidecarOutcome { added, withheld });
        }
        missing = withheld.into_iter().map(|(sidecar, _)| sidecar).collect();
    }
}

/// A sidecar as it is added, and warnings.
struct Prepared<'a> {
    container: Cow<'a, Value>,
    notes: Vec<String>,
}

/// Why a sidecar is not added, and what is wrong with this pod; no problem where the pod gets a warning for all sidecars.
struct Problem {
    reason: WithheldReason,
    problem: Option<String>,
}

/// The first reason against a sidecar, in the order of [`WithheldReason`], or the container to add.
fn prepare<'a>(
    pod: &Value,
    candidate: &Candidate<'_>,
    sidecar: &'a Sidecar,
    surroundings: &Surroundings<'_>,
) -> Result<Prepared<'a>, Problem> {
    let refuse = |reason, problem| Err(Problem { reason, problem: Some(problem) });
    if let Some(reason) = surroundings.withheld {
        return Err(Problem { reason, problem: None });
    }
    if has_container(pod, &sidecar.name) {
        return refuse(WithheldReason::ContainerNameTaken, "the pod has a container of this name".to_owned());
    }
    if let Some(rejection) = &sidecar.rejection {
        return refuse(WithheldReason::RejectedByApiServer, format!("the API server rejects it: {rejection}"));
    }
    if let Some(volume) = missing_volume(pod, &sidecar.container) {
        // The API server rejects a pod that mounts an unknown volume.
        return refuse(WithheldReason::VolumeMissing, format!("the pod has no volume `{volume}`"));
    }
    if let Some(problem) = sidecar_demands::unmet(pod, &sidecar.container) {
        return refuse(WithheldReason::DemandUnmet, problem);
    }
    // A pod that asks for injection knows its collectors; two listeners on one port fail all the same.
    let guesses = candidate.value(keys::INJECT) != Some("true");
    if let Some(problem) = ports::in_use(pod, sidecar, guesses) {
        return refuse(WithheldReason::PortInUse, problem);
    }
    let mut container = Cow::Borrowed(&sidecar.container);
    let mut notes = Vec::new();
    notes.extend(share_the_pods_resources(&sidecar.name, &mut container, &pod_level(pod)));
    if let Some(constraints) = surroundings.constraints {
        let fitted = fit_to(constraints, pod, &mut container);
        let changes = fitted.map_err(|Unfit { reason, problem }| Problem { reason, problem: Some(problem) })?;
        notes.extend(changes.into_iter().map(|change| format!("sidecar `{}`: {change}", sidecar.name)));
    }
    if let Some(violation) = violation::by_sidecar(pod, &container, surroundings.constraints) {
        return refuse(violation.reason, violation.rule);
    }
    if surroundings.is_guaranteed && !qos::is_guaranteed(&container) {
        let name = &sidecar.name;
        notes.push(format!("sidecar `{name}` without equal requests and limits: the pod is no longer Guaranteed"));
    }
    Ok(Prepared { container, notes })
}

/// Fits to limit ranges first: with the values that come from them, a quota may count the pod.
fn fit_to(
    constraints: &NamespaceConstraints,
    pod: &Value,
    container: &mut Cow<'_, Value>,
) -> Result<Vec<String>, Unfit> {
    let range = &constraints.container;
    let mut notes = if range.is_empty() { Vec::new() } else { fit(container.to_mut(), range, &[])? };
    let demanded =
        violation::demanded(PodWith { sidecar: Some(container), ..PodWith::unchanged(pod) }, Some(constraints));
    if !demanded.is_empty() {
        notes.extend(fit(container.to_mut(), range, &demanded)?);
    }
    Ok(notes)
}

/// True for a sidecar that an earlier review has added to the pod. A native sidecar of this name that the pod had by itself
/// was noted as the reason why the policy's is withheld.
fn is_added(pod: &Value, candidate: &Candidate<'_>, name: &str) -> bool {
    if candidate.annotations.get(keys::POLICY) != Some(&*candidate.policy.name) {
        return false;
    }
    let noted = candidate.annotations.get(keys::WITHHELD).unwrap_or_default();
    let is_native = |container: &Value| {
        json::text(container, &["name"]) == Some(name) && json::text(container, &["restartPolicy"]) == Some("Always")
    };
    json::list(pod, &["spec", "initContainers"]).iter().any(is_native)
        && !WithheldSidecar::of_annotation(noted).any(|withheld| *withheld.sidecar == *name)
}

fn has_container(pod: &Value, name: &str) -> bool {
    ["containers", "initContainers"]
        .into_iter()
        .any(|list| json::names(pod, &["spec", list]).any(|known| known == name))
}

/// The first volume that the sidecar mounts and the pod does not have.
fn missing_volume<'v>(pod: &Value, sidecar: &'v Value) -> Option<&'v str> {
    let mounted = json::names(sidecar, &["volumeMounts"]).chain(json::names(sidecar, &["volumeDevices"]));
    let has = |name: &str| json::names(pod, &["spec", "volumes"]).any(|known| known == name);
    mounted.into_iter().find(|name| !has(name))
}

/// Removes the sidecar's own requests and limits of the resources that the pod has pod-level: the API server rejects a pod
/// whose pod-level requests do not cover the sum of the requests of its containers. Returns the warning.
fn share_the_pods_resources(name: &str, container: &mut Cow<'_, Value>, pod_level: &BTreeSet<&str>) -> Option<String> {
    let is_shared = |kind: Kind| {
        json::get(container, &["resources", kind.member()])
            .and_then(Value::as_object)
            .is_some_and(|amounts| amounts.keys().any(|resource| pod_level.contains(resource.as_str())))
    };
    if ![Kind::Request, Kind::Limit].into_iter().any(is_shared) {
        return None;
    }
    let resources = container.to_mut().get_mut("resources")?.as_object_mut()?;
    let mut shared = BTreeSet::new();
    for kind in [Kind::Request, Kind::Limit] {
        let Some(amounts) = resources.get_mut(kind.member()).and_then(Value::as_object_mut) else { continue };
        shared.extend(pod_level.iter().copied().filter(|resource| amounts.remove(*resource).is_some()));
        if amounts.is_empty() {
            resources.remove(kind.member());
        }
    }
    if resources.is_empty() {
        container.to_mut().as_object_mut()?.remove("resources");
    }
    let shared: Vec<&str> = shared.into_iter().collect();
    Some(format!("spec.resources sets {}: sidecar `{name}` shares that of the pod", shared.join(", ")))
}

/// Warns of the sidecars that are withheld.
fn report(patch: &mut PatchBuilder<'_>, withheld: &[(&Sidecar, Problem)]) -> Vec<WithheldSidecar> {
    for (sidecar, Problem { reason, problem }) in withheld {
        match (problem, injection::warning(*reason)) {
            (Some(problem), _) => patch.warn(&format!("sidecar `{}` was not added: {problem}", sidecar.name)),
            (None, Some(warning)) => patch.warn(warning),
            (None, None) => {}
        }
    }
    let withheld = withheld.iter();
    withheld
        .map(|(sidecar, Problem { reason, .. })| WithheldSidecar { sidecar: sidecar.name.clone(), reason: *reason })
        .collect()
}

/// Notes on the pod which sidecars are withheld. A note that no longer holds is removed.
fn annotate(patch: &mut PatchBuilder<'_>, withheld: &[WithheldSidecar]) -> Result<(), Unpatchable> {
    let note = ["metadata", "annotations", keys::WITHHELD];
    if !withheld.is_empty() {
        return patch.set(&note, Value::from(WithheldSidecar::annotation(withheld)));
    }
    let annotations = json::get(patch.pod(), &["metadata", "annotations"]);
    let is_noted = annotations.is_some_and(|annotations| annotations.get(keys::WITHHELD).is_some());
    if is_noted { patch.remove(&note) } else { Ok(()) }
}

#[cfg(test)]
#[path = "tests/sidecars.rs"]
mod tests;
