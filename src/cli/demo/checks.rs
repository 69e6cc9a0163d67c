//! Checks every rule at the end of the demo, from the pods of the API server and not from the state of Outrigger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::model::{
    Declarations, HostChoice, JobId, Node, Pe, PlacementSpec, Pod, PodPhase, Pool, PoolMembers, Resources, Shortage,
    Token,
};
use crate::policy::PolicySet;

/// The check of one rule.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// The rule.
    pub(super) rule: &'static str,
    /// What was checked.
    pub(super) of: String,
    /// The violations; a violation is a defect of Outrigger.
    pub(super) broken: Vec<String>,
}

/// A PE on its node.
struct Placed<'a> {
    pe: Pe,
    spec: Arc<PlacementSpec>,
    node: &'a Node,
}

/// Checks every rule for every pod on a node.
pub(super) fn check(pods: &[Pod], nodes: &[Node], pools: &[Pool], policies: &PolicySet) -> Vec<Check> {
    let on = |pod: &Pod| nodes.iter().find(|node| pod.node.as_ref() == Some(&node.name));
    let active = || pods.iter().filter(|pod| pod.phase == PodPhase::Active);
    let no_jobs = Declarations::default();
    let placed: Vec<Placed<'_>> = active()
        .filter_map(|pod| {
            let (node, pe) = (on(pod)?, policies.pe(&Arc::new(pod.clone()), &no_jobs)?);
            let spec = pe.spec.clone().ok()?;
            Some(Placed { pe, spec, node })
        })
        .collect();
    vec![requests(pods, nodes), exlocation(&placed), colocation(&placed), isolation(&placed), pool(&placed, pools)]
}

fn requests(pods: &[Pod], nodes: &[Node]) -> Check {
    let mut broken = Vec::new();
    for node in nodes {
        let mut requested = Resources::default();
        let here = |pod: &&Pod| pod.node.as_ref() == Some(&node.name) && pod.phase != PodPhase::Finished;
        pods.iter().filter(here).for_each(|pod| requested.add(&pod.resources.requests));
        if let Some(Shortage { resource, requested, free }) =
            Shortage::first(&node.allocatable, &Resources::default(), &requested)
        {
            broken.push(format!("node {}: {requested} of {resource} requested, {free} allocatable", node.name));
        }
    }
    Check { rule: "requests", of: count(nodes.len(), "node"), broken }
}

fn exlocation(placed: &[Placed<'_>]) -> Check {
    let groups = groups(placed, |spec| &spec.exlocation);
    let broken = groups.iter().filter_map(|((job, token), members)| {
        let nodes: BTreeSet<&str> = members.iter().map(|member| member.node.name.as_str()).collect();
        (nodes.len() < members.len()).then(|| format!("{job}: two PEs of exlocation {token} share a node"))
    });
    let broken = broken.collect();
    Check { rule: "exlocation", of: count(groups.len(), "group"), broken }
}

fn colocation(placed: &[Placed<'_>]) -> Check {
    // A rule that holds for each token holds for the bucket: tokens chain the PEs of a bucket.
    let groups = groups(placed, |spec| &spec.colocation);
    let broken = groups.iter().filter_map(|((job, token), members)| {
        let nodes: BTreeSet<&str> = members.iter().map(|member| member.node.name.as_str()).collect();
        (nodes.len() > 1).then(|| format!("{job}: PEs of colocation {token} are on {}", join(&nodes)))
    });
    let broken = broken.collect();
    Check { rule: "colocation", of: count(groups.len(), "token"), broken }
}

fn isolation(placed: &[Placed<'_>]) -> Check {
    let isolated: Vec<_> = placed.iter().filter_map(|one| Some((one, one.spec.isolation?))).collect();
    let broken = isolated.iter().filter_map(|(owner, scope)| {
        let intruder = others(placed, owner).find(|other| scope.reaches(&owner.pe.job, &other.pe.job))?;
        Some(format!("{} is isolated, but {} is on its node", owner.pe.pod, intruder.pe.pod))
    });
    let broken = broken.collect();
    Check { rule: "isolation", of: count(isolated.len(), "PE"), broken }
}

fn pool(placed: &[Placed<'_>], pools: &[Pool]) -> Check {
    let mut broken = Vec::new();
    let mut chosen: BTreeMap<(&JobId, &str), (usize, BTreeSet<&str>)> = BTreeMap::new();
    let mut looked_at = 0;
    for one in placed {
        let HostChoice::Pool(id) = &one.spec.hosts else { continue };
        let Some(pool) = pools.iter().find(|pool| pool.id == *id) else { continue };
        looked_at += 1;
        let member = match &pool.members {
            PoolMembers::Tagged(tags) => tags.iter().all(|tag| one.node.labels.tags().has(tag)),
            PoolMembers::Hosts(hosts) => hosts.iter().any(|host| one.node.answers_to(host)),
        };
        if !member {
            broken.push(format!("{}: {} is not in pool {id}", one.pe.pod, one.node.name));
        }
        let stranger = others(placed, one)
            .find(|other| other.pe.job != one.pe.job && one.spec.exclusive_scope.reaches(&one.pe.job, &other.pe.job));
        if let Some(stranger) = stranger.filter(|_| pool.mode.is_exclusive()) {
            broken.push(format!("{}: pool {id} is exclusive, but {} is there", one.pe.pod, stranger.pe.pod));
        }
        if let Some(size) = pool.mode.size() {
            chosen
                .entry((&one.pe.job, &pool.id.name))
                .or_insert((size, BTreeSet::new()))
                .1
                .insert(one.node.name.as_str());
        }
    }
    for ((job, pool), (size, nodes)) in chosen {
        if nodes.len() > size {
            broken.push(format!("{job}: {} nodes of pool {pool}, whose size is {size}", nodes.len()));
        }
    }
    Check { rule: "pools", of: count(looked_at, "PE"), broken }
}

/// PEs of one job that share a token.
fn groups<'a>(
    placed: &'a [Placed<'a>],
    tokens: impl Fn(&PlacementSpec) -> &[Token],
) -> BTreeMap<(&'a JobId, String), Vec<&'a Placed<'a>>> {
    let mut groups: BTreeMap<(&JobId, String), Vec<&Placed<'_>>> = BTreeMap::new();
    for one in placed {
        for token in tokens(&one.spec) {
            groups.entry((&one.pe.job, token.to_string())).or_default().push(one);
        }
    }
    groups
}

fn others<'a>(placed: &'a [Placed<'a>], one: &'a Placed<'a>) -> impl Iterator<Item = &'a Placed<'a>> {
    placed.iter().filter(|other| other.node.name == one.node.name && other.pe.pod.key.uid != one.pe.pod.key.uid)
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn join(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "tests/checks.rs"]
mod tests;
