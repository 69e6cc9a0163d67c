//! Tests of prioritize.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde::Deserialize;

use crate::extender::tests::{answer, question};
use crate::extender::{Prioritized, SchedulingContext, decode_arguments, prioritize};
use crate::placement::HIGHEST_SCORE;
use crate::state::Cluster;
use crate::testing::{bound_to, choice, cluster, node, pe, policies};

/// `HostPriority` of the contract, and nothing else.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HostPriority {
    host: String,
    score: i64,
}

const NODES: [&str; 5] = ["n1", "n2", "n3", "n4", "never-seen"];

/// `n1` to `n4` with PEs of another job on them.
fn crowded(counts: &[usize]) -> Cluster {
    let place = |(number, count): (usize, &usize)| {
        let name = NODES[number];
        (0..*count).map(move |pe_number| bound_to(name, pe("other", &format!("{name}-{pe_number}"), &[])))
    };
    let mut pods: Vec<_> = counts.iter().enumerate().flat_map(place).collect();
    pods.push(pe("j", "a", &[("isolated", "false")]));
    cluster(NODES[..4].iter().map(|name| node(name)).collect(), vec![], pods)
}

fn prioritized(cluster: &Cluster, names: &[&str]) -> (Prioritized, Vec<(String, i64)>) {
    let body = question("a", ("isolated", "false"), names);
    let arguments = decode_arguments(&body).unwrap();
    let prioritized = prioritize(&arguments, SchedulingContext::new(cluster.snapshot(), &policies("")));
    let scores: Vec<HostPriority> = answer(&prioritized.body);
    (prioritized, scores.into_iter().map(|entry| (entry.host, entry.score)).collect())
}

proptest! {
    #[test]
    fn every_node_has_one_score_and_one_known_node_the_highest(
        counts in prop::collection::vec(0..4_usize, 4),
        names in subsequence(NODES.to_vec(), 0..=5).prop_shuffle(),
    ) {
        let (prioritized, scores) = prioritized(&crowded(&counts), &names);
        let (mut asked, mut scored) = (names.clone(), scores.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        asked.sort_unstable();
        scored.sort_unstable();
        prop_assert_eq!(asked, scored);

        let known = names.iter().filter(|name| **name != "never-seen").count();
        let highest: Vec<_> = scores.iter().filter(|(_, score)| *score == i64::from(HIGHEST_SCORE)).collect();
        prop_assert_eq!(highest.len(), known.min(1));
        prop_assert_eq!(highest.first().map(|(name, _)| name.as_str()), prioritized.choice.best.first().map(|best| best.name.as_str()));
        for (name, score) in &scores {
            prop_assert!((name == "never-seen") == (*score == 0), "{} has {}", name, score);
            prop_assert!(*score <= i64::from(HIGHEST_SCORE));
        }
    }
}

#[test]
fn scores_have_the_order_of_placement() {
    let cluster = crowded(&[3, 1, 0, 2]);
    let (prioritized, scores) = prioritized(&cluster, &["n1", "never-seen", "n2", "n3", "n4"]);
    let best: Vec<&str> = prioritized.choice.best.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(choice(&cluster, "a"), ["n3", "n2", "n4", "n1"]);
    assert_eq!(best, ["n3", "n2", "n4"], "no more is remembered");
    let mut by_score = scores;
    by_score.sort_by_key(|(_, score)| -score);
    assert_eq!(
        by_score.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["n3", "n2", "n4", "n1", "never-seen"]
    );
}
