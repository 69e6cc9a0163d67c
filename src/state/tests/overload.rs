//! Whether a node is overloaded follows from its history: a model computes it again from all events, in plain numbers.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::model::{Node, NodeName};
use crate::policy::PolicySet;
use crate::state::{Cluster, Event};
use crate::testing::{cluster, node, policies, protecting};

/// CPU, memory and network in percent, and how many seconds before the moment it was measured; ahead of it where that
/// is negative.
type Measured = ([Option<u32>; 3], i64);

/// Upper and lower thresholds of each metric, and for how many seconds a measurement counts.
type Protection = ([Option<(u32, u32)>; 3], i64);

#[derive(Clone, Debug)]
enum Step {
    /// Time goes on by so many seconds.
    Wait(i64),
    /// The measurement in the load file, and that of the node.
    Measure(bool, Option<Measured>),
    Protect(Option<Protection>),
    /// The node is gone and comes back.
    Replace,
}

/// The moment: what is known of each metric, and what its thresholds are.
type Moment = [Option<(Option<u32>, Option<(u32, u32)>)>; 3];

#[derive(Default)]
struct Model {
    now: i64,
    measured: [Option<([Option<u32>; 3], i64)>; 2],
    protection: Option<Protection>,
    moments: Vec<Moment>,
}

impl Model {
    fn note(&mut self) {
        let known = |metric: usize| {
            let (thresholds, max_age) = self.protection?;
            let fresh = self.measured.iter().flatten().filter(|(_, at)| (self.now - at).abs() <= max_age);
            // `max_by_key` gives the last of equals, and the file counts before the node.
            let newest = fresh.filter(|(used, _)| used[metric].is_some()).rev().max_by_key(|(_, at)| *at);
            Some((newest.and_then(|(used, _)| used[metric]), thresholds[metric]))
        };
        self.moments.push([known(0), known(1), known(2)]);
    }

    /// There was a moment with a metric above its upper threshold, and none since at which it was over.
    fn is_overloaded(&self) -> bool {
        let judged = |moment: &Moment| -> Vec<(u32, u32, u32)> {
            let known = moment.iter().flatten();
            known
                .filter_map(|(value, thresholds)| thresholds.and_then(|(up, low)| Some(((*value)?, up, low))))
                .collect()
        };
        let begins = |moment: &Moment| judged(moment).iter().any(|(value, upper, _)| value > upper);
        let is_over = |moment: &Moment| judged(moment).iter().all(|(value, _, lower)| value < lower);
        let begun = self.moments.iter().rposition(begins);
        begun.is_some_and(|begun| !self.moments.iter().skip(begun + 1).any(is_over))
    }
}

fn percent(value: u32) -> Percent {
    Percent::new(f64::from(value)).unwrap()
}

fn load(used: [Option<u32>; 3], at: i64) -> Load {
    let [cpu, memory, network] = used.map(|value| value.map(percent));
    Load { used: Metrics { cpu, memory, network }, at: Timestamp::from_second(at).unwrap() }
}

fn governing(protection: Option<Protection>) -> PolicySet {
    let Some((thresholds, max_age)) = protection else { return policies("") };
    let metrics = Metric::ALL.into_iter().zip(thresholds);
    let written = metrics.filter_map(|(metric, thresholds)| {
        thresholds.map(|(upper, lower)| format!("{metric}: {{upper: {upper}, lower: {lower}}}, "))
    });
    protecting(&format!("{}maxAge: {max_age}s", written.collect::<String>()), &[("", "")])
}

fn thresholds() -> impl Strategy<Value = Option<(u32, u32)>> {
    option::of((1_u32..8, 1_u32..8).prop_map(|(one, other)| (one.max(other), one.min(other))))
}

fn step() -> impl Strategy<Value = Step> {
    let measured = ([option::of(0_u32..9), option::of(0_u32..9), option::of(0_u32..9)], -7_i64..7);
    let protection = ([thresholds(), thresholds(), thresholds()], 1_i64..6)
        .prop_filter("nothing to protect", |(thresholds, _)| thresholds.iter().any(Option::is_some));
    prop_oneof![
        2 => (0_i64..5).prop_map(Step::Wait),
        6 => (any::<bool>(), option::weighted(0.9, measured)).prop_map(|(file, measured)| Step::Measure(file, measured)),
        2 => option::weighted(0.9, protection).prop_map(Step::Protect),
        1 => Just(Step::Replace),
    ]
}

proptest! {
    #[test]
    fn t15_a_node_is_overloaded_as_its_history_says(steps in vec(step(), 1..40)) {
        let mut cluster = cluster(vec![node("n1")], vec![], vec![]);
        let mut model = Model::default();
        for step in steps {
            let version = cluster.snapshot().version();
            let before = overload_of(&cluster);
            match step {
                Step::Wait(seconds) => {
                    model.now += seconds;
                    cluster.apply(Event::Time(Timestamp::from_second(model.now).unwrap()));
                    prop_assert_eq!(cluster.snapshot().version() == version, overload_of(&cluster) == before);
                }
                Step::Measure(is_file, measured) => {
                    let at = measured.map(|(used, ago)| (used, model.now - ago));
                    model.measured[usize::from(!is_file)] = at;
                    let load = at.map(|(used, at)| load(used, at));
                    if is_file {
                        let of_n1 = load.map(|load| (NodeName::from("n1"), load));
                        cluster.apply(Event::Loads(of_n1.into_iter().collect::<BTreeMap<NodeName, Load>>()));
                        prop_assert_eq!(cluster.snapshot().version() == version, overload_of(&cluster) == before);
                    } else {
                        cluster.apply(Event::put(Node { load, ..node("n1") }));
                    }
                }
                Step::Protect(protection) => {
                    model.protection = protection;
                    cluster.apply(Event::Policies(governing(protection)));
                }
                Step::Replace => {
                    model.measured[1] = None;
                    model.moments.clear();
                    cluster.apply(Event::gone::<Node>("n1".into()));
                    cluster.apply(Event::put(node("n1")));
                }
            }
            model.note();
            let overload = overload_of(&cluster);
            prop_assert_eq!(overload.is_some(), model.is_overloaded(), "{:?}", model.moments);
            if let Some(Overload { value, thresholds, .. }) = overload {
                prop_assert!(value >= thresholds.lower());
            }
        }
    }
}

fn overload_of(cluster: &Cluster) -> Option<Overload> {
    cluster.snapshot().node(cluster.snapshot().find("n1")?)?.overload
}

/// CPU at this value after it was at another.
fn after(first: f64, then: f64) -> Option<String> {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![]);
    cluster.apply(Event::Policies(protecting("cpu: {upper: 75, lower: 60}, memory: {upper: 100}", &[("", "")])));
    cluster.apply(crate::testing::measured(&[("n1", first, 99.9)]));
    cluster.apply(crate::testing::measured(&[("n1", then, 99.9)]));
    overload_of(&cluster).map(|overload| overload.to_string())
}

#[test]
fn t15_between_the_thresholds_a_node_stays_what_it_is() {
    assert_eq!(after(0.0, 75.0), None);
    assert_eq!(after(75.0, 75.001).unwrap(), "cpu is at 75.001 %, above 75 %");
    assert_eq!(after(76.0, 75.0).unwrap(), "cpu is at 75 %, not yet below 60 %");
    assert_eq!(after(76.0, 60.0).unwrap(), "cpu is at 60 %, not yet below 60 %");
    assert_eq!(after(76.0, 59.9), None);
}

#[test]
fn what_was_measured_too_long_ago_or_ahead_of_our_clock_is_not_known() {
    let protection = protecting("cpu: {upper: 75}, maxAge: 10s", &[("", "")]);
    let mut cluster = cluster(vec![node("n1")], vec![], vec![]);
    cluster.apply(Event::Policies(protection));
    let at = |second| load([Some(80), None, None], second);
    cluster.apply(Event::Loads(BTreeMap::from([("n1".into(), at(100))])));
    for (second, expected) in [(89, false), (90, true), (110, true), (111, false), (100, true)] {
        cluster.apply(Event::Time(Timestamp::from_second(second).unwrap()));
        assert_eq!(overload_of(&cluster).is_some(), expected, "{second}");
    }
}
