//! The last samples of a series, observed or filled in.

use serde::{Deserialize, Serialize};

use super::numbers::steps;
use super::precision::Number;

/// A ring of the last samples, by step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct History<S> {
    samples: Vec<S>,
    /// A bit for each place of `samples`: 1 where the sample was observed.
    observed: Vec<u64>,
    capacity: usize,
    first: i64,
    end: i64,
    /// The place of the next sample.
    next: usize,
}

/// The room for samples grows by at least so many.
const LEAST_GROWTH: usize = 64;

impl<S: Number> History<S> {
    /// A history that keeps so many samples, and whose first sample is that of the step `first`.
    pub(super) fn new(capacity: usize, first: i64) -> Self {
        Self { samples: Vec::new(), observed: Vec::new(), capacity: capacity.max(1), first, end: first, next: 0 }
    }

    /// True where the state can be that of a history of this capacity, near the step `last`.
    pub(super) fn is_state_of(&self, capacity: usize, last: i64) -> bool {
        let kept = self.samples.len();
        self.capacity == capacity
            && kept <= capacity
            && self.next < capacity
            && (self.next == kept || kept == capacity)
            && self.end.abs_diff(last) < 1 << 40
            && self.first.abs_diff(last) < 1 << 40
            && self.age() >= steps(kept)
    }

    /// The step after the last sample.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    /// The step of the last sample.
    pub(super) fn last(&self) -> i64 {
        self.end - 1
    }

    /// The number of samples so far, also of those that are forgotten.
    pub(super) fn age(&self) -> i64 {
        self.end - self.first
    }

    /// Adds the next sample.
    pub(super) fn push(&mut self, value: f64, is_observed: bool) {
        let at = self.next;
        match self.samples.get_mut(at) {
            Some(sample) => *sample = S::keep(value),
            None => self.add(S::keep(value)),
        }
        let (word, bit) = (at / 64, at % 64);
        if self.observed.len() <= word {
            self.observed.resize(word + 1, 0);
        }
        if let Some(bits) = self.observed.get_mut(word) {
            *bits = *bits & !(1 << bit) | u64::from(is_observed) << bit;
        }
        self.end += 1;
        self.next = if at + 1 == self.capacity { 0 } else { at + 1 };
    }

    /// Adds a place. A vector would grow to twice its length, beyond the capacity.
    fn add(&mut self, sample: S) {
        let kept = self.samples.len();
        if kept == self.samples.capacity() {
            self.samples.reserve_exact(kept.max(LEAST_GROWTH).min(self.capacity.saturating_sub(kept)));
        }
        self.samples.push(sample);
    }

    /// Replaces the last sample.
    pub(super) fn replace_last(&mut self, value: f64) {
        if let Some(sample) = self.place(self.last()).and_then(|at| self.samples.get_mut(at)) {
            *sample = S::keep(value);
        }
    }

    /// The sample of a step; `None` where it is not kept.
    #[inline]
    pub(super) fn get(&self, step: i64) -> Option<f64> {
        self.samples.get(self.place(step)?).map(|sample| sample.exact())
    }

    /// Copies the samples from a step on; NaN where one is not kept.
    pub(super) fn copy(&self, first: i64, to: &mut [f64]) {
        let kept = self.place(first).and_then(|at| self.samples.get(at..)?.get(..to.len()));
        // The samples are in order from the oldest one on, which is the next to be replaced, or the first one.
        let is_in_order = first + steps(to.len()) <= self.end;
        match kept.filter(|_| is_in_order) {
            Some(kept) => to.iter_mut().zip(kept).for_each(|(to, sample)| *to = sample.exact()),
            None => {
                for (to, step) in to.iter_mut().zip(first..) {
                    *to = self.get(step).unwrap_or(f64::NAN);
                }
            }
        }
    }

    /// True where the sample of a step was observed and is kept.
    pub(super) fn is_observed(&self, step: i64) -> bool {
        let bit = |at: usize| self.observed.get(at / 64).is_some_and(|bits| bits >> (at % 64) & 1 == 1);
        self.place(step).is_some_and(bit)
    }

    /// The mean of a sample and its two neighbours, of those that are kept.
    #[inline]
    pub(super) fn smooth(&self, step: i64) -> Option<f64> {
        Some(smooth(self.get(step - 1), self.get(step)?, self.get(step + 1)))
    }

    /// The place of a sample that is kept. The samples of a step and of those around it are read very often: no division.
    #[inline]
    fn place(&self, step: i64) -> Option<usize> {
        let back = usize::try_from(self.end - step).ok().filter(|back| (1..=self.samples.len()).contains(back))?;
        Some(if back <= self.next { self.next - back } else { self.next + self.capacity - back })
    }
}

/// The mean of a sample and its two neighbours, of those that are kept.
#[inline]
pub(super) fn smooth(before: Option<f64>, middle: f64, after: Option<f64>) -> f64 {
    match (before, after) {
        (Some(before), Some(after)) => (before + middle + after) / 3.0,
        (Some(other), None) | (None, Some(other)) => f64::midpoint(middle, other),
        (None, None) => middle,
    }
}

#[cfg(test)]
#[path = "tests/history.rs"]
mod tests;
