//! `ExlocationInfeasible`: a PE takes no node without which another pending PE would be left without one.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::bucket::BucketEvaluation;
use super::super::filter::plugin::NodeView;
use super::matching::{Choice, Matching};
use crate::model::{NodeRequirements, Pe, PlacementSpec, PodKey, Rejection, Resources, Token};
use crate::state::{NodeIndex, Snapshot};

/// The nodes that a PE must leave to other pending PEs, by the exlocation tokens that it shares with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::placement) struct LookAhead {
    /// Nodes that other PEs cannot do without.
    needed: Vec<(NodeIndex, Token)>,
    /// A token of which PEs that come first need every node.
    exhausted: Option<Token>,
}

impl LookAhead {
    /// Looks at the pending PEs that share an exlocation token with `pe`, one token at a time.
    pub(in crate::placement) fn new(pe: &Arc<Pe>, spec: &PlacementSpec, snapshot: &Snapshot) -> Self {
        let mut look_ahead = Self::default();
        for token in &spec.exlocation {
            let group = pending_group(pe, token, snapshot);
            if let Some(own) = group.iter().position(|member| member.pod.key.uid == pe.pod.key.uid)
                && group.len() > 1
            {
                look_ahead.add_group(token, &group, own, snapshot);
            }
        }
        look_ahead
    }

    /// The rejection of a node that the PE must leave to others.
    pub(in crate::placement) fn rejection(&self, index: NodeIndex) -> Option<Rejection> {
        let needed = || self.needed.iter().find(|(node, _)| *node == index).map(|(_, token)| token);
        self.exhausted.as_ref().or_else(needed).map(|token| Rejection::ExlocationInfeasible(token.clone()))
    }

    fn add_group(&mut self, token: &Token, group: &[&Arc<Pe>], own: usize, snapshot: &Snapshot) {
        let candidates = Candidates::new(group, snapshot);
        let scarce = scarce(&candidates, own);
        let Some(own) = scarce.iter().position(|member| *member == own) else { return };
        let (places, nodes) = candidates.places(&scarce);
        let matching = Matching::new(&places, nodes.len());
        match matching.choice(&places, own) {
            Choice::Any => {}
            Choice::None => self.exhausted = Some(token.clone()),
            Choice::AllBut(needed) => {
                let needed = needed.into_iter().filter_map(|place| nodes.get(place));
                self.needed.extend(needed.map(|node| (*node, token.clone())));
            }
        }
    }
}

/// The pending PEs of a job that share an exlocation token, `pe` included, the most urgent first.
fn pending_group<'a>(pe: &'a Arc<Pe>, token: &Token, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
    let has_token =
        |member: &Pe| member.spec.as_ref().is_ok_and(|theirs| theirs.exlocation.binary_search(token).is_ok());
    let members = snapshot.job(&pe.job).map_or(&[][..], |job| &job.members);
    let pending = members.iter().filter(|member| member.node.is_none()).map(|member| &member.pe);
    let others = pending.filter(|member| has_token(member) && member.pod.key.uid != pe.pod.key.uid);
    let mut group: Vec<&Arc<Pe>> = others.chain([pe]).collect();
    group.sort_by(|one, other| urgency(one).cmp(&urgency(other)));
    group
}

fn urgency(pe: &Pe) -> (Reverse<i32>, Timestamp, &PodKey) {
    (Reverse(pe.pod.priority), pe.pod.created, &pe.pod.key)
}

/// For each member of a group the nodes that it may go to as things are. PEs that ask for the same share a list.
pub(in crate::placement) struct Candidates {
    lists: Vec<Vec<NodeIndex>>,
    /// The list of each member.
    list_of: Vec<usize>,
}

/// What PEs have in common that may go to the same nodes.
struct Kind<'a> {
    spec: &'a Arc<PlacementSpec>,
    requests: &'a Resources,
    requirements: Option<&'a Arc<NodeRequirements>>,
    list: usize,
}

impl Candidates {
    /// Looks up the nodes of each member, no more than the group has members: a member with so many is never left over.
    pub(in crate::placement) fn new(group: &[&Arc<Pe>], snapshot: &Snapshot) -> Self {
        let mut candidates = Self { lists: Vec::new(), list_of: Vec::with_capacity(group.len()) };
        let mut kinds: Vec<Kind<'_>> = Vec::new();
        for member in group {
            let Ok(spec) = &member.spec else {
                candidates.lists.push(Vec::new());
                candidates.list_of.push(candidates.lists.len() - 1);
                continue;
            };
            let (requests, requirements) = (&member.pod.resources.requests, member.pod.node_requirements.as_ref());
            let is_alike =
                |kind: &&Kind<'_>| kind.spec == spec && kind.requests == requests && kind.requirements == requirements;
            let known = kinds.iter().find(is_alike).map(|kind| kind.list);
            let list = known.unwrap_or(candidates.lists.len());
            if known.is_none() {
                candidates.lists.push(passing(member, group.len(), snapshot));
                // PEs with colocation differ by their buckets, those that may not be relocated by their nodes.
                if spec.colocation.is_empty() && spec.relocatable {
                    kinds.push(Kind { spec, requests, requirements, list });
                }
            }
            candidates.list_of.push(list);
        }
        candidates
    }

    /// The nodes of a member.
    fn of_member(&self, member: usize) -> &[NodeIndex] {
        self.list_of.get(member).and_then(|list| self.lists.get(*list)).map_or(&[], Vec::as_slice)
    }

    /// For each of these members the places that it may take, and the node at each place.
    pub(in crate::placement) fn places(&self, members: &[usize]) -> (Vec<Arc<[usize]>>, Vec<NodeIndex>) {
        let lists: Vec<usize> = members.iter().filter_map(|member| self.list_of.get(*member).copied()).collect();
        let mut used = lists.clone();
        used.sort_unstable();
        used.dedup();
        let mut nodes: Vec<NodeIndex> =
            used.iter().filter_map(|list| self.lists.get(*list)).flatten().copied().collect();
        nodes.sort_unstable();
        nodes.dedup();
        let place_of = |node: &NodeIndex| nodes.binary_search(node).ok();
        let numbered: Vec<Arc<[usize]>> = used
            .iter()
            .filter_map(|list| self.lists.get(*list))
            .map(|list| list.iter().filter_map(place_of).collect())
            .collect();
        let places = lists.iter().filter_map(|list| numbered.get(used.binary_search(list).ok()?)).map(Arc::clone);
        (places.collect(), nodes)
    }
}

/// Up to so many nodes that a PE may go to as far as its bucket and bound PEs are concerned, in a fixed order.
fn passing(pe: &Arc<Pe>, most: usize, snapshot: &Snapshot) -> Vec<NodeIndex> {
    let Ok(evaluation) = BucketEvaluation::new(pe, snapshot) else { return Vec::new() };
    let passes = |index: &NodeIndex| {
        NodeView::new(snapshot, *index).is_ok_and(|node| evaluation.first_rejection(node).is_none())
    };
    snapshot.indexes().filter(passes).take(most).collect()
}

/// The members that could be left without a node, and the one in question. A member that may take as many nodes as there
/// are members finds one after all others and needs no look; then the next, among those that remain.
fn scarce(candidates: &Candidates, in_question: usize) -> Vec<usize> {
    let mut members: Vec<usize> = (0..candidates.list_of.len()).collect();
    loop {
        let before = members.len();
        members.retain(|member| *member == in_question || candidates.of_member(*member).len() < before);
        if members.len() == before {
            return members;
        }
    }
}
