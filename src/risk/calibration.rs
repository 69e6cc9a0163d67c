//! Calibration: stated probabilities are corrected by what happened after them, by resource and class of nodes.
//!
//! Statements are gathered at knots of their distance: how far the allocatable amount was above the expected use, in standard
//! deviations. At each knot the log-odds of the statements are shifted so that what happened is as likely as it can be, with a
//! normal prior on the shift: ridge-penalised logistic regression, one parameter a knot. The prior of a class of nodes has its
//! mean at the shift of all classes together, so that a new class begins with what the others have taught.
//!
//! The prior has the weight of about 44 statements of 0.1, or 400 of 0.01: few observations change little. Old observations
//! fade, so that a knot holds about the last 4,096.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::by_resource::ByResource;
use super::curve::{Curve, KNOTS, nearest_knot};
use super::node_class::NodeClass;
use super::normal::tail;
use crate::model::DemandResource;

/// One statement about a node, and what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The class of the node.
    pub class: NodeClass,
    /// The resource.
    pub resource: DemandResource,
    /// How far the allocatable amount was above the expected use at the worst step, in standard deviations.
    pub distance: f64,
    /// True where the use reached the allocatable amount at some step.
    pub happened: bool,
}

/// What was observed so far. The value is bounded: it has at most 32 classes of nodes. Its JSON is kept between processes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawCalibration")]
pub struct Calibration {
    all: ByResource<History>,
    classes: BTreeMap<NodeClass, ByResource<History>>,
}

/// What was written of a calibration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCalibration {
    all: ByResource<History>,
    classes: BTreeMap<NodeClass, ByResource<History>>,
}

/// A calibration whose counts cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the counts of the calibration are not counts, or there are too many classes of nodes; it has to be learnt anew"
)]
pub struct InvalidCalibration;

/// The observations at each knot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct History([Knot; KNOTS]);

/// The observations at one knot: fading sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Knot {
    /// The number of statements.
    observed: f64,
    /// How many of them happened.
    happened: f64,
    /// The sum of the stated probabilities.
    stated: f64,
}

/// The most classes that are told apart. Nodes of further classes are corrected as all nodes together.
const MOST_CLASSES: usize = 32;
/// Each observation makes the older ones of its knot count less by this share.
const FADING: f64 = 1.0 / 4_096.0;
/// The precision of the prior on a shift: its standard deviation is half a unit of log-odds.
const PRIOR_PRECISION: f64 = 4.0;
/// No shift is larger.
const LARGEST_SHIFT: f64 = 20.0;

impl Calibration {
    /// Learns from statements, in their order.
    pub fn observe(&mut self, observations: &[Observation]) {
        for observation in observations.iter().filter(|observation| !observation.distance.is_nan()) {
            let Observation { class, resource, .. } = observation;
            self.all.get_mut(*resource).observe(observation);
            let has_room = self.classes.len() < MOST_CLASSES;
            if has_room && !self.classes.contains_key(class) {
                self.classes.insert(class.clone(), ByResource::default());
            }
            if let Some(histories) = self.classes.get_mut(class) {
                histories.get_mut(*resource).observe(observation);
            }
        }
    }

    /// The classes that have a curve of their own, in order.
    pub(super) fn classes(&self) -> impl Iterator<Item = &NodeClass> {
        self.classes.keys()
    }

    /// The curves of all nodes together, then those of each class in order.
    pub(super) fn curves(&self) -> Vec<ByResource<Curve>> {
        let prior = ByResource::from_fn(|resource| self.all.get(resource).shifts(&[0.0; KNOTS]));
        let curves = |histories: &ByResource<History>, priors: &ByResource<[f64; KNOTS]>| {
            ByResource::from_fn(|resource| histories.get(resource).curve(priors.get(resource)))
        };
        let none = ByResource { cpu: [0.0; KNOTS], memory: [0.0; KNOTS] };
        let of_classes = self.classes.values().map(|histories| curves(histories, &prior));
        std::iter::once(curves(&self.all, &none)).chain(of_classes).collect()
    }
}

impl TryFrom<RawCalibration> for Calibration {
    type Error = InvalidCalibration;

    fn try_from(RawCalibration { all, classes }: RawCalibration) -> Result<Self, Self::Error> {
        let is_valid = |histories: &ByResource<History>| histories.cpu.is_valid() && histories.memory.is_valid();
        if classes.len() > MOST_CLASSES || !is_valid(&all) || !classes.values().all(is_valid) {
            return Err(InvalidCalibration);
        }
        Ok(Self { all, classes })
    }
}

impl History {
    fn observe(&mut self, observation: &Observation) {
        if let Some(knot) = self.0.get_mut(nearest_knot(observation.distance)) {
            knot.observe(tail(observation.distance), observation.happened);
        }
    }

    /// The shift at each knot. `priors` are the means of their priors.
    fn shifts(&self, priors: &[f64; KNOTS]) -> [f64; KNOTS] {
        let mut shifts = *priors;
        shifts.iter_mut().zip(&self.0).for_each(|(shift, knot)| *shift = knot.shift(*shift));
        shifts
    }

    fn curve(&self, priors: &[f64; KNOTS]) -> Curve {
        let shifts = self.shifts(priors);
        let mut weights = shifts;
        weights.iter_mut().zip(&self.0).for_each(|(weight, knot)| *weight = knot.information(*weight));
        Curve::from_shifts(shifts, &weights)
    }

    fn is_valid(&self) -> bool {
        self.0.iter().all(Knot::is_valid)
    }
}

impl Knot {
    fn observe(&mut self, stated: f64, happened: bool) {
        let with = |sum: f64, one: f64| sum.mul_add(1.0 - FADING, one);
        self.observed = with(self.observed, 1.0);
        self.happened = with(self.happened, f64::from(u8::from(happened)));
        self.stated = with(self.stated, stated);
    }

    /// The shift of the log-odds that makes the observations most likely, where the prior has its mean at `prior`.
    fn shift(&self, prior: f64) -> f64 {
        if self.observed <= 0.0 {
            return prior;
        }
        // The slope of the log-likelihood falls everywhere, so it has one zero.
        let slope = |shift: f64| {
            let expected = self.observed * self.shifted(shift);
            PRIOR_PRECISION.mul_add(prior - shift, self.happened - expected)
        };
        let (mut below, mut above) = (-LARGEST_SHIFT, LARGEST_SHIFT);
        for _ in 0..48 {
            let middle = f64::midpoint(below, above);
            if slope(middle) > 0.0 { below = middle } else { above = middle }
        }
        f64::midpoint(below, above)
    }

    /// How precisely a shift is known: the curvature of the log-likelihood there.
    fn information(&self, shift: f64) -> f64 {
        if self.observed <= 0.0 {
            return PRIOR_PRECISION;
        }
        let shifted = self.shifted(shift);
        (self.observed * shifted).mul_add(1.0 - shifted, PRIOR_PRECISION)
    }

    /// The mean of the stated probabilities with shifted log-odds, where there are observations.
    fn shifted(&self, shift: f64) -> f64 {
        let stated = self.stated / self.observed;
        let odds = stated / (1.0 - stated) * shift.exp();
        odds / (1.0 + odds)
    }

    fn is_valid(&self) -> bool {
        let Self { observed, happened, stated } = *self;
        let is_part = |part: f64| (0.0..=observed).contains(&part);
        let is_known = observed <= 0.0 || (stated > 0.0 && stated < observed);
        observed.is_finite() && observed <= 1.01 / FADING && is_part(happened) && is_part(stated) && is_known
    }
}

#[cfg(test)]
#[path = "tests/calibration.rs"]
mod tests;
