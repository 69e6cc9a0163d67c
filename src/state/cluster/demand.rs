//! The demand on nodes: forecasts, how old they are, and what was learnt of earlier ones.

use std::sync::Arc;

use jiff::Timestamp;

use super::fold::Cluster;
use crate::model::DemandForecasts;
use crate::risk::{Calibration, DemandSums, RiskBasis};

impl Cluster {
    /// Replaces all forecasts.
    pub(super) fn apply_demand(&mut self, forecasts: Arc<DemandForecasts>) {
        self.current.demand = forecasts;
        self.update_demand();
    }

    /// Replaces what was learnt of earlier forecasts.
    pub(super) fn apply_calibration(&mut self, calibration: Arc<Calibration>) {
        self.calibration = calibration;
        self.update_demand();
    }

    /// Notes the time: where a step has ended, the rest of the forecasts counts.
    pub(super) fn age_demand(&mut self, now: Timestamp) {
        if self.current.nodes.basis().is_some_and(|basis| basis.is_outdated(now)) {
            self.current.version += 1;
            self.update_demand();
        }
    }

    /// Computes the demand on every node anew.
    fn update_demand(&mut self) {
        let basis = RiskBasis::new(&self.current.demand, &self.calibration, self.now).map(Arc::new);
        if basis.is_none() && self.current.nodes.basis().is_none() {
            return;
        }
        let mut sums: Vec<Option<Box<DemandSums>>> = vec![None; self.current.nodes.len()];
        if let Some(basis) = &basis {
            let on_nodes = self.pods.iter().filter_map(|entry| Some((entry, entry.node?.number())));
            on_nodes.for_each(|(entry, place)| {
                if let Some(sums) = sums.get_mut(place) {
                    sums.get_or_insert_default().add(&basis.pod_demand(&entry.pod, entry.pe.as_deref()));
                }
            });
        }
        self.current.set_basis(basis, sums);
        if self.policies.has_risk_ceiling() {
            // kube-scheduler sees no forecast: PEs that were rejected for the risk may pass now.
            self.note_released_nodes();
        }
    }
}

#[cfg(test)]
#[path = "tests/demand.rs"]
mod tests;
