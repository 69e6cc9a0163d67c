use super::*;
use crate::control::clock::monotonic;

const SECOND: Duration = Duration::from_secs(1);
/// How long the holder may write after a renewal.
const WRITABLE: Duration = Duration::from_secs(4);

fn claim(holder: &str) -> LeaseClaim {
    LeaseClaim::new(holder.to_owned())
}

/// The wall clock of a process, so many seconds after 1970.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// What `holder` writes into a lease that nobody has.
fn held_by(holder: &str, wall_clock: Timestamp) -> LeaseSpec {
    claim(holder).spec_to_write(None, monotonic(), wall_clock).unwrap()
}

#[test]
fn a_lease_that_does_not_exist_is_acquired() {
    let spec = held_by("a", at(100));
    assert_eq!(spec.holder_identity.as_deref(), Some("a"));
    assert_eq!(spec.lease_duration_seconds, Some(6));
    assert_eq!((spec.acquire_time, spec.renew_time), (Some(MicroTime(at(100))), Some(MicroTime(at(100)))));
    assert_eq!(spec.lease_transitions, Some(1));
}

#[test]
fn a_renewal_changes_nothing_but_the_renew_time() {
    let first = held_by("a", at(100));
    let renewed = claim("a").spec_to_write(Some(&first), monotonic(), at(102)).unwrap();
    assert_eq!(renewed, LeaseSpec { renew_time: Some(MicroTime(at(102))), ..first });
}

#[test]
fn a_lease_of_another_process_is_taken_over_only_once_it_has_not_changed_for_its_duration() {
    let now = monotonic();
    let theirs = held_by("b", at(100));
    let mut claim = claim("a");
    assert_eq!(claim.spec_to_write(Some(&theirs), now, at(1)), None, "first seen");
    assert_eq!(claim.spec_to_write(Some(&theirs), now + DURATION, at(1)), None, "not a moment too early");
    let taken = claim.spec_to_write(Some(&theirs), now + DURATION + SECOND, at(107)).unwrap();
    assert_eq!(taken.holder_identity.as_deref(), Some("a"));
    assert_eq!(taken.acquire_time, Some(MicroTime(at(107))), "it begins anew");
    assert_eq!(taken.lease_transitions, Some(2));
}

#[test]
fn a_renewal_by_another_process_starts_the_wait_again() {
    let now = monotonic();
    let mut claim = claim("a");
    let theirs = |seconds| held_by("b", at(seconds));
    assert_eq!(claim.spec_to_write(Some(&theirs(100)), now, at(1)), None);
    assert_eq!(claim.spec_to_write(Some(&theirs(104)), now + 4 * SECOND, at(1)), None);
    assert_eq!(claim.spec_to_write(Some(&theirs(104)), now + 8 * SECOND, at(1)), None, "4 s since the renewal");
    assert!(claim.spec_to_write(Some(&theirs(104)), now + 11 * SECOND, at(1)).is_some());
}

#[test]
fn the_duration_that_the_holder_asked_for_counts() {
    let now = monotonic();
    let mut claim = claim("a");
    let theirs = LeaseSpec { lease_duration_seconds: Some(60), ..held_by("b", at(100)) };
    assert_eq!(claim.spec_to_write(Some(&theirs), now, at(1)), None);
    assert_eq!(claim.spec_to_write(Some(&theirs), now + 60 * SECOND, at(1)), None);
    assert!(claim.spec_to_write(Some(&theirs), now + 61 * SECOND, at(1)).is_some());
}

#[test]
fn clocks_of_two_machines_are_never_compared() {
    // A holder whose clock is a day behind or ahead is alive as long as its renewals arrive.
    for wall_clock in [at(0), at(200_000)] {
        let theirs = held_by("b", at(100_000));
        assert_eq!(claim("a").spec_to_write(Some(&theirs), monotonic(), wall_clock), None);
    }
}

#[test]
fn a_released_lease_is_taken_at_once() {
    let now = monotonic();
    let theirs = held_by("b", at(100));
    let free = claim("b").released_spec(theirs.clone()).unwrap();
    for free in [free, LeaseSpec { holder_identity: Some(String::new()), ..theirs }] {
        let taken = claim("a").spec_to_write(Some(&free), now, at(101)).unwrap();
        assert_eq!((taken.holder_identity.as_deref(), taken.lease_transitions), (Some("a"), Some(2)));
    }
}

#[test]
fn only_the_holder_releases_and_leaves_the_count_of_transitions() {
    let theirs = held_by("b", at(100));
    assert_eq!(claim("a").released_spec(theirs.clone()), None);
    assert_eq!(claim("b").released_spec(theirs.clone()), Some(LeaseSpec { holder_identity: None, ..theirs }));
}

#[test]
fn the_holder_stops_writing_before_another_process_may_begin() {
    let begun = monotonic();
    let mut claim = claim("a");
    assert!(!claim.is_held(begun), "not before a write");
    claim.renewed(begun);
    assert!(claim.is_held(begun + 3 * SECOND));
    assert!(!claim.is_held(begun + WRITABLE), "the margin belongs to writes in flight");
    claim.renewed(begun + 2 * SECOND);
    assert!(claim.is_held(begun + WRITABLE), "renewed");
}

#[test]
fn a_lost_lease_is_not_held_for_a_moment_longer() {
    let begun = monotonic();
    let mut claim = claim("a");
    claim.renewed(begun);
    claim.lost();
    assert!(!claim.is_held(begun));
}
