use std::fmt::Write as _;

use super::forecast;
use crate::forecast::demand::DemandGrid;
use crate::model::{DemandForecasts, DemandKey, DemandShare, Namespace, NodeName};

fn read(text: &str) -> Result<DemandForecasts, String> {
    forecast("d.csv", text.as_bytes(), DemandGrid::default())
}

#[test]
fn rows_of_pes_and_nodes_become_forecasts() {
    let mut text = "time,namespace,job,pe,pod,node,resource,value\n".to_owned();
    for step in 0..50 {
        let second = step * 300;
        for (pe, pod, used) in [("parse", "", "750m"), ("count", "", "0.25"), ("", "tm-1", "")] {
            writeln!(text, "{second},streams,clicks,{pe},{pod},n1,cpu,{used}").unwrap();
        }
        writeln!(text, "{second},streams,clicks,parse,,n1,memory,1Gi").unwrap();
        writeln!(text, "{second},,,,,n1,cpu,4").unwrap();
    }
    let forecasts = read(&text).unwrap();
    assert_eq!(forecasts.at.as_second(), 49 * 300);
    let job = DemandKey { namespace: Namespace::from("streams"), job: "clicks".into() };
    let job = &forecasts.jobs[&job];
    let share = |pe: &str| job.shares[pe].cpu.unwrap();
    let DemandShare { of_job: parse, peak, .. } = share("parse");
    assert!((parse / share("count").of_job - 3.0).abs() < 0.01, "750m and 250m");
    assert_eq!(peak.to_bits(), 750_f32.to_bits());
    let total = job.total.cpu.unwrap().mean[0];
    assert!(total > 1_100.0, "{total}: the pod that was not measured is not idle");
    let others = forecasts.others[&NodeName::from("n1")].cpu.unwrap().mean[0];
    assert!((2_000.0..3_000.0).contains(&others), "{others} of 4 cores");
}

#[test]
fn what_is_wrong_is_said_with_line_and_column() {
    let cases = [
        ("", "d.csv:1: the column `time` is missing"),
        ("time,resource,value,cores\n", "d.csv:1: `cores` is no column"),
        ("time,time,resource,value\n", "d.csv:1: the column `time` is there twice"),
        ("time,resource\n", "d.csv:1: the column `value` is missing"),
        ("time,resource,value\n", "d.csv: the file holds no row"),
        ("time,resource,value\n0,cpu,1\n", "d.csv:2: node: a row without a job"),
        ("time,resource,value,node\n0,cpu,1,n\nyesterday,cpu,1,n\n", "d.csv:3: time: `yesterday` is no time"),
        ("time,resource,value,node\n0,disk,1,n\n", "d.csv:2: resource: `disk` is unknown"),
        ("time,resource,value,node\n0,cpu,-1,n\n", "d.csv:2: value: `-1` is not a quantity"),
        ("time,resource,value,job,pe\n0,cpu,1,j,p\n", "d.csv:2: namespace: a row of a PE needs it"),
        ("time,resource,value,namespace,job\n0,cpu,1,n,j\n", "d.csv:2: pe: name the PE"),
        ("time,resource,value,node\n0,cpu\n", "d.csv:2: CSV error"),
    ];
    for (text, expected) in cases {
        let problem = read(text).unwrap_err();
        assert!(problem.starts_with(expected), "{problem} instead of {expected}");
    }
}
