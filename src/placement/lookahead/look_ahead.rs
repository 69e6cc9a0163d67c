//! `ExlocationInfeasible`: rejects a node for a PE where another pending PE would have no other node left.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::bucket::BucketEvaluation;
use super::super::filter::plugin::NodeView;
use super::matching::{AllowedPlaces, Matching};
use crate::model::{NodeRequirements, Pe, PlacementSpec, PodKey, Rejection, Resources, Token, VolumeTopology};
use crate::risk::PodDemand;
use crate::state::{NodeIndex, NodeSet, Snapshot};

/// The nodes that a PE must leave to other pending PEs, by the exlocation tokens that it shares with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::placement) struct LookAhead {
    /// Nodes that more urgent PEs need, each with the shared token.
    needed: Vec<(NodeIndex, Token)>,
    /// A token whose more urgent PEs need every node.
    exhausted: Option<Token>,
}

impl LookAhead {
    /// Looks ahead to the pending PEs that share an exlocation token with `pe`, one token at a time. `None` where the PE
    /// may take any node.
    pub(in crate::placement) fn new(pe: &Arc<Pe>, spec: &PlacementSpec, snapshot: &Snapshot) -> Option<Self> {
        let mut look_ahead = Self::default();
        for token in &spec.exlocation {
            let group = pending_group(pe, token, snapshot);
            if let Some(own) = group.iter().position(|member| member.pod.key.uid == pe.pod.key.uid)
                && group.len() > 1
            {
                look_ahead.add_group(token, &group, own, snapshot);
            }
        }
        (look_ahead != Self::default()).then_some(look_ahead)
    }

    /// The rejection of a node that the PE must leave to other PEs.
    #[inline]
    pub(in crate::placement) fn rejection(&self, index: NodeIndex) -> Option<Rejection> {
        let needed = || self.needed.iter().find(|(node, _)| *node == index).map(|(_, token)| token);
        self.exhausted.as_ref().or_else(needed).map(|token| Rejection::ExlocationInfeasible(token.clone()))
    }

    fn add_group(&mut self, token: &Token, group: &[&Arc<Pe>], own: usize, snapshot: &Snapshot) {
        let feasible = FeasibleNodes::new(group, snapshot);
        let scarce = scarce_members(&feasible, own);
        let Some(own) = scarce.iter().position(|member| *member == own) else { return };
        let (places, nodes) = feasible.places(&scarce);
        let matching = Matching::new(&places, nodes.len());
        match matching.allowed_places(&places, own) {
            AllowedPlaces::Any => {}
            AllowedPlaces::None => self.exhausted = Some(token.clone()),
            AllowedPlaces::AllBut(needed) => {
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
    let pending = members.iter().filter(|member| member.is_waiting()).map(|member| &member.pe);
    let others = pending.filter(|member| has_token(member) && member.pod.key.uid != pe.pod.key.uid);
    let mut group: Vec<&Arc<Pe>> = others.chain([pe]).collect();
    group.sort_by(|one, other| urgency(one).cmp(&urgency(other)));
    group
}

fn urgency(pe: &Pe) -> (Reverse<i32>, Timestamp, &PodKey) {
    (Reverse(pe.pod.priority), pe.pod.created, &pe.pod.key)
}

/// The nodes that pass for each member of a group. Members of one equivalence class share a list.
pub(in crate::placement) struct FeasibleNodes {
    lists: Vec<Vec<NodeIndex>>,
    /// The index of each member's list.
    list_of: Vec<usize>,
}

/// PEs with equal specs, for which the same nodes pass.
struct EquivalenceClass<'a> {
    spec: &'a Arc<PlacementSpec>,
    requests: &'a Resources,
    requirements: Option<&'a Arc<NodeRequirements>>,
    unoffered: Option<&'a Arc<NodeSet>>,
    volumes: Vec<Arc<VolumeTopology>>,
    /// The demand of each PE, where its policy has a ceiling of the risk.
    demand: Option<PodDemand>,
    list: usize,
}

impl FeasibleNodes {
    /// Looks up the nodes of each member. A member needs no more nodes than the group has members.
    pub(in crate::placement) fn new<'a>(group: &[&'a Arc<Pe>], snapshot: &'a Snapshot) -> Self {
        let mut feasible = Self { lists: Vec::new(), list_of: Vec::with_capacity(group.len()) };
        let mut classes: Vec<EquivalenceClass<'_>> = Vec::new();
        for member in group {
            let Ok(spec) = &member.spec else {
                feasible.lists.push(Vec::new());
                feasible.list_of.push(feasible.lists.len() - 1);
                continue;
            };
            let (requests, requirements) = (&member.pod.resources.requests, member.pod.node_requirements.as_ref());
            let unoffered = snapshot.unoffered(&member.pod.key.uid);
            let volumes = snapshot.volume_topologies(&member.pod);
            let demand = spec.risk_ceiling.and_then(|_| snapshot.pod_demand(&member.pod, Some(member)));
            let is_alike = |class: &&EquivalenceClass<'_>| {
                class.spec == spec
                    && class.requests == requests
                    && class.requirements == requirements
                    && class.unoffered == unoffered
                    && class.volumes == volumes
                    && class.demand == demand
            };
            let known = classes.iter().find(is_alike).map(|class| class.list);
            let list = known.unwrap_or(feasible.lists.len());
            if known.is_none() {
                feasible.lists.push(passing_nodes(member, group.len(), snapshot));
                // Equal specs are not enough for PEs with colocation, which differ by bucket, and for PEs that are not
                // relocatable, which differ by previous node.
                if spec.colocation.is_empty() && spec.relocatable {
                    classes.push(EquivalenceClass { spec, requests, requirements, unoffered, volumes, demand, list });
                }
            }
            feasible.list_of.push(list);
        }
        feasible
    }

    /// The nodes that pass for a member.
    fn nodes_of(&self, member: usize) -> &[NodeIndex] {
        self.list_of.get(member).and_then(|list| self.lists.get(*list)).map_or(&[], Vec::as_slice)
    }

    /// Numbers the nodes of some members: the places of each member, and the node at each place.
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

/// At most `limit` nodes that pass for a PE and its bucket, in a fixed order.
fn passing_nodes(pe: &Arc<Pe>, limit: usize, snapshot: &Snapshot) -> Vec<NodeIndex> {
    let Ok(evaluation) = BucketEvaluation::new(pe, snapshot) else { return Vec::new() };
    let passes = |index: &NodeIndex| {
        NodeView::new(snapshot, *index).is_ok_and(|node| evaluation.first_rejection(node).is_none())
    };
    snapshot.indexes().filter(passes).take(limit).collect()
}

/// The member `own`, and the members that could be left without a node. A member with as many nodes as there are members
/// always finds a node, so the member is removed, and the check repeats for the rest.
fn scarce_members(feasible: &FeasibleNodes, own: usize) -> Vec<usize> {
    let mut members: Vec<usize> = (0..feasible.list_of.len()).collect();
    loop {
        let before = members.len();
        members.retain(|member| *member == own || feasible.nodes_of(*member).len() < before);
        if members.len() == before {
            return members;
        }
    }
}
