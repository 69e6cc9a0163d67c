//! Corrected probabilities come close to what happens; few observations change little; the value is bounded and kept.

use proptest::prelude::*;

use super::super::curve::Curve;
use super::super::node_class::NodeClass;
use super::super::normal::tail;
use super::{Calibration, MOST_CLASSES, Observation};
use crate::model::{DemandResource, NodeName};
use crate::testing::{labelled, node, with_cores};

/// The same numbers at every run: an xorshift generator.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / 4_294_967_296.0
    }
}

fn class(cores: u64) -> NodeClass {
    NodeClass::of_node(&with_cores(cores, node("n")))
}

fn observation(class: &NodeClass, distance: f64, happened: bool) -> Observation {
    Observation { class: class.clone(), resource: DemandResource::Cpu, distance, happened }
}

/// Learns from so many statements between -1 and 3.5 deviations, of which each happens with the probability `truth`.
fn learn(calibration: &mut Calibration, class: &NodeClass, count: usize, truth: impl Fn(f64) -> f64) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..count {
        let distance = numbers.next().mul_add(4.5, -1.0);
        let happened = numbers.next() < truth(distance);
        calibration.observe(&[observation(class, distance, happened)]);
    }
}

fn curve_of(calibration: &Calibration, class: &NodeClass) -> Curve {
    let at = calibration.classes().position(|known| known == class);
    calibration.curves()[at.map_or(0, |at| at + 1)].cpu.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Forecasts whose deviation is wrong by a factor, and whose mean is wrong by a part of a deviation.
    #[test]
    fn corrected_probabilities_come_close_to_what_happens(factor in 0.5..2.0_f64, bias in -0.7..0.7_f64) {
        let truth = |distance: f64| tail(distance.mul_add(factor, bias));
        let (mut calibration, class) = (Calibration::default(), class(4));
        learn(&mut calibration, &class, 20_000, truth);
        let curve = curve_of(&calibration, &class);
        for twentieth in -10..=60 {
            let distance = f64::from(twentieth) / 20.0;
            let (corrected, wanted) = (curve.corrected(distance), truth(distance));
            // The tolerance: 0.03, and a quarter of the truth.
            prop_assert!((corrected - wanted).abs() < 0.03 + wanted / 4.0, "{} {} {}", distance, corrected, wanted);
        }
    }
}

#[test]
fn few_observations_change_little() {
    let (mut calibration, class) = (Calibration::default(), class(4));
    calibration.observe(&[observation(&class, 2.0, true)]);
    let corrected = curve_of(&calibration, &class).corrected(2.0);
    assert!(corrected > tail(2.0) && corrected < 0.04, "{corrected}");
    let far = curve_of(&calibration, &class).corrected(4.0);
    assert!(far < 2.0 * tail(4.0), "{far}");
}

#[test]
fn a_class_without_observations_is_corrected_as_all_nodes() {
    let (mut calibration, known) = (Calibration::default(), class(4));
    learn(&mut calibration, &known, 20_000, |distance| tail(distance / 2.0));
    let new = curve_of(&calibration, &class(64)).corrected(2.0);
    assert!((new - tail(1.0)).abs() < 0.05, "{new}");
}

#[test]
fn resources_are_judged_apart() {
    let (mut calibration, class) = (Calibration::default(), class(4));
    learn(&mut calibration, &class, 5_000, |_| 0.9);
    assert_eq!(calibration.curves()[0].memory, Curve::default());
}

#[test]
fn the_number_of_classes_is_bounded() {
    let mut calibration = Calibration::default();
    for number in 0..100 {
        let labels: Vec<(String, String)> =
            vec![("node.kubernetes.io/instance-type".to_owned(), format!("type-{number}"))];
        let node = crate::model::Node { labels: labels.into_iter().collect(), ..labelled(&[], node("n")) };
        calibration.observe(&[observation(&NodeClass::of_node(&node), 1.0, false)]);
    }
    assert_eq!(calibration.classes().count(), MOST_CLASSES);
}

#[test]
fn what_was_learnt_is_read_as_it_was_written_and_nothing_else_is_read() {
    let (mut calibration, class) = (Calibration::default(), class(4));
    learn(&mut calibration, &class, 100, tail);
    let json = serde_json::to_string(&calibration).unwrap();
    let read: Calibration = serde_json::from_str(&json).unwrap();
    let (before, after) = (curve_of(&calibration, &class), curve_of(&read, &class));
    for distance in [0.0, 1.0, 2.0, 3.0] {
        assert!((before.corrected(distance) - after.corrected(distance)).abs() < 1e-9);
    }
    let wrong = json.replacen("\"observed\":0.0", "\"observed\":-1.0", 1);
    assert!(serde_json::from_str::<Calibration>(&wrong).unwrap_err().to_string().contains("learnt anew"));
}

#[test]
fn a_node_is_of_the_class_of_its_instance_type_or_of_its_size() {
    let plain = with_cores(6, node("n"));
    assert_eq!(NodeClass::of_node(&plain).as_str(), "8 cores");
    let labels = [("node.kubernetes.io/instance-type", "m5.large")];
    let typed = crate::model::Node { labels: labels.into_iter().collect(), name: NodeName::from("t"), ..plain };
    assert_eq!(NodeClass::of_node(&typed).as_str(), "m5.large");
}
