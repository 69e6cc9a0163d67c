//! A cache of gang plans, failed ones included: the last plan of each job, with the key of its snapshot.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::gang::GangState;
use crate::model::{JobId, Pe};
use crate::state::{Snapshot, SnapshotKey};

/// How many plans are kept. kube-scheduler schedules one pod at a time, so few jobs are planned at once.
const CAPACITY: usize = 64;

/// A cache of gang plans.
#[derive(Debug, Default)]
pub struct GangPlans {
    plans: VecDeque<(JobId, SnapshotKey, GangState)>,
}

impl GangPlans {
    /// The state of a PE's gang by the plan that was made in this snapshot; `None` where no such plan is kept.
    #[must_use]
    pub fn get(&self, pe: &Arc<Pe>, snapshot: &Snapshot) -> Option<GangState> {
        let key = snapshot.key(&pe.job);
        let (_, _, state) = self.plans.iter().find(|(job, made_in, _)| *job == pe.job && *made_in == key)?;
        match state {
            GangState::Planned { plan, .. } => {
                let node = plan.node_of(&pe.pod.key.uid)?;
                Some(GangState::Planned { node, plan: Arc::clone(plan) })
            }
            GangState::NotInGang | GangState::Incomplete(_) | GangState::Infeasible(_) | GangState::Outdated => {
                Some(state.clone())
            }
        }
    }

    /// Keeps a plan that was made in this snapshot, and drops the last plan of the job.
    pub fn put(&mut self, pe: &Arc<Pe>, snapshot: &Snapshot, state: GangState) {
        self.plans.retain(|(job, ..)| *job != pe.job);
        self.plans.push_back((pe.job.clone(), snapshot.key(&pe.job), state));
        if self.plans.len() > CAPACITY {
            self.plans.pop_front();
        }
    }
}
