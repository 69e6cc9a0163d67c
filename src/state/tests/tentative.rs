//! Proposals count until they expire, are replaced, or are withdrawn.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{CAPACITY, LIFETIME, Tentative};
use crate::model::{Declarations, Pe, PodUid};
use crate::testing::{pe, policies};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn a_pe(name: &str) -> Arc<Pe> {
    Arc::new(policies("").pe(&Arc::new(pe("j", name, &[])), &Declarations::default()).unwrap())
}

/// The proposals that count for another PE, as `pe on node`.
fn at(tentative: &Tentative, now: Timestamp) -> Vec<String> {
    tentative.at(now, &PodUid::from("another")).map(|(pe, node)| format!("{} on {node}", pe.name)).collect()
}

#[test]
fn a_proposal_counts_for_others_until_it_expires() {
    let mut tentative = Tentative::default();
    assert!(tentative.is_empty());
    tentative.propose(a_pe("a"), "n1".into(), NOW);
    let (last, expired) = (NOW + LIFETIME - SignedDuration::from_nanos(1), NOW + LIFETIME);
    assert_eq!(at(&tentative, last), ["a on n1"]);
    assert_eq!(tentative.at(last, &PodUid::from("a")).count(), 0, "it is no obstacle to itself");
    assert!(at(&tentative, expired).is_empty());
    tentative.propose(a_pe("b"), "n2".into(), expired);
    assert_eq!((at(&tentative, expired), tentative.len()), (vec!["b on n2".to_owned()], 1), "it is not kept");
}

#[test]
fn the_next_proposal_of_a_pe_takes_the_place_of_the_last() {
    let mut tentative = Tentative::default();
    tentative.propose(a_pe("a"), "n1".into(), NOW);
    tentative.propose(a_pe("b"), "n1".into(), NOW);
    tentative.propose(a_pe("a"), "n2".into(), NOW);
    assert_eq!(at(&tentative, NOW), ["b on n1", "a on n2"]);
    tentative.withdraw(&PodUid::from("b"));
    assert_eq!(at(&tentative, NOW), ["a on n2"]);
}

#[test]
fn the_oldest_proposal_makes_room() {
    let mut tentative = Tentative::default();
    for number in 0..=CAPACITY {
        tentative.propose(a_pe(&number.to_string()), "n1".into(), NOW);
    }
    let kept = at(&tentative, NOW);
    assert_eq!((tentative.len(), kept.len(), &*kept[0]), (CAPACITY, CAPACITY, "1 on n1"));
    assert_eq!(kept[CAPACITY - 1], format!("{CAPACITY} on n1"));
}

#[test]
fn proposals_at_the_end_of_time_still_count() {
    let mut tentative = Tentative::default();
    tentative.propose(a_pe("a"), "n1".into(), Timestamp::MAX - SignedDuration::from_secs(1));
    assert_eq!(at(&tentative, Timestamp::MAX - SignedDuration::from_nanos(1)), ["a on n1"]);
}
