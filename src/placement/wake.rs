//! Whom it concerns that nodes take PEs again, that PEs wish something else, or that a gang is complete: kube-scheduler
//! sees nothing of it, and would not ask again by itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::case::Case;
use super::plan::{arrives, gang_of};
use crate::model::{Contradiction, Gang, HostChoice, JobId, NodeName, Pe, PodUid, Pool, StreamJobId, Wishes};
use crate::state::{Member, NodeIndex, Snapshot};

/// What kept PEs off nodes at the last look, by load protection.
#[derive(Debug, Default)]
pub struct Relief {
    /// The nodes that were overloaded.
    busy: BTreeSet<NodeName>,
    /// The jobs that did not heed that.
    overriding: BTreeSet<StreamJobId>,
}

impl Relief {
    /// The PEs that wait and may go to a node that load protection kept them off at the last look, as far as only the
    /// two are concerned: the most urgent first. The node is no longer overloaded, or their job overrides that now.
    pub fn look<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let overloaded = snapshot.nodes().filter(|(_, row, _)| row.overload.is_some());
        let overrides = snapshot.stream_jobs().values().filter(|job| job.override_load_protection);
        let now = Self {
            busy: overloaded.map(|(_, row, _)| row.name.clone()).collect(),
            overriding: overrides.map(|job| job.id.clone()).collect(),
        };
        let before = std::mem::replace(self, now);
        let index = |name: &NodeName| snapshot.find(name.as_str());
        let all: Vec<NodeIndex> = before.busy.iter().filter_map(index).collect();
        let relieved: Vec<NodeIndex> = before.busy.difference(&self.busy).filter_map(index).collect();
        let overriding: BTreeSet<&StreamJobId> = self.overriding.difference(&before.overriding).collect();
        if relieved.is_empty() && (all.is_empty() || overriding.is_empty()) {
            return Vec::new();
        }
        let waiting = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.node.is_none());
        let concerned = waiting
            .map(|member| &member.pe)
            .filter(|pe| {
                let job = StreamJobId::from(&pe.job);
                // Who has overridden all along has waited for something else.
                !before.overriding.contains(&job)
                    && may_go(pe, if overriding.contains(&job) { &all } else { &relieved }, snapshot)
            })
            .collect();
        in_order(concerned)
    }
}

fn may_go(pe: &Pe, nodes: &[NodeIndex], snapshot: &Snapshot) -> bool {
    let case = Case::of_node(pe, snapshot);
    nodes.iter().any(|index| case.passes_by_itself(*index))
}

/// What the PEs of jobs with a PE that waits wished at the last look.
#[derive(Debug, Default)]
pub struct Rethought {
    seen: BTreeMap<PodUid, Wished>,
}

/// What a PE wishes, and the pool that it names.
#[derive(Debug, PartialEq)]
struct Wished {
    wishes: Result<Arc<Wishes>, Box<Contradiction>>,
    awaits: bool,
    pool: Option<Arc<Pool>>,
}

impl Wished {
    fn by(pe: &Pe, snapshot: &Snapshot) -> Self {
        let pool = pe.wishes.as_ref().ok().and_then(|wishes| match &wishes.hosts {
            HostChoice::Pool(id) => snapshot.pools().get(id).cloned(),
            HostChoice::Any | HostChoice::Tags(_) => None,
        });
        Self { wishes: pe.wishes.clone(), awaits: pe.awaits().is_some(), pool }
    }
}

impl Rethought {
    /// The PEs that wait and of whose job a PE wishes something else than at the last look, or has another pool under
    /// the same name: an object, a policy or the pod itself has changed.
    pub fn look<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let mut now: BTreeMap<PodUid, Wished> = BTreeMap::new();
        let mut concerned: Vec<&Arc<Pe>> = Vec::new();
        for (_, job) in snapshot.jobs() {
            let mut waiting = job.members.iter().filter(|member| member.node.is_none()).peekable();
            if waiting.peek().is_none() {
                continue;
            }
            let mut has_changed = false;
            for Member { pe, .. } in &job.members {
                let wished = Wished::by(pe, snapshot);
                has_changed |= self.seen.get(&pe.pod.key.uid).is_some_and(|before| *before != wished);
                now.insert(pe.pod.key.uid.clone(), wished);
            }
            concerned.extend(waiting.map(|member| &member.pe).filter(|_| has_changed));
        }
        self.seen = now;
        in_order(concerned)
    }
}

/// Jobs whose gangs waited for more members at the last look; `None` before the first.
#[derive(Debug, Default)]
pub struct Arrivals {
    arriving: Option<BTreeSet<JobId>>,
}

impl Arrivals {
    /// The PEs that wait of jobs whose gangs have become complete since the last look: nobody came any more. At the
    /// first look those of all complete gangs: another process may have refused them before it ended.
    pub fn look<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        if !snapshot.is_complete() {
            return Vec::new();
        }
        let is_gang_of_all = |id: &&JobId| gang_of(snapshot, id) == Some(Gang::All);
        let young = snapshot.jobs().filter(|(_, row)| arrives(snapshot, row)).map(|(id, _)| id);
        let arriving: BTreeSet<JobId> = young.filter(is_gang_of_all).cloned().collect();
        let complete: Vec<&JobId> = if let Some(before) = &self.arriving {
            before.difference(&arriving).collect()
        } else {
            let settled = snapshot.jobs().map(|(id, _)| id).filter(|id| !arriving.contains(*id));
            settled.filter(is_gang_of_all).collect()
        };
        let members = complete.into_iter().filter_map(|id| snapshot.job(id)).flat_map(|job| &job.members);
        let concerned = members.filter(|member| member.node.is_none()).map(|member| &member.pe).collect();
        self.arriving = Some(arriving);
        in_order(concerned)
    }
}

/// The most urgent first.
fn in_order(mut pes: Vec<&Arc<Pe>>) -> Vec<&Arc<Pe>> {
    pes.sort_unstable_by_key(|pe| (Reverse(pe.pod.priority), pe.pod.created, &pe.pod.key));
    pes
}
