//! Sums do not depend on the order of pods, and a pod that leaves takes away exactly what it added.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::basis::RiskBasis;
use super::super::calibration::Calibration;
use super::{DemandSums, PodDemand};
use crate::testing::{asking, forecasts, job_demand, pe, pod};

/// PEs of a job with a forecast and of one without, and a pod that is no PE.
fn demands() -> Vec<PodDemand> {
    let known = forecasts(&[("j", job_demand(&[1_000.0, 2_000.0], 0.2, 0.37))], &[]);
    let basis = RiskBasis::new(&known, &Calibration::default(), Timestamp::UNIX_EPOCH).unwrap();
    let policies = crate::testing::policies("");
    let demand = |name: &str, job: &str, cpu: u64| {
        let pod = Arc::new(asking(cpu, if job.is_empty() { pod(name) } else { pe(job, name, &[]) }));
        basis.pod_demand(&pod, policies.pe(&pod, &crate::model::Declarations::default()).as_ref())
    };
    vec![demand("a", "j", 100), demand("b", "j", 70), demand("c", "k", 333), demand("d", "", 250), demand("e", "k", 0)]
}

proptest! {
    #[test]
    fn what_is_added_and_taken_away_in_any_order_leaves_the_sums_of_the_rest(
        added in prop::collection::vec(0..5_usize, 1..40), removed in any::<prop::sample::Index>(), seed in any::<u64>(),
    ) {
        let demands = demands();
        let (kept, gone) = added.split_at(removed.index(added.len()));
        let mut sums = DemandSums::default();
        for at in &added {
            sums.add(&demands[*at]);
        }
        let mut gone = gone.to_vec();
        let turn = usize::try_from(seed).unwrap_or(7) % gone.len().max(1);
        gone.rotate_left(turn);
        for at in &gone {
            sums.remove(&demands[*at]);
        }
        let mut fresh = DemandSums::default();
        kept.iter().rev().for_each(|at| fresh.add(&demands[*at]));
        prop_assert_eq!(sums, fresh);
    }
}
