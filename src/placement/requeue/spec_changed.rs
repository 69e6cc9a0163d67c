//! Requeues PEs whose last attempt is older than a change of a placement spec or a pool of their job.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::urgency::most_urgent_first;
use crate::model::{Pe, PodUid};
use crate::state::{Member, Snapshot};

/// The PEs that were requeued since their job changed, each with the version of that change.
#[derive(Debug, Default)]
pub struct SpecChanged {
    requeued: BTreeMap<PodUid, u64>,
}

impl SpecChanged {
    /// Observes a snapshot, and returns the pending PEs whose last attempt is older than a change of their job: the
    /// placement spec of a PE of the job changed, or a pool that the job names. Each PE is returned once for each change,
    /// the most urgent first.
    ///
    /// `decided_in` returns the version of the snapshot in which a pod was last filtered.
    pub fn observe<'a>(
        &mut self,
        snapshot: &'a Snapshot,
        decided_in: impl Fn(&PodUid) -> Option<u64>,
    ) -> Vec<&'a Arc<Pe>> {
        let mut requeued: BTreeMap<PodUid, u64> = BTreeMap::new();
        let mut concerned: Vec<&Arc<Pe>> = Vec::new();
        for (id, changed) in snapshot.spec_changes() {
            let members = snapshot.job(id).map_or(&[][..], |job| &job.members);
            for Member { pe, .. } in members.iter().filter(|member| member.is_unbound()) {
                let uid = &pe.pod.key.uid;
                let was_requeued = self.requeued.get(uid).is_some_and(|version| *version >= changed);
                let is_behind = || match decided_in(uid) {
                    Some(version) => version < changed,
                    // Without an attempt the pod may be new, and kube-scheduler about to schedule the pod.
                    None => snapshot.is_settled(&pe.pod),
                };
                if was_requeued || is_behind() {
                    requeued.insert(uid.clone(), changed);
                    concerned.extend((!was_requeued).then_some(pe));
                }
            }
        }
        self.requeued = requeued;
        most_urgent_first(concerned)
    }
}
