//! A demand file is read with its units, and every mistake is named with its place.

use super::demand;
use crate::model::{DemandKey, NodeName};

const FILE: &str = "\
at: 2026-11-24T13:00:00Z
step: 5m
jobs:
  streams/clicks:
    cpuCores: {mean: [2, 3.4], deviation: [0.1, 0.2]}
    shares:
      source: {cpu: 0.25, ownDeviation: 0.5}
    eachShare: {cpu: 0.125}
nodes:
  n1:
    memoryGib: {mean: [1, 1], deviation: [0.5, 0.5]}
";

#[test]
fn amounts_are_read_in_millicores_and_bytes() {
    let forecasts = demand("demand.yaml", FILE).unwrap();
    assert_eq!((forecasts.steps, forecasts.step.as_secs()), (2, 300));
    let job = &forecasts.jobs[&DemandKey { namespace: "streams".into(), job: "clicks".into() }];
    let cpu = job.total.cpu.unwrap();
    assert_eq!((cpu.mean[..2].to_vec(), cpu.deviation[..2].to_vec()), (vec![2_000.0, 3_400.0], vec![100.0, 200.0]));
    assert_eq!(job.total.memory, None);
    let source = job.shares["source"].cpu.unwrap();
    assert_eq!((source.of_job, source.own_deviation), (0.25, 0.5));
    assert!((job.interchangeable.cpu.unwrap().of_job - 0.125).abs() < 1e-6);
    let others = &forecasts.others[&NodeName::from("n1")];
    assert!((f64::from(others.memory.unwrap().mean[0]) - 1_073_741_824.0).abs() < 1.0);
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        ("step: 5m", "step: soon", "demand.yaml:2:7: step: `soon` is not a duration from 1s to 24h, such as `5m`"),
        ("streams/clicks", "clicks", "demand.yaml:5:5: jobs.clicks: is not namespace/job"),
        ("[2, 3.4]", "[2]", "jobs.streams/clicks.cpuCores: has 1 means and 2 deviations"),
        ("[2, 3.4]", "[2, -1]", "jobs.streams/clicks.cpuCores.mean: must be from 0 to"),
        ("cpu: 0.25", "cpu: 1.25", "jobs.streams/clicks.shares.source.cpu: must be from 0 to 1"),
        ("memoryGib", "memory", "memory"),
    ];
    for (there, wrong, problem) in cases {
        let error = demand("demand.yaml", &FILE.replacen(there, wrong, 1)).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
        assert!(error.starts_with("demand.yaml:"), "{error}");
    }
}
