//! Kills of PEs that used too much memory: they are known longer than the pods.

use std::sync::Arc;

use super::fold::Cluster;
use crate::model::{DemandKey, OomKill, Pe};

impl Cluster {
    /// Notes the kill that a version of the pod of a PE shows.
    pub(super) fn note_oom_kill(&mut self, pe: &Pe, kill: &OomKill) {
        let job = DemandKey::from(&pe.job);
        if !self.current.oom_kills.is_known(&job, &pe.name, kill) {
            Arc::make_mut(&mut self.current.oom_kills).note(job, Arc::clone(&pe.name), kill.clone());
        }
    }
}

#[cfg(test)]
#[path = "tests/oom_kills.rs"]
mod tests;
