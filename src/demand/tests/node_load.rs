use jiff::Timestamp;

use super::*;
use crate::testing::{cluster, node};

fn sample(cpu: Option<f64>, memory: Option<f64>, cpu_pressure: Option<f64>) -> NodeSample {
    let measured = Measured { at: Timestamp::UNIX_EPOCH, cpu, memory, cpu_pressure, input_rate: None };
    NodeSample { node: NodeName::from("n1"), measured }
}

fn load_of(sample: NodeSample) -> Option<Metrics<Percent>> {
    let cluster = cluster(vec![node("n1")], vec![], vec![]);
    loads(&[sample], cluster.snapshot()).get("n1").map(|load| load.used)
}

#[test]
fn the_load_is_a_share_of_what_pods_may_request() {
    // A node of these tests has four cores.
    let used = load_of(sample(Some(3_000.0), None, None)).unwrap();
    assert_eq!((used.cpu, used.memory, used.network), (Percent::new(75.0), None, None));
    let beyond = load_of(sample(Some(1e12), None, None)).unwrap();
    assert_eq!(beyond.cpu, Percent::new(1_000.0), "not lost");
}

#[test]
fn no_data_is_neither_idle_nor_overloaded() {
    for nothing in [None, Some(f64::NAN), Some(-1.0)] {
        assert_eq!(load_of(sample(nothing, None, None)), None);
        let cluster = cluster(vec![node("n1")], vec![], vec![]);
        let observed = observed_overload(&[sample(nothing, None, None)], cluster.snapshot(), Percent::WHOLE);
        assert_eq!(observed, BTreeMap::new());
    }
}

#[test]
fn overload_is_more_use_than_pods_may_request_or_processes_that_wait() {
    let cluster = cluster(vec![node("n1")], vec![], vec![]);
    let observe = |sample: NodeSample| observed_overload(&[sample], cluster.snapshot(), Percent::new(10.0).unwrap());
    let one = |overloaded| ObservedNodes { measured: 1, overloaded };
    let observed = observe(sample(Some(4_001.0), Some(1.0), Some(0.101)));
    assert_eq!(observed[&OverloadedResource::Cpu], one(1));
    assert_eq!(observed[&OverloadedResource::Memory], one(0));
    assert_eq!(observed[&OverloadedResource::CpuPressure], one(1));
    let observed = observe(sample(Some(4_000.0), None, Some(0.1)));
    assert_eq!(observed[&OverloadedResource::Cpu], one(0), "all of it is not too much");
    assert_eq!(observed[&OverloadedResource::CpuPressure], one(0));
}
