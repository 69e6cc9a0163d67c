//! The risk of a node for people: who peaks, when, and how much of what.

use super::added_demand::AddedDemand;
use super::basis::RiskBasis;
use super::demand_sums::{DemandSums, JobSums};
use super::node_demand::NodeDemand;
use super::normal::tail;
use super::numbers::{number, whole};
use crate::model::{DemandKey, DemandResource, NodeName, OversubscriptionRisk, Probability};

impl RiskBasis {
    /// The risk of a node with these PEs, of the resource with the higher risk. `sums` are those of the pods on the node.
    #[must_use]
    pub fn explain(
        &self,
        added: &AddedDemand,
        node: &NodeDemand,
        name: &NodeName,
        sums: Option<&DemandSums>,
    ) -> OversubscriptionRisk {
        let curves = self.curves(node.class);
        let of_resource = |resource: DemandResource| {
            let worst = added.worst_step(node, resource, sums);
            (curves.get(resource).corrected(worst.distance), worst, resource)
        };
        let (cpu, memory) = (of_resource(DemandResource::Cpu), of_resource(DemandResource::Memory));
        // Where both are far away, the nearer one is told.
        let is_memory = memory.0 > cpu.0 || (memory.0 >= cpu.0 && memory.1.distance < cpu.1.distance);
        let (corrected, worst, resource) = if is_memory { memory } else { cpu };
        let others = self.others(name).and_then(|others| others.get(resource).as_ref());
        let of_others = match (others, sums) {
            (Some(path), _) => path.mean.get(worst.step).copied().map_or(0.0, f64::from),
            (None, Some(sums)) => number(sums.others().get(resource).mean),
            (None, None) => 0.0,
        };
        let probability = |number: f64| Probability::new(number).unwrap_or(Probability::ONE);
        OversubscriptionRisk {
            resource,
            stated: probability(tail(worst.distance)),
            corrected: probability(corrected),
            at: self.step_end(worst.step),
            job: largest_job(added, sums, (resource, worst.step), of_others),
            expected: whole(worst.mean),
            deviation: whole(worst.deviation),
            capacity: whole(f64::from(node.resources.get(resource).capacity)),
            without_history: job_sums(added, sums).map(|job| job.without_history(resource)).sum(),
            others_unknown: others.is_none(),
        }
    }
}

/// The sums of each job on a node, and those of added PEs.
fn job_sums<'a>(added: &'a AddedDemand, sums: Option<&'a DemandSums>) -> impl Iterator<Item = &'a JobSums> {
    sums.map_or(&[][..], DemandSums::jobs).iter().chain(added.sums())
}

/// The job with the largest expected use at a step, where it is larger than the use by what is no PE.
fn largest_job(
    added: &AddedDemand,
    sums: Option<&DemandSums>,
    (resource, step): (DemandResource, usize),
    of_others: f64,
) -> Option<DemandKey> {
    let expected = |job: &JobSums| job.job_use(resource).mean.get(step).copied().unwrap_or_default();
    let mut largest: Option<(f64, &DemandKey)> = None;
    for job in job_sums(added, sums) {
        let own = added.sums().filter(|own| own.key() == job.key() && !std::ptr::eq(*own, job));
        let both = expected(job) + own.map_or(0.0, expected);
        if largest.is_none_or(|(most, _)| both > most) {
            largest = Some((both, job.key()));
        }
    }
    largest.filter(|(most, _)| *most >= of_others).map(|(_, key)| key.clone())
}

#[cfg(test)]
#[path = "tests/account.rs"]
mod tests;
