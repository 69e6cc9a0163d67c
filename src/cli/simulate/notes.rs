//! Notes for the user: one line for each thing that was left out.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::gather::Gathered;
use crate::model::DemandForecasts;
use crate::simulate::not_simulated::NotSimulated;

/// What is noted while an input is read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Pods of the workload that no policy governs.
    pub(super) pods_of_no_policy: usize,
    pub(super) lines: Vec<String>,
    /// How many waiting PEs have a part that is not simulated.
    affected_pes: usize,
    /// How many waiting PEs have each part that is not simulated.
    not_simulated: BTreeMap<NotSimulated, usize>,
}

impl Notes {
    /// Notes that forecasts of demand are for another time than that of the simulation.
    pub(super) fn add_demand(&mut self, demand: Option<&DemandForecasts>, now: Timestamp) {
        let Some(demand) = demand else { return };
        let age = now.duration_since(demand.at);
        if age.abs() > demand.step {
            self.lines.push(format!(
                "the newest measurement of --demand is of {}, and the simulation of {now}: the demand is that of {}",
                demand.at, demand.at
            ));
        }
    }

    /// Notes what is left out of a waiting PE.
    pub(super) fn add_pe(&mut self, left_out: &[NotSimulated]) {
        self.affected_pes += usize::from(!left_out.is_empty());
        for part in left_out {
            *self.not_simulated.entry(*part).or_default() += 1;
        }
    }

    /// The lines, together with what the objects themselves are noted for.
    pub(super) fn into_lines(self, gathered: &mut Gathered<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if !gathered.left_out.is_empty() {
            lines.push(format!(
                "files without a Kubernetes object, which are skipped: {}",
                gathered.left_out.join(", ")
            ));
        }
        let skipped = gathered.skipped();
        if !skipped.is_empty() {
            lines.push(format!("skipped kinds that placement does not read: {skipped}"));
        }
        if !gathered.unconditional_nodes.is_empty() {
            lines.push(format!(
                "nodes without the condition Ready, which count as ready: {}",
                gathered.unconditional_nodes.join(", ")
            ));
        }
        if self.pods_of_no_policy > 0 {
            lines.push(format!(
                "pods of the workload that no policy governs, which take room and are not listed: {}",
                self.pods_of_no_policy
            ));
        }
        if self.affected_pes > 0 {
            let parts = self.not_simulated.iter().map(|(part, count)| format!("{part} ({count})"));
            let parts = parts.collect::<Vec<String>>().join(", ");
            let pes = if self.affected_pes == 1 { "PE" } else { "PEs" };
            lines.push(format!("not simulated, so {} {pes} may go elsewhere or wait: {parts}", self.affected_pes));
        }
        lines.extend(self.lines);
        lines.extend(std::mem::take(&mut gathered.field_problems).into_values().flatten());
        lines
    }
}
