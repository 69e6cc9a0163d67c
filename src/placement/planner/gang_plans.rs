//! The plans of gangs that were made last: one for each job and snapshot, failed ones too.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::gang::GangState;
use crate::model::{JobId, Pe};
use crate::state::{Snapshot, SnapshotKey};

/// How many plans are kept. kube-scheduler tries one pod after another, so a few jobs are enough.
const CAPACITY: usize = 64;

/// The plans of gangs that were made last.
#[derive(Debug, Default)]
pub struct GangPlans {
    plans: VecDeque<(JobId, SnapshotKey, GangState)>,
}

impl GangPlans {
    /// What the plan that was made in this snapshot for the gang of a PE says; `None` where no such plan is kept.
    #[must_use]
    pub fn get(&self, pe: &Arc<Pe>, snapshot: &Snapshot) -> Option<GangState> {
        let key = snapshot.key();
        let (_, _, state) = self.plans.iter().find(|(job, made_in, _)| *job == pe.job && *made_in == key)?;
        match state {
            GangState::Planned { plan, .. } => {
                let node = plan.node_of(&pe.pod.key.uid)?;
                Some(GangState::Planned { node, plan: Arc::clone(plan) })
            }
            // A PE that the snapshot does not have yet counts as one more member.
            GangState::NotInGang | GangState::Incomplete(_) | GangState::Infeasible(_) => {
                let job = snapshot.job(&pe.job)?;
                let is_known = job.members.iter().any(|member| member.pe.pod.key.uid == pe.pod.key.uid);
                is_known.then(|| state.clone())
            }
        }
    }

    /// Keeps a plan that was made in this snapshot, in place of the last one of the job.
    pub fn put(&mut self, pe: &Arc<Pe>, snapshot: &Snapshot, state: GangState) {
        self.plans.retain(|(job, ..)| *job != pe.job);
        self.plans.push_back((pe.job.clone(), snapshot.key(), state));
        if self.plans.len() > CAPACITY {
            self.plans.pop_front();
        }
    }
}
