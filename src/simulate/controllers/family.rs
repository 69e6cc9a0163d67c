//! Controllers with their pods: which pods are missing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::controller::{Controller, ControllerKind, InvalidField, controlling_owner, name};
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
    let family = Family { controllers, pods };
    let mut all = Vec::new();
    for (at, controller) in controllers.iter().enumerate() {
        all.push(family.created_by(*controller, &mut names).map_err(|invalid| (at, invalid))?);
    }
    Ok(all)
}

struct Family<'f> {
    controllers: &'f [Controller<'f>],
    pods: &'f [&'f Value],
}

impl Family<'_> {
    fn created_by(&self, controller: Controller<'_>, names: &mut PodNames) -> Result<CreatedPods, InvalidField> {
        let template = controller.at("/spec/template").and_then(Value::as_object).ok_or_else(|| InvalidField {
            field: "spec.template".to_owned(),
            problem: "is missing; write the pods that the controller creates".to_owned(),
        })?;
        let own = self.pods_of(controller);
        let replicas = || Ok(controller.count("replicas")?.unwrap_or(1));
        match controller.kind {
            ControllerKind::Deployment => {
                let missing = replicas()?.saturating_sub(self.pods_of_replica_sets(controller)?);
                let pods = (0..missing).map(|_| pod_of(controller, template, names.next(controller)));
                Ok(CreatedPods { pods: pods.collect(), ..CreatedPods::default() })
            }
            ControllerKind::ReplicaSet => {
                let missing = replicas()?.saturating_sub(count(&own));
                let pods = (0..missing).map(|_| pod_of(controller, template, names.next(controller)));
                Ok(CreatedPods { pods: pods.collect(), ..CreatedPods::default() })
            }
            ControllerKind::StatefulSet => {
                Ok(stateful_set::created(controller, template, replicas()?, &names.taken_in(controller)))
            }
            ControllerKind::Job => job::created(controller, template, &own, names),
        }
    }

    /// The pods that a controller counts: those that it controls, and those without a controller that it adopts.
    fn pods_of(&self, controller: Controller<'_>) -> Vec<&Value> {
        let is_own =
            |pod: &&&Value| controller.controls(pod) || (controlling_owner(pod).is_none() && controller.selects(pod));
        self.pods.iter().filter(is_own).copied().collect()
    }

    /// The pods that the `ReplicaSet`s of a Deployment have, or create themselves.
    fn pods_of_replica_sets(&self, deployment: Controller<'_>) -> Result<u64, InvalidField> {
        let mut pods = 0_u64;
        let mut known = BTreeSet::new();
        for replica_set in self.controllers.iter().filter(|other| deployment.controls(other.object)) {
            known.insert(name(replica_set.object));
            let wanted = replica_set.count("replicas")?.unwrap_or(1);
            pods = pods.saturating_add(wanted.max(count(&self.pods_of(*replica_set))));
        }
        // The dump may lack the `ReplicaSet`s, as `kubectl get deployments,pods` prints none.
        let is_of_unseen_set = |pod: &&Value| {
            let owner = controlling_owner(pod);
            let text = |member: &str| owner.and_then(|owner| owner.get(member)?.as_str());
            let is_unseen =
                text("kind") == Some("ReplicaSet") && text("name").is_some_and(|name| !known.contains(name));
            (is_unseen || owner.is_none()) && deployment.selects(pod)
        };
        let others: Vec<&Value> = self.pods.iter().copied().filter(is_of_unseen_set).collect();
        Ok(pods.saturating_add(count(&others)))
    }
}
