//! The order of the nodes that pass is total, and agrees with the scores.

use std::cmp::Ordering;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{HIGHEST_SCORE, RankedNode, Ranking};
use crate::model::Node;
use crate::state::{Cluster, NodeIndex};
use crate::testing::{
    asking, bound_to, choice, cluster, decide, governed, leaving, limited, node, pe, pod, policies, with_cores,
};

const NODES: [&str; 6] = ["n0", "n1", "n2", "n3", "n4", "n5"];

/// The PE whose nodes are ranked.
const SUBJECT: &str = "subject";

/// A PE on a node, by place: of the subject's job or another one, with so much CPU as limit.
type Placed = (usize, bool, u64);

#[derive(Clone, Debug)]
struct World {
    cores: Vec<u64>,
    placed: Vec<Placed>,
    risk_weight: &'static str,
}

fn world(risk_weight: &'static str) -> impl Strategy<Value = World> {
    (1..=NODES.len()).prop_flat_map(move |nodes| {
        (vec(1_u64..7, nodes), vec((0..nodes, any::<bool>(), 0_u64..8_000), 0..12))
            .prop_map(move |(cores, placed)| World { cores, placed, risk_weight })
    })
}

impl World {
    fn cluster(&self) -> Cluster {
        let nodes: Vec<Node> =
            self.cores.iter().zip(NODES).map(|(cores, name)| with_cores(*cores, node(name))).collect();
        let mut pods = vec![pe("j", SUBJECT, &[])];
        for (at, (place, of_job, limit)) in self.placed.iter().enumerate() {
            let job = if *of_job { "j" } else { "k" };
            pods.push(bound_to(NODES[*place], limited(*limit, pe(job, &format!("placed-{at}"), &[]))));
        }
        governed(policies(&format!("riskWeight: {}", self.risk_weight)), nodes, vec![], pods)
    }

    fn ranked(&self) -> Vec<RankedNode> {
        let cluster = self.cluster();
        rank(&cluster, &all(&cluster))
    }

    /// PEs of all jobs on a node with the subject, and those of its job.
    fn pes(&self, place: usize) -> (u64, usize) {
        let placed = self.placed.iter().filter(|(at, ..)| *at == place).map(|(_, of_job, _)| *of_job);
        let here: Vec<bool> = placed.collect();
        (1 + u64::try_from(here.len()).unwrap(), here.into_iter().filter(|of_job| *of_job).count())
    }

    /// The order without risk: fewest PEs per core, fewest of the job, name.
    fn expected(&self) -> Vec<&'static str> {
        let mut places: Vec<usize> = (0..self.cores.len()).collect();
        places.sort_by(|one, other| {
            let ((pes, of_job), (other_pes, other_of_job)) = (self.pes(*one), self.pes(*other));
            let crowding: Ordering = (pes * self.cores[*other]).cmp(&(other_pes * self.cores[*one]));
            crowding.then(of_job.cmp(&other_of_job)).then(one.cmp(other))
        });
        places.into_iter().map(|place| NODES[place]).collect()
    }
}

fn all(cluster: &Cluster) -> Vec<NodeIndex> {
    cluster.snapshot().nodes().map(|(index, ..)| index).collect()
}

fn rank(cluster: &Cluster, nodes: &[NodeIndex]) -> Vec<RankedNode> {
    decide(cluster, SUBJECT).rank(nodes)
}

fn names(ranked: &[RankedNode]) -> Vec<&str> {
    ranked.iter().map(|node| node.name.as_str()).collect()
}

proptest! {
    #[test]
    fn without_risk_the_order_is_that_of_the_strategy(world in world("0")) {
        let ranked = world.ranked();
        prop_assert_eq!(names(&ranked), world.expected());
    }

    #[test]
    fn a_limited_ranking_has_the_best_nodes_and_scores_of_the_full_ranking(
        world in prop_oneof![world("0"), world("1")], most in 0_usize..7,
    ) {
        let cluster = world.cluster();
        let mut ranked = world.ranked();
        let decision = decide(&cluster, SUBJECT);
        let Ranking { best, mut others } = decision.rank_best(most, &all(&cluster), &[]);
        let rest = ranked.split_off(most.clamp(1, ranked.len()));
        prop_assert_eq!(best, ranked);
        let mut expected: Vec<(NodeIndex, u8)> = rest.into_iter().map(|node| (node.node, node.extender_score)).collect();
        others.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(others, expected);
    }

    #[test]
    fn scores_have_the_order_and_exactly_one_is_highest(
        world in prop_oneof![world("0"), world("1"), world("0.3"), world("10")],
    ) {
        let ranked = world.ranked();
        prop_assert_eq!(ranked.len(), world.cores.len());
        prop_assert_eq!(ranked[0].extender_score, HIGHEST_SCORE);
        for pair in ranked.windows(2) {
            prop_assert!(pair[1].extender_score < HIGHEST_SCORE && pair[1].extender_score <= pair[0].extender_score, "{:?}", pair);
        }
        for node in &ranked[1..] {
            prop_assert!(node.extender_score > 0, "{:?}", node);
        }
    }

    #[test]
    fn the_order_of_the_request_does_not_matter(
        (world, order) in prop_oneof![world("0"), world("1")].prop_flat_map(|world| {
            let places: Vec<usize> = (0..world.cores.len()).collect();
            (Just(world), Just(places).prop_shuffle())
        }),
    ) {
        let cluster = world.cluster();
        let nodes = all(&cluster);
        let shuffled: Vec<NodeIndex> = order.iter().map(|place| nodes[*place]).collect();
        prop_assert_eq!(rank(&cluster, &nodes), rank(&cluster, &shuffled));
    }

    #[test]
    fn one_more_pe_never_improves_the_rank_of_a_node(
        (before, added) in world("0").prop_flat_map(|world| {
            let added = (0..world.cores.len(), any::<bool>(), 0_u64..8_000);
            (Just(world), added)
        }),
    ) {
        let mut after = before.clone();
        after.placed.push(added);
        let place = |ranked: &[RankedNode]| ranked.iter().position(|node| node.name.as_str() == NODES[added.0]).unwrap();
        let (before, after) = (before.ranked(), after.ranked());
        let (was, is) = (place(&before), place(&after));
        prop_assert!(is >= was, "{} {}", was, is);
        prop_assert!(after[is].terms.crowding > before[was].terms.crowding);
        prop_assert!(after[is].terms.risk >= before[was].terms.risk);
    }
}

#[test]
fn balanced_instance_takes_the_fewest_pes_per_core_of_all_jobs() {
    let pods = vec![
        bound_to("small", pe("k", "a", &[])),
        bound_to("large", pe("k", "b", &[])),
        bound_to("large", pe("k", "c", &[])),
        bound_to("large", pe("j", "d", &[])),
        pe("j", SUBJECT, &[]),
    ];
    let cluster = cluster(vec![with_cores(2, node("small")), with_cores(8, node("large"))], vec![], pods);
    assert_eq!(choice(&cluster, SUBJECT), ["large", "small"]);
}

#[test]
fn scores_of_the_rest_are_spread_from_1_to_9() {
    let score = |pes: &[usize]| {
        let names = &NODES[..pes.len()];
        let on_node = |(name, pes): (&&str, &usize)| -> Vec<_> {
            (0..*pes).map(|at| bound_to(name, pe("k", &format!("{name}-{at}"), &[]))).collect()
        };
        let mut pods: Vec<_> = names.iter().zip(pes).flat_map(on_node).collect();
        pods.push(pe("j", SUBJECT, &[]));
        let nodes = names.iter().map(|name| node(name)).collect();
        let cluster = governed(policies("riskWeight: 0"), nodes, vec![], pods);
        let ranked = rank(&cluster, &all(&cluster));
        ranked.iter().map(|node| node.extender_score).collect::<Vec<u8>>()
    };
    assert_eq!(score(&[5]), [10]);
    assert_eq!(score(&[3, 3]), [10, 9]);
    assert_eq!(score(&[0, 1, 2]), [10, 4, 1]);
}

#[test]
fn ties_are_ordered_by_the_fewest_pes_of_the_job_and_then_by_name() {
    let nodes = || ["n3", "n1", "n2"].map(node).to_vec();
    let pods = ["n1", "n2", "n3"].map(|name| bound_to(name, pe(if name == "n1" { "j" } else { "k" }, name, &[])));
    let cluster = cluster(nodes(), vec![], [pods.to_vec(), vec![pe("j", SUBJECT, &[])]].concat());
    assert_eq!(choice(&cluster, SUBJECT), ["n2", "n3", "n1"]);
}

#[test]
fn pods_that_are_no_pes_and_leaving_pes_do_not_crowd_a_node() {
    let pods =
        vec![bound_to("n1", pod("stranger")), leaving(bound_to("n1", pe("j", "gone", &[]))), pe("j", SUBJECT, &[])];
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
    assert_eq!(choice(&cluster, SUBJECT), ["n1", "n2"]);
}

#[test]
fn risk_counts_as_much_as_its_weight() {
    // One PE has a limit above the node's capacity; the other node has two PEs with limits equal to their requests.
    let pods = || {
        vec![
            bound_to("risky", limited(8_000, pe("k", "a", &[]))),
            bound_to("crowded", pe("k", "b", &[])),
            bound_to("crowded", pe("k", "c", &[])),
            pe("j", SUBJECT, &[]),
        ]
    };
    let nodes = || vec![node("risky"), node("crowded"), with_cores(1, node("tiny"))];
    let with = |weight: &str| governed(policies(&format!("riskWeight: {weight}")), nodes(), vec![], pods());
    assert_eq!(choice(&with("0"), SUBJECT), ["risky", "crowded", "tiny"]);
    assert_eq!(choice(&with("0.3"), SUBJECT), ["crowded", "risky", "tiny"]);
    assert_eq!(choice(&with("3"), SUBJECT), ["crowded", "tiny", "risky"]);
}

#[test]
fn an_unknown_node_is_not_ranked() {
    let pods = vec![bound_to("unseen", asking(1, pod("a"))), pe("j", SUBJECT, &[])];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    let nodes = ["unseen", "n1"].map(|name| cluster.snapshot().find(name).unwrap());
    assert_eq!(names(&rank(&cluster, &nodes)), ["n1"]);
}
