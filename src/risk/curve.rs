//! A curve that corrects stated probabilities.

use super::normal::{LARGEST_DISTANCE, tail};

/// The number of knots of a curve.
pub(super) const KNOTS: usize = 13;
/// The distance of the first knot.
const FIRST: f64 = -2.0;
/// The distance between two knots.
const GAP: f64 = 0.5;
/// A shift grows by at most this for each standard deviation. The log-odds of a normal tail fall by at least 1.59, so a larger
/// distance never gives a higher probability.
const STEEPEST: f64 = 1.5;

/// Shifts of the log-odds of stated probabilities, at knots of the distance in standard deviations; linear in between.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    shifts: [f64; KNOTS],
    /// The corrected probability of the largest distance.
    least: f64,
}

impl Default for Curve {
    /// Nothing is corrected.
    fn default() -> Self {
        Self::from_shifts([0.0; KNOTS], &[1.0; KNOTS])
    }
}

impl Curve {
    /// A curve with these shifts, each with the weight of what it was learnt from. Shifts that grow too fast with the distance
    /// are averaged with their neighbours (pool adjacent violators), so that the order of nodes stays.
    pub(super) fn from_shifts(shifts: [f64; KNOTS], weights: &[f64; KNOTS]) -> Self {
        let mut shifts = shifts;
        let slope = |knot: usize| distance_of(knot) * STEEPEST;
        let levels = shifts.iter().zip(weights).enumerate();
        let mut pools: Vec<Pool> = Vec::with_capacity(KNOTS);
        for (knot, (shift, weight)) in levels {
            let mut pool = Pool { level: shift - slope(knot), weight: *weight, knots: 1 };
            while let Some(last) = pools.pop_if(|last| last.level < pool.level) {
                pool = pool.merge(&last);
            }
            pools.push(pool);
        }
        let levels = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.level, pool.knots));
        shifts.iter_mut().zip(levels).enumerate().for_each(|(knot, (shift, level))| *shift = level + slope(knot));
        let mut curve = Self { shifts, least: 0.0 };
        curve.least = curve.corrected(LARGEST_DISTANCE);
        curve
    }

    /// The corrected probability of the largest distance.
    #[inline]
    pub(super) fn least(&self) -> f64 {
        self.least
    }

    /// The corrected probability that an amount at this distance above the expected use is passed. A larger distance never has
    /// a higher probability.
    #[must_use]
    pub(super) fn corrected(&self, distance: f64) -> f64 {
        let stated = tail(distance);
        let factor = self.shift(distance).exp();
        let odds = stated * factor;
        let (least, most) = (tail(LARGEST_DISTANCE), tail(-LARGEST_DISTANCE));
        (odds / (1.0 - stated + odds)).clamp(least, most)
    }

    /// The shift of the log-odds at a distance.
    pub(super) fn shift(&self, distance: f64) -> f64 {
        let place = ((distance - FIRST) / GAP).clamp(0.0, f64::from(LAST));
        let below = place.floor().min(f64::from(LAST - 1));
        let share = place - below;
        let knot = usize::from(whole(below));
        let at = |knot: usize| self.shifts.get(knot).copied().unwrap_or_default();
        share.mul_add(at(knot + 1) - at(knot), at(knot))
    }
}

/// The last knot.
const LAST: u8 = 12;
const _: () = assert!(KNOTS == 13, "the last knot is the twelfth after the first");

/// Neighbouring knots with one level.
#[derive(Clone, Copy)]
struct Pool {
    level: f64,
    weight: f64,
    knots: usize,
}

impl Pool {
    fn merge(&self, other: &Self) -> Self {
        let weight = self.weight + other.weight;
        let level = self.level.mul_add(self.weight, other.level * other.weight) / weight;
        Self { level, weight, knots: self.knots + other.knots }
    }
}

/// The distance of a knot.
pub(super) fn distance_of(knot: usize) -> f64 {
    f64::from(u8::try_from(knot).unwrap_or(LAST)).mul_add(GAP, FIRST)
}

/// The knot that is nearest to a distance.
pub(super) fn nearest_knot(distance: f64) -> usize {
    usize::from(whole(((distance - FIRST) / GAP).round().clamp(0.0, f64::from(LAST))))
}

/// A whole number from 0 to [`LAST`].
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 12")]
fn whole(number: f64) -> u8 {
    number as u8
}

#[cfg(test)]
#[path = "tests/curve.rs"]
mod tests;
