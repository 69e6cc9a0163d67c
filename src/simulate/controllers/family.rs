//! Controllers with their pods: which pods are missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::controller::{Controller, ControllerKind, InvalidField, controlling_owner, name, namespace};
use super::pods::{CreatedPods, count};
use super::template::{PodNames, pod_of};
use super::{job, stateful_set};

/// The pods that each controller creates beside the pods that exist, in the order of the controllers.
///
/// # Errors
/// The place of a controller, and its field that cannot be read.
pub fn created_pods(
    controllers: &[Controller<'_>],
    pods: &[&Value],
) -> Result<Vec<CreatedPods>, (usize, InvalidField)> {
    let mut names = PodNames::new(pods);
    let family = Family::new(controllers, pods);
    let mut all = Vec::new();
    for (at, controller) in controllers.iter().enumerate() {
        all.push(family.created_by(*controller, &mut names).map_err(|invalid| (at, invalid))?);
    }
    Ok(all)
}

/// Namespace, kind and name of an owner.
type OwnerKey<'f> = (&'f str, &'f str, &'f str);

/// Controllers and pods by what relates them.
struct Family<'f> {
    /// Pods and `ReplicaSet`s by their owner.
    owned: BTreeMap<OwnerKey<'f>, Vec<&'f Value>>,
    /// Pods without a controller, by namespace.
    orphans: BTreeMap<&'f str, Vec<&'f Value>>,
    /// Pods of `ReplicaSet`s that are not in the input, by namespace: `kubectl get deployments,pods` prints no `ReplicaSet`.
    of_unseen_sets: BTreeMap<&'f str, Vec<&'f Value>>,
    replica_sets: BTreeMap<OwnerKey<'f>, Vec<Controller<'f>>>,
}

impl<'f> Family<'f> {
    fn new(controllers: &[Controller<'f>], pods: &[&'f Value]) -> Self {
        let is_set = |controller: &&Controller<'f>| controller.kind == ControllerKind::ReplicaSet;
        let mut family = Self {
            owned: BTreeMap::new(),
            orphans: BTreeMap::new(),
            of_unseen_sets: BTreeMap::new(),
            replica_sets: BTreeMap::new(),
        };
        for set in controllers.iter().filter(is_set) {
            if let Some(owner) = owner_key(set.object) {
                family.replica_sets.entry(owner).or_default().push(*set);
            }
        }
        let seen: BTreeSet<OwnerKey<'f>> = controllers.iter().map(|controller| controller.key()).collect();
        for pod in pods {
            match owner_key(pod) {
                None => family.orphans.entry(namespace(pod)).or_default().push(pod),
                Some(owner) => {
                    family.owned.entry(owner).or_default().push(pod);
                    if owner.1 == "ReplicaSet" && !seen.contains(&owner) {
                        family.of_unseen_sets.entry(owner.0).or_default().push(pod);
                    }
                }
            }
        }
        family
    }

    fn created_by(&self, controller: Controller<'_>, names: &mut PodNames) -> Result<CreatedPods, InvalidField> {
        let template = controller.at("/spec/template").and_then(Value::as_object).ok_or_else(|| InvalidField {
            field: "spec.template".to_owned(),
            problem: "is missing; write the pods that the controller creates".to_owned(),
        })?;
        let own = self.pods_of(controller);
        let replicas = || Ok(controller.count("replicas")?.unwrap_or(1));
        let missing = match controller.kind {
            ControllerKind::Deployment => replicas()?.saturating_sub(self.pods_of_replica_sets(controller)?),
            ControllerKind::ReplicaSet => replicas()?.saturating_sub(count(&own)),
            ControllerKind::StatefulSet => return Ok(stateful_set::created(controller, template, replicas()?, names)),
            ControllerKind::Job => return job::created(controller, template, &own, names),
        };
        let pods = (0..missing).map(|_| pod_of(controller, template, names.next(controller)));
        Ok(CreatedPods { pods: pods.collect(), ..CreatedPods::default() })
    }

    /// The pods that a controller counts: those that it controls, and those without a controller that it adopts.
    fn pods_of(&self, controller: Controller<'_>) -> Vec<&'f Value> {
        let owned = self.owned.get(&controller.key()).into_iter().flatten();
        let orphans = self.orphans.get(controller.metadata("namespace")).into_iter().flatten();
        let own = owned.filter(|pod| controller.controls(pod));
        own.chain(orphans.filter(|pod| controller.selects(pod))).copied().collect()
    }

    /// The pods that the `ReplicaSet`s of a Deployment have, or create themselves.
    fn pods_of_replica_sets(&self, deployment: Controller<'_>) -> Result<u64, InvalidField> {
        let mut pods = 0_u64;
        let sets = self.replica_sets.get(&deployment.key()).into_iter().flatten();
        for set in sets.filter(|set| deployment.controls(set.object)) {
            let wanted = set.count("replicas")?.unwrap_or(1);
            pods = pods.saturating_add(wanted.max(count(&self.pods_of(*set))));
        }
        let namespace = deployment.metadata("namespace");
        let others = [&self.of_unseen_sets, &self.orphans].map(|pods| pods.get(namespace));
        let others = others.into_iter().flatten().flatten().filter(|pod| deployment.selects(pod));
        Ok(pods.saturating_add(count(&others.copied().collect::<Vec<&Value>>())))
    }
}

/// The key of the controller of an object.
fn owner_key(object: &Value) -> Option<OwnerKey<'_>> {
    let owner = controlling_owner(object)?;
    let text = |member: &str| owner.get(member)?.as_str();
    Some((namespace(object), text("kind")?, text("name")?))
}

impl<'v> Controller<'v> {
    /// The key by which its pods name it.
    fn key(self) -> OwnerKey<'v> {
        (namespace(self.object), self.kind_text(), name(self.object))
    }
}
