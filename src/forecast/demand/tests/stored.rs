use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{HEADER_BYTES, StateError, checksum};
use crate::forecast::demand::{
    DemandGrid, DemandLimits, DemandState, Measured, NodeSample, Observation, PeIdentity, PeSample,
};
use crate::model::{DemandKey, Namespace, NodeName, PodName};

fn grid() -> DemandGrid {
    DemandGrid::new(SignedDuration::from_secs(1), SignedDuration::from_secs(48), 12).unwrap()
}

fn read(bytes: &[u8]) -> Result<DemandState, StateError> {
    DemandState::from_bytes(bytes, grid(), DemandLimits::default())
}

/// An observation of two jobs and a node, whose values depend on `seed`.
fn observation(step: i64, seed: u32) -> Observation {
    let at = Timestamp::from_second(step).unwrap();
    let value = |place: u32| Some(f64::from((seed ^ place).wrapping_mul(2_654_435_761) % 1_000)).filter(|v| *v > 100.0);
    let measured = |place| Measured { at, cpu: value(place), memory: value(place + 7), ..Measured::default() };
    let pe = |job: &str, pe: PeIdentity, pod: &str, place| PeSample {
        job: DemandKey { namespace: Namespace::from("n"), job: Arc::from(job) },
        pe,
        pod: PodName::from(pod),
        node: Some(NodeName::from("node")),
        measured: measured(place),
    };
    let named = |name: &str| PeIdentity::Named(Arc::from(name));
    let pes = vec![
        pe("j", named("a"), "a", 1),
        pe("j", named("b"), "b", 2),
        pe("k", PeIdentity::Interchangeable, "tm-1", 3),
        pe("k", PeIdentity::Interchangeable, "tm-2", 4),
    ];
    let mut whole = measured(5);
    whole.cpu = whole.cpu.map(|cpu| cpu + 4_000.0);
    Observation { at, pes, nodes: vec![NodeSample { node: NodeName::from("node"), measured: whole }] }
}

fn observed(seeds: &[u32]) -> DemandState {
    let mut state = DemandState::new(grid(), DemandLimits::default());
    for (step, seed) in (1_000..).zip(seeds) {
        state.observe(&observation(step, *seed));
    }
    state
}

/// A state of several seasons.
fn seasoned() -> DemandState {
    observed(&(0..200).collect::<Vec<u32>>())
}

/// The bytes of such a state.
fn bytes() -> Vec<u8> {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| seasoned().to_bytes().unwrap());
    BYTES.clone()
}

/// A state whose bytes were changed, with a checksum that says nothing of it.
fn forged(mut bytes: Vec<u8>, changes: &[(usize, u8)]) -> Vec<u8> {
    for (place, byte) in changes {
        let at = HEADER_BYTES + place % (bytes.len() - HEADER_BYTES);
        bytes[at] = *byte;
    }
    let sum = checksum(&bytes[..HEADER_BYTES - 4], &bytes[HEADER_BYTES..]);
    bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&sum.to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_state_that_was_written_and_read_forecasts_the_same(seeds in prop::collection::vec(any::<u32>(), 0..120)) {
        let mut written = observed(&seeds);
        let mut read = read(&written.to_bytes().unwrap()).unwrap();
        prop_assert_eq!(read.forecasts(), written.forecasts());
        for (step, seed) in (1_000 + i64::try_from(seeds.len()).unwrap()..).zip([1, 2, 3]) {
            written.observe(&observation(step, seed));
            read.observe(&observation(step, seed));
        }
        prop_assert_eq!(read.forecasts(), written.forecasts());
    }

    #[test]
    fn bytes_that_were_cut_or_changed_are_an_error(place in any::<prop::sample::Index>(), change in 1_u8..) {
        let bytes = bytes();
        let place = place.index(bytes.len());
        prop_assert!(read(&bytes[..place]).is_err(), "cut at {}", place);
        let mut changed = bytes;
        changed[place] ^= change;
        prop_assert!(read(&changed).is_err(), "changed at {}", place);
    }

    #[test]
    fn bytes_that_somebody_forged_never_panic(changes in prop::collection::vec(any::<(usize, u8)>(), 1..40)) {
        if let Ok(mut state) = read(&forged(bytes(), &changes)) {
            for step in 1_200..1_210 {
                state.observe(&observation(step, 7));
            }
            let _forecasts = state.forecasts();
        }
    }

    #[test]
    fn other_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).is_err());
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let bytes = bytes();
    let problem = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert_eq!(problem(b"{}"), "this is no state of demand");
    let mut other_version = bytes.clone();
    other_version[8] = 9;
    assert_eq!(problem(&other_version), "the state of demand has version 9; this program reads version 1");
    assert!(problem(&bytes[..bytes.len() - 1]).starts_with("the state of demand is damaged: it has "));
    let mut flipped = bytes.clone();
    flipped[HEADER_BYTES + 100] ^= 1;
    assert_eq!(problem(&flipped), "the state of demand is damaged: its checksum differs");
    let other_grid = DemandState::from_bytes(&bytes, DemandGrid::default(), DemandLimits::default());
    assert_eq!(
        other_grid.unwrap_err().to_string(),
        "the state of demand was written for steps of 1s; the policies now say otherwise"
    );
}

#[test]
fn a_state_that_is_larger_than_the_limits_makes_room() {
    let limits = DemandLimits { jobs: 1, pes: 1, nodes: 1 };
    let mut state = DemandState::from_bytes(&bytes(), grid(), limits).unwrap();
    let mut next = observation(1_200, 3);
    next.pes.retain(|pe| &*pe.job.job == "k");
    state.observe(&next);
    let counts = state.counts();
    assert_eq!((counts.jobs, counts.pes), (1, 0));
}

/// `make bench` measures the memory of 2,000 jobs, which is about as large.
#[test]
fn a_job_of_25_pes_takes_less_than_20_kilobytes_after_two_weeks() {
    const JOBS: usize = 3;
    let mut state = DemandState::new(DemandGrid::default(), DemandLimits::default());
    let week = 7 * 288;
    // The steps between are missing, and fill the history like measured ones.
    for step in [0, 1, 2, week, week + 1, 2 * week, 2 * week + 1, 2 * week + 2] {
        let at = Timestamp::from_second(step * 300).unwrap();
        let pe = |pe: usize| PeSample {
            job: DemandKey { namespace: Namespace::from("streams"), job: format!("job-{}", pe % JOBS).into() },
            pe: PeIdentity::Named(format!("a-pe-of-usual-name-{pe}").into()),
            pod: PodName::from(&format!("pod-{pe}")),
            node: None,
            measured: Measured { at, cpu: Some(100.0), memory: Some(1e9), ..Measured::default() },
        };
        let pes = (0..25 * JOBS).map(pe).collect();
        assert!(state.observe(&Observation { at, pes, nodes: Vec::new() }).is_accepted);
    }
    let bytes = state.to_bytes().unwrap().len();
    assert!((12_000..20_000).contains(&(bytes / JOBS)), "{} bytes a job", bytes / JOBS);
}
