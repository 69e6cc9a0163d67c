use jiff::Timestamp;

use super::*;
use crate::model::{Bytes, Namespace};

fn job(name: &str) -> DemandKey {
    DemandKey { namespace: Namespace::from("ns"), job: name.into() }
}

fn kill(memory: u64, second: i64) -> OomKill {
    OomKill { container: "pe".into(), memory: Bytes(memory), at: Timestamp::from_second(second).unwrap() }
}

#[test]
fn the_last_kill_of_a_pe_counts_and_the_largest_of_a_job() {
    let mut kills = OomKills::default();
    assert_eq!((kills.of_pe(&job("j"), "a"), kills.of_job(&job("j"))), (None, None));
    kills.note(job("j"), "a".into(), kill(5, 1));
    kills.note(job("j"), "a".into(), kill(3, 2));
    kills.note(job("j"), "b".into(), kill(4, 1));
    assert_eq!(kills.of_pe(&job("j"), "a"), Some(&kill(3, 2)));
    assert_eq!(kills.of_job(&job("j")), Some(&kill(4, 1)));
    assert!(kills.is_known(&job("j"), "a", &kill(5, 1)) && !kills.is_known(&job("j"), "a", &kill(5, 3)));
    assert_eq!(kills.of_pe(&job("k"), "a"), None, "of another job");
}

#[test]
fn the_oldest_is_forgotten_first() {
    let mut kills = OomKills::default();
    for number in 0..MOST_JOBS {
        kills.note(job(&format!("j{number}")), "a".into(), kill(1, i64::try_from(number).unwrap()));
    }
    for number in 0..=MOST_PES {
        kills.note(job("many"), format!("pe{number}").into(), kill(1, i64::try_from(10_000 + number).unwrap()));
    }
    assert_eq!((kills.of_pe(&job("j0"), "a"), kills.of_pe(&job("many"), "pe0")), (None, None));
    assert!(kills.of_pe(&job("j1"), "a").is_some() && kills.of_pe(&job("many"), "pe1").is_some());
}
