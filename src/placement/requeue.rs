//! Whom it concerns that nodes take PEs again, that PEs wish something else, or that a gang is complete: kube-scheduler
//! sees nothing of it, and would not ask again by itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::case::Case;
use super::plan::{gang_of, is_arriving};
use crate::model::{Gang, JobId, NodeName, ObjectId, Pe, PodUid};
use crate::state::{Member, NodeIndex, Snapshot};

/// The PEs that wait although a node would take them now, the most urgent first; a gang may still be waited for. The other
/// looks find what has changed since the last one: this is for a process that has not seen what was before.
#[must_use]
pub fn placeable(snapshot: &Snapshot) -> Vec<&Arc<Pe>> {
    let nodes: Vec<NodeIndex> = snapshot.nodes().map(|(index, ..)| index).collect();
    let waiting = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.node.is_none());
    let is_placeable = |pe: &&Arc<Pe>| {
        let case = Case::without_gang(pe, snapshot);
        nodes.iter().any(|index| case.verdict(*index).is_ok())
    };
    // Who has come just now is looked at anyway.
    let waiting = waiting.map(|member| &member.pe).filter(|pe| snapshot.is_settled(pe.pod.created));
    in_order(waiting.filter(is_placeable).collect())
}

/// What kept PEs off nodes at the last look, by load protection.
#[derive(Debug, Default)]
pub struct OverloadCleared {
    /// The nodes that were overloaded.
    busy: BTreeSet<NodeName>,
    /// The jobs that did not heed that.
    overriding: BTreeSet<ObjectId>,
}

impl OverloadCleared {
    /// The PEs that wait and may go to a node that load protection kept them off at the last look, as far as only the
    /// two are concerned: the most urgent first. The node is no longer overloaded, or their job overrides that now.
    pub fn look<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let overloaded = snapshot.nodes().filter(|(_, state, _)| state.overload.is_some());
        let overrides = snapshot.stream_jobs().values().filter(|job| job.override_load_protection);
        let now = Self {
            busy: overloaded.map(|(_, state, _)| state.name.clone()).collect(),
            overriding: overrides.map(|job| job.id.clone()).collect(),
        };
        let before = std::mem::replace(self, now);
        let index = |name: &NodeName| snapshot.find(name.as_str());
        let all: Vec<NodeIndex> = before.busy.iter().filter_map(index).collect();
        let cleared: Vec<NodeIndex> = before.busy.difference(&self.busy).filter_map(index).collect();
        let overriding: BTreeSet<&ObjectId> = self.overriding.difference(&before.overriding).collect();
        if cleared.is_empty() && (all.is_empty() || overriding.is_empty()) {
            return Vec::new();
        }
        let waiting = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.node.is_none());
        let concerned = waiting
            .map(|member| &member.pe)
            .filter(|pe| {
                let job = pe.job.object();
                // Who has overridden all along has waited for something else.
                !before.overriding.contains(&job)
                    && may_go(pe, if overriding.contains(&job) { &all } else { &cleared }, snapshot)
            })
            .collect();
        in_order(concerned)
    }
}

fn may_go(pe: &Pe, nodes: &[NodeIndex], snapshot: &Snapshot) -> bool {
    let case = Case::of_node(pe, snapshot);
    nodes.iter().any(|index| case.passes_by_itself(*index))
}

/// Who has been woken since its job changed its mind, and for which change.
#[derive(Debug, Default)]
pub struct SpecChanged {
    requeued: BTreeMap<PodUid, u64>,
}

impl SpecChanged {
    /// The PEs that wait and were decided last before a PE of their job came to wish something else, or to have another
    /// pool under the same name: an object, a policy or a pod has changed. Each is told once for every change.
    ///
    /// `decided_on` tells the version of the snapshot that the last decision on a pod was made with.
    pub fn look<'a>(
        &mut self,
        snapshot: &'a Snapshot,
        decided_on: impl Fn(&PodUid) -> Option<u64>,
    ) -> Vec<&'a Arc<Pe>> {
        let mut requeued: BTreeMap<PodUid, u64> = BTreeMap::new();
        let mut concerned: Vec<&Arc<Pe>> = Vec::new();
        for (id, changed) in snapshot.spec_changes() {
            let members = snapshot.job(id).map_or(&[][..], |job| &job.members);
            for Member { pe, .. } in members.iter().filter(|member| member.node.is_none()) {
                let uid = &pe.pod.key.uid;
                let was_reported = self.requeued.get(uid).is_some_and(|reported| *reported >= changed);
                let is_behind = || match decided_on(uid) {
                    Some(version) => version < changed,
                    // Nobody remembers it: it may be about to be decided for the first time.
                    None => snapshot.is_settled(pe.pod.created),
                };
                if was_reported || is_behind() {
                    requeued.insert(uid.clone(), changed);
                    concerned.extend((!was_reported).then_some(pe));
                }
            }
        }
        self.requeued = requeued;
        in_order(concerned)
    }
}

/// Jobs whose gangs waited for more members at the last look.
#[derive(Debug, Default)]
pub struct GangComplete {
    arriving: BTreeSet<JobId>,
}

impl GangComplete {
    /// The PEs that wait of jobs whose gangs have become complete since the last look: nobody came any more.
    pub fn look<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let young = snapshot.jobs().filter(|(_, state)| is_arriving(snapshot, state)).map(|(id, _)| id);
        let arriving = young.filter(|id| gang_of(snapshot, id) == Some(Gang::All)).cloned().collect();
        let before = std::mem::replace(&mut self.arriving, arriving);
        let complete = before.difference(&self.arriving).filter_map(|id| snapshot.job(id));
        let members = complete.flat_map(|job| &job.members).filter(|member| member.node.is_none());
        in_order(members.map(|member| &member.pe).collect())
    }
}

/// The most urgent first.
fn in_order(mut pes: Vec<&Arc<Pe>>) -> Vec<&Arc<Pe>> {
    pes.sort_unstable_by_key(|pe| (Reverse(pe.pod.priority), pe.pod.created, &pe.pod.key));
    pes
}
