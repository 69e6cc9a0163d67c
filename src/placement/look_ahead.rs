//! Look-ahead for exlocation: a node is not taken where a PE that still waits would be left without one.

use std::cmp::Reverse;

use super::case::Case;
use super::matching::{Choice, Matching};
use crate::model::{NodeRequirements, Pe, PlacementSpec, Resources, Token};
use crate::state::{JobState, NodeIndex, Snapshot};

/// The nodes that a PE must leave to other waiting PEs, by the exlocation tokens that it shares with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LookAhead {
    /// Nodes that others cannot do without.
    needed: Vec<(NodeIndex, Token)>,
    /// A token of which earlier PEs need all nodes that there are.
    left_over: Option<Token>,
}

/// Waiting PEs that may go to the same nodes, and those nodes: all, or as many as there are PEs in the group.
struct Kind<'a> {
    spec: &'a PlacementSpec,
    requests: &'a Resources,
    node_requirements: Option<&'a NodeRequirements>,
    nodes: Vec<NodeIndex>,
}

impl LookAhead {
    /// Looks at the groups of one PE, a token at a time.
    pub(super) fn new(pe: &Pe, spec: &PlacementSpec, job: Option<&JobState>, snapshot: &Snapshot) -> Self {
        let mut ahead = Self::default();
        for token in &spec.exlocation {
            let waits = |member: &&Pe| member.spec.as_ref().is_ok_and(|theirs| theirs.exlocation.contains(token));
            let members = job.iter().flat_map(|job| &job.members).filter(|member| member.node.is_none());
            let mut group: Vec<&Pe> = members
                .map(|member| &*member.pe)
                .filter(waits)
                .filter(|member| member.pod.key.uid != pe.pod.key.uid)
                .collect();
            if group.is_empty() {
                continue;
            }
            let order = |member: &Pe| (Reverse(member.pod.priority), member.pod.created);
            group.sort_by(|one, other| order(one).cmp(&order(other)).then_with(|| one.pod.key.cmp(&other.pod.key)));
            let at = group.partition_point(|member| {
                order(member).cmp(&order(pe)).then_with(|| member.pod.key.cmp(&pe.pod.key)).is_lt()
            });
            group.insert(at, pe);
            ahead.look(token, &group, at, snapshot);
        }
        ahead
    }

    /// The token for which the PE must not take a node, if any.
    pub(super) fn forbids(&self, index: NodeIndex) -> Option<&Token> {
        let needed = || self.needed.iter().find(|(node, _)| *node == index).map(|(_, token)| token);
        self.left_over.as_ref().or_else(needed)
    }

    fn look(&mut self, token: &Token, group: &[&Pe], at: usize, snapshot: &Snapshot) {
        let nodes = candidates(group, snapshot);
        let scarce = scarce(&nodes, at);
        let Some(own) = scarce.iter().position(|member| *member == at) else { return };
        // Only these can be left over; the places are the nodes that they may take.
        let mut places: Vec<NodeIndex> =
            scarce.iter().filter_map(|member| nodes.get(*member)).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let number = |index: &NodeIndex| places.binary_search(index).ok();
        let of_members: Vec<Vec<usize>> =
            scarce.iter().map(|member| nodes.get(*member).into_iter().flatten().filter_map(number).collect()).collect();
        let matching = Matching::new(&of_members, places.len());
        match matching.choice(&of_members, own) {
            Choice::Any => {}
            Choice::None => self.left_over = Some(token.clone()),
            Choice::AllBut(needed) => {
                let nodes = needed.into_iter().filter_map(|place| places.get(place));
                self.needed.extend(nodes.map(|node| (*node, token.clone())));
            }
        }
    }
}

/// For each member the nodes that it may go to as things are, in a fixed order; no more than the group has members.
fn candidates(group: &[&Pe], snapshot: &Snapshot) -> Vec<Vec<NodeIndex>> {
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    let mut of_members = Vec::with_capacity(group.len());
    for member in group {
        let Ok(spec) = &member.spec else { continue };
        let (requests, node_requirements) = (&member.pod.resources.requests, member.pod.node_requirements.as_deref());
        // PEs with colocation differ by their buckets.
        let alike = |kind: &&Kind<'_>| {
            let same = *kind.spec == **spec && kind.requests == requests && kind.node_requirements == node_requirements;
            same && spec.colocation.is_empty() && spec.relocatable
        };
        let known = kinds.iter().find(alike).map(|kind| kind.nodes.clone());
        let nodes = known.unwrap_or_else(|| {
            let case = Case::without_look_ahead(member, snapshot);
            let pass = snapshot.indexes().filter(|index| case.verdict(*index).is_ok());
            let nodes: Vec<NodeIndex> = pass.take(group.len()).collect();
            kinds.push(Kind { spec, requests, node_requirements, nodes: nodes.clone() });
            nodes
        });
        of_members.push(nodes);
    }
    of_members
}

/// The members that could be left without a node, and the one in question: whoever may take as many nodes as there are
/// members finds one after all others, and needs not be looked at; then the next, among those that remain.
fn scarce(nodes: &[Vec<NodeIndex>], in_question: usize) -> Vec<usize> {
    let mut members: Vec<usize> = (0..nodes.len()).collect();
    loop {
        let before = members.len();
        let few = |member: usize| nodes.get(member).is_some_and(|nodes| nodes.len() < before);
        members.retain(|member| *member == in_question || few(*member));
        if members.len() == before {
            return members;
        }
    }
}
