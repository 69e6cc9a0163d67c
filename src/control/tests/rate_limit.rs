use super::*;
use crate::control::clock::monotonic;

const PERIOD: Duration = Duration::from_millis(50);

/// How many of `attempts` calls at one moment get a token.
fn taken(bucket: &mut TokenBucket, now: Instant, attempts: usize) -> usize {
    std::iter::repeat_with(|| bucket.try_take(now)).take(attempts).filter(|is_taken| *is_taken).count()
}

#[test]
fn a_burst_is_bounded_by_the_capacity() {
    let start = monotonic();
    let mut bucket = TokenBucket::new(3, PERIOD, start);
    assert_eq!(taken(&mut bucket, start, 10), 3);
}

#[test]
fn one_token_returns_each_period() {
    let start = monotonic();
    let mut bucket = TokenBucket::new(3, PERIOD, start);
    taken(&mut bucket, start, 3);
    assert_eq!(taken(&mut bucket, start + PERIOD / 2, 1), 0, "half a period is too early");
    assert_eq!(taken(&mut bucket, start + PERIOD, 5), 1);
    assert_eq!(taken(&mut bucket, start + 3 * PERIOD, 5), 2);
}

#[test]
fn a_long_pause_gains_no_more_than_the_capacity() {
    let start = monotonic();
    let mut bucket = TokenBucket::new(3, PERIOD, start);
    taken(&mut bucket, start, 3);
    assert_eq!(taken(&mut bucket, start + Duration::from_hours(48), 10), 3);
}

#[test]
fn the_rest_of_a_period_counts_towards_the_next_token() {
    let start = monotonic();
    let mut bucket = TokenBucket::new(1, PERIOD, start);
    taken(&mut bucket, start, 1);
    // Twenty tokens a second also where somebody asks every 60 ms: 6 s are 100 calls and 120 periods.
    let granted = (1..=100).filter(|call| bucket.try_take(start + *call * Duration::from_millis(60))).count();
    assert_eq!(granted, 100);
    let mut bucket = TokenBucket::new(100, PERIOD, start);
    taken(&mut bucket, start, 100);
    let granted = (1..=100).filter(|call| bucket.try_take(start + *call * Duration::from_millis(30))).count();
    assert_eq!(granted, 60, "100 calls in 3 s get one token for each 50 ms");
}

#[test]
fn a_clock_that_stands_still_or_goes_back_gains_nothing() {
    let earlier = monotonic();
    let start = earlier + PERIOD;
    let mut bucket = TokenBucket::new(1, PERIOD, start);
    taken(&mut bucket, start, 1);
    assert_eq!(taken(&mut bucket, earlier, 3), 0);
    assert_eq!(taken(&mut bucket, start, 3), 0);
}
