//! Buckets are the transitive closure of shared tokens within a job, over pending and bound PEs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::super::bucket_members::BucketMembers;
use crate::model::Pod;
use crate::state::{Cluster, JobState, NodeIndex};
use crate::testing::{asking, bound_to, cluster, leaving, node, pe};

const NODES: [&str; 3] = ["n0", "n1", "n2"];
const TOKENS: [&str; 6] = ["q", "r", "s", "t", "u", "v"];

/// A PE of a job: its tokens, and its node once it is bound.
type Member = (Vec<&'static str>, Option<usize>);

fn members() -> impl Strategy<Value = Vec<Member>> {
    vec((subsequence(TOKENS.to_vec(), 0..=2), prop::option::weighted(0.4, 0..NODES.len())), 1..9)
}

fn name(member: usize) -> String {
    format!("pe-{member}")
}

fn pods(members: &[Member]) -> Vec<Pod> {
    let pod = |(member, (tokens, node)): (usize, &Member)| {
        let list = tokens.join(",");
        let spec: &[(&str, &str)] = if tokens.is_empty() { &[] } else { &[("colocation", &list)] };
        let pod = asking(1 << member, pe("j", &name(member), spec));
        node.map_or(pod.clone(), |node| bound_to(NODES[node], pod))
    };
    members.iter().enumerate().map(pod).collect()
}

/// The bucket of a PE in a job whose members come in the order of this row.
fn bucket_of(cluster: &Cluster, pe: &str, job: Option<&JobState>) -> BucketMembers {
    let pe = cluster.pod(pe).unwrap().1.unwrap();
    BucketMembers::new(pe, pe.spec.as_ref().unwrap(), job)
}

fn job_of<'a>(cluster: &'a Cluster, pe: &str) -> &'a JobState {
    cluster.snapshot().job(&cluster.pod(pe).unwrap().1.unwrap().job).unwrap()
}

fn others(bucket: &BucketMembers) -> BTreeSet<String> {
    bucket.others.iter().map(|pe| pe.pod.key.name.as_str().to_owned()).collect()
}

/// Joins tokens one by one: the representative of each, by naming the class of one after that of the other.
fn classes(members: &[Member]) -> BTreeMap<&'static str, &'static str> {
    let mut class: BTreeMap<&str, &str> = TOKENS.iter().map(|token| (*token, *token)).collect();
    for (tokens, _) in members {
        for pair in tokens.windows(2) {
            let (kept, renamed) = (class[pair[0]], class[pair[1]]);
            class.values_mut().filter(|name| **name == renamed).for_each(|name| *name = kept);
        }
    }
    class
}

proptest! {
    #[test]
    fn a_bucket_is_the_transitive_closure_of_its_tokens(members in members()) {
        let cluster = cluster(NODES.map(node).to_vec(), vec![], pods(&members));
        let class = classes(&members);
        for (member, (tokens, _)) in members.iter().enumerate() {
            let own = tokens.first().map(|token| class[token]);
            let same = |other: &usize| {
                let theirs = members[*other].0.first().map(|token| class[token]);
                *other != member && own.is_some() && own == theirs
            };
            let mates: Vec<usize> = (0..members.len()).filter(same).collect();
            let bucket = bucket_of(&cluster, &name(member), Some(job_of(&cluster, &name(member))));
            prop_assert_eq!(others(&bucket), mates.iter().map(|mate| name(*mate)).collect::<BTreeSet<String>>());

            let bound = mates.iter().filter_map(|mate| members[*mate].1);
            let anchors: BTreeSet<&str> = bound.map(|node| NODES[node]).collect();
            let node_name = |node: &NodeIndex| cluster.snapshot().node(*node).unwrap().name.as_str();
            prop_assert_eq!(bucket.anchors.len(), anchors.len(), "each node once");
            prop_assert_eq!(bucket.anchors.iter().map(node_name).collect::<BTreeSet<&str>>(), anchors);

            // Each PE asks for another power of two, so a sum names its parts.
            let waiting = mates.iter().filter(|mate| members[**mate].1.is_none());
            let parts: Vec<u64> = waiting.chain([&member]).map(|part| 1 << part).collect();
            prop_assert_eq!(bucket.pending_requests.cpu.0, parts.iter().sum::<u64>());
            prop_assert_eq!(bucket.pending_pods, u64::try_from(parts.len()).unwrap());
        }
    }

    #[test]
    fn the_order_of_a_job_does_not_matter(
        (members, shuffled) in members().prop_flat_map(|members| {
            let order: Vec<usize> = (0..members.len()).collect();
            (Just(members), Just(order).prop_shuffle())
        }),
    ) {
        let cluster = cluster(NODES.map(node).to_vec(), vec![], pods(&members));
        for member in 0..members.len() {
            let job = job_of(&cluster, &name(member));
            let reordered = JobState { members: shuffled.iter().map(|at| job.members[*at].clone()).collect(), ..JobState::default() };
            let (one, other) = [job, &reordered].map(|job| bucket_of(&cluster, &name(member), Some(job))).into();
            prop_assert_eq!(others(&one), others(&other));
            prop_assert_eq!(
                one.anchors.into_iter().collect::<BTreeSet<_>>(),
                other.anchors.into_iter().collect::<BTreeSet<_>>()
            );
            prop_assert_eq!((one.pending_requests, one.pending_pods), (other.pending_requests, other.pending_pods));
        }
    }
}

#[test]
fn leaving_pes_and_pes_of_other_jobs_are_in_no_bucket() {
    let pods = vec![
        pe("j", "a", &[("colocation", "t")]),
        leaving(bound_to("n0", pe("j", "gone", &[("colocation", "t")]))),
        bound_to("n0", pe("k", "foreign", &[("colocation", "t")])),
        bound_to("n0", pe("j", "exlocated", &[("exlocation", "t")])),
        bound_to("n0", pe("j", "unreadable", &[("colocation", "t"), ("isolated", "what")])),
    ];
    let cluster = cluster(vec![node("n0")], vec![], pods);
    let bucket = bucket_of(&cluster, "a", Some(job_of(&cluster, "a")));
    assert_eq!(others(&bucket), BTreeSet::new());
    assert_eq!(bucket.anchors, []);
    assert_eq!(bucket.pending_pods, 1);
}

#[test]
fn a_pe_of_an_unknown_job_is_alone_in_its_bucket() {
    let cluster = cluster(vec![], vec![], vec![asking(7, pe("j", "a", &[("colocation", "t")]))]);
    let bucket = bucket_of(&cluster, "a", None);
    assert_eq!((others(&bucket), bucket.pending_requests.cpu.0, bucket.pending_pods), (BTreeSet::new(), 7, 1));
}
