//! Peak prediction as risk (Bashir et al., `EuroSys` 2021): the node with the lowest predicted peak.

use super::{Rule, best};
use crate::view::{NodeView, PeId, View};

/// The paper: five deviations, the 99th percentile, ten hours of history, three hours of warm-up.
const SIGMAS: f64 = 5.0;
const PERCENTILE: f64 = 0.99;
const HISTORY: usize = 120;
const WARM_UP: usize = 36;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Predictor {
    /// The mean of the use of the node, and five deviations.
    NSigma,
    /// The sum of a high percentile of the use of each PE, as the Resource Central of Azure has it.
    RcLike,
}

#[derive(Debug)]
pub(crate) struct PeakPrediction(pub(crate) Predictor);

impl Rule for PeakPrediction {
    fn name(&self) -> &'static str {
        match self.0 {
            Predictor::NSigma => "N-sigma",
            Predictor::RcLike => "RC-like",
        }
    }

    fn choose(&mut self, view: &View<'_>, _id: PeId, feasible: &[usize]) -> Option<usize> {
        best(feasible, |index| -self.peak(view, &view.nodes[index]))
    }
}

impl PeakPrediction {
    fn peak(&self, view: &View<'_>, node: &NodeView) -> f64 {
        let recent = |id: PeId| {
            let history = view.history.get(&id).map_or(&[][..], Vec::as_slice);
            &history[history.len().saturating_sub(HISTORY)..]
        };
        // A PE that is younger than the warm-up counts with what it asks for.
        let is_young = |id: &&PeId| recent(**id).len() < WARM_UP;
        let young: f64 = node.pes.iter().filter(is_young).map(|id| view.pe(*id).limit).sum();
        let old: Vec<&[f64]> =
            node.pes.iter().map(|id| recent(*id)).filter(|history| history.len() >= WARM_UP).collect();
        young
            + match self.0 {
                Predictor::NSigma => n_sigma(&old),
                Predictor::RcLike => old.iter().map(|history| percentile(history)).sum(),
            }
    }
}

fn n_sigma(pes: &[&[f64]]) -> f64 {
    let steps = pes.iter().map(|history| history.len()).min().unwrap_or(0);
    if steps == 0 {
        return 0.0;
    }
    let total = |back: usize| pes.iter().map(|history| history[history.len() - 1 - back]).sum::<f64>();
    let totals: Vec<f64> = (0..steps).map(total).collect();
    let mean = totals.iter().sum::<f64>() / steps as f64;
    let variance = totals.iter().map(|total| (total - mean).powi(2)).sum::<f64>() / steps as f64;
    SIGMAS.mul_add(variance.sqrt(), mean)
}

fn percentile(history: &[f64]) -> f64 {
    let mut sorted = history.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * PERCENTILE).round() as usize]
}
