//! All that risk reads of forecasts and of calibration.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::by_resource::ByResource;
use super::calibration::Calibration;
use super::curve::Curve;
use super::horizon::Horizon;
use super::node_class::NodeClass;
use super::pod_demand::{FixedShare, JobForecast, PodAmount, PodDemand};
use super::prior::UsePrior;
use crate::model::{
    DemandForecasts, DemandKey, DemandPath, DemandResource, DemandShare, Node, NodeName, OfResources, Pe, Pod,
};

/// The forecasts from the current step on, and the curves that correct stated probabilities. It is made once for each change
/// of either, and read by every decision until the next one.
#[derive(Clone, Debug)]
pub struct RiskBasis {
    forecasts: Arc<DemandForecasts>,
    horizon: Horizon,
    jobs: HashMap<DemandKey, Arc<ByResource<Option<DemandPath>>>, ahash::RandomState>,
    others: HashMap<NodeName, ByResource<Option<DemandPath>>, ahash::RandomState>,
    /// The classes with curves of their own, in order.
    classes: Vec<NodeClass>,
    /// The curves of all nodes together, then those of each class.
    curves: Vec<ByResource<Curve>>,
    /// Nothing is corrected.
    uncorrected: ByResource<Curve>,
}

impl RiskBasis {
    /// The basis of decisions at `now`; `None` where no demand is known.
    #[must_use]
    pub fn new(forecasts: &Arc<DemandForecasts>, calibration: &Calibration, now: Timestamp) -> Option<Self> {
        if forecasts.jobs.is_empty() && forecasts.others.is_empty() {
            return None;
        }
        let horizon = Horizon::new(forecasts, now)?;
        let paths = |paths: &OfResources<DemandPath>| {
            let path = |path: &Option<DemandPath>| path.as_ref().and_then(|path| horizon.path(path));
            ByResource { cpu: path(&paths.cpu), memory: path(&paths.memory) }
        };
        let jobs = forecasts.jobs.iter().map(|(key, demand)| (key.clone(), Arc::new(paths(&demand.total))));
        let others = forecasts.others.iter().map(|(node, other)| (node.clone(), paths(other)));
        Some(Self {
            horizon,
            jobs: jobs.collect(),
            others: others.collect(),
            forecasts: Arc::clone(forecasts),
            classes: calibration.classes().cloned().collect(),
            curves: calibration.curves(),
            uncorrected: ByResource::default(),
        })
    }

    /// True where decisions at `now` need another basis, because more steps have ended.
    #[must_use]
    pub fn is_outdated(&self, now: Timestamp) -> bool {
        Horizon::new(&self.forecasts, now) != Some(self.horizon)
    }

    /// The end of the last step of the horizon.
    #[must_use]
    pub fn horizon_end(&self) -> Timestamp {
        self.step_end(usize::MAX)
    }

    /// What a pod is expected to use: a share of the demand of its job, or else by its requests and limits.
    #[must_use]
    pub fn pod_demand(&self, pod: &Pod, pe: Option<&Pe>) -> PodDemand {
        let prior = UsePrior::of_pod(&pod.resources);
        let job = pe.map(|pe| {
            let key = DemandKey::from(&pe.job);
            JobForecast { paths: self.jobs.get(&key).cloned(), key }
        });
        let shares = pe.and_then(|pe| self.forecasts.of_pe(pe)).map(|(_, shares)| shares).unwrap_or_default();
        let share = |share: Option<DemandShare>, resource: DemandResource| {
            let has_path = job.as_ref().and_then(|job| job.paths.as_ref()?.get(resource).as_ref()).is_some();
            share.filter(|_| has_path).and_then(FixedShare::new)
        };
        let shares = ByResource {
            cpu: share(shares.cpu, DemandResource::Cpu),
            memory: share(shares.memory, DemandResource::Memory),
        };
        let amounts = ByResource::from_fn(|resource| match shares.get(resource) {
            Some(share) => PodAmount::Share(*share),
            None => PodAmount::Prior(*prior.get(resource)),
        });
        PodDemand { job, amounts }
    }

    /// The demand by what is no PE on a node, where some is known.
    pub(super) fn others(&self, node: &NodeName) -> Option<&ByResource<Option<DemandPath>>> {
        self.others.get(node)
    }

    /// The place of a node's curves.
    pub(super) fn class_of(&self, node: &Node) -> u16 {
        if self.classes.is_empty() {
            return 0;
        }
        let found = self.classes.binary_search(&NodeClass::of_node(node)).ok();
        found.and_then(|place| u16::try_from(place + 1).ok()).unwrap_or_default()
    }

    /// The curves at a place.
    #[inline]
    pub(super) fn curves(&self, class: u16) -> &ByResource<Curve> {
        self.curves.get(usize::from(class)).unwrap_or(&self.uncorrected)
    }

    /// The end of a step.
    pub(super) fn step_end(&self, step: usize) -> Timestamp {
        let ended = i32::try_from(self.horizon.ended_at(step)).unwrap_or(i32::MAX);
        self.forecasts.at.saturating_add(self.forecasts.step.saturating_mul(ended)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
#[path = "tests/basis.rs"]
mod tests;
