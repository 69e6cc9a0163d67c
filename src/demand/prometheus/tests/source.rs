use super::*;

const LIMITS: AnswerLimits = AnswerLimits { bytes: 1 << 20, series: 10, samples: 100 };

fn labels(node: Option<&str>, instance: Option<&str>) -> SeriesLabels {
    let text = |value: Option<&str>| value.map(Box::from);
    SeriesLabels { node: text(node), instance: text(instance), ..SeriesLabels::default() }
}

fn query(subject: MeasuredSubject, measure: Measure) -> PrometheusQuery {
    PrometheusQuery { subject, measure, text: "x".into() }
}

fn parsed(result: &str) -> Vec<Series> {
    parse(format!(r#"{{"status":"success","data":{{"result":[{result}]}}}}"#).as_bytes(), LIMITS).unwrap()
}

#[test]
fn a_node_is_named_by_its_label_or_by_what_is_scraped() {
    for (node, instance, expected) in [
        (Some("n1"), Some("10.0.0.1:10250"), Some("n1")),
        (None, Some("10.0.0.1:10250"), Some("10.0.0.1")),
        (None, Some("n1"), Some("n1")),
        (None, Some("[fd00::1]:10250"), Some("fd00::1")),
        (None, Some("fd00::1"), Some("fd00::1")),
        (None, Some("n1:metrics"), Some("n1:metrics")),
        (None, None, None),
    ] {
        assert_eq!(node_of(&labels(node, instance)), expected, "{node:?} {instance:?}");
    }
}

#[test]
fn a_query_keeps_its_meaning_in_an_address() {
    assert_eq!(percent_encoded("sum by (a) (x{y=\"ä+1\"})"), "sum%20by%20%28a%29%20%28x%7By%3D%22%C3%A4%2B1%22%7D%29");
}

#[test]
fn series_of_one_pod_are_added_up_and_the_highest_pressure_counts() {
    let series = parsed(
        r#"{"metric":{"namespace":"ns","pod":"p","container":"a"},"value":[10,"0.25"]},
           {"metric":{"namespace":"ns","pod":"p","container":"b","stream_job":"j"},"value":[10,"0.5"]}"#,
    );
    let mut step = [Measurements::nothing(Timestamp::from_second(10).unwrap())];
    add_all(&mut step, &query(MeasuredSubject::Pod, Measure::Cpu), &series, |_| Some(0));
    add_all(&mut step, &query(MeasuredSubject::Pod, Measure::CpuPressure), &series, |_| Some(0));
    let [Measurements { pods, rejected, .. }] = &step;
    let (_, pod) = pods.first_key_value().unwrap();
    assert_eq!((pod.measured.cpu, pod.measured.cpu_pressure, *rejected), (Some(750.0), Some(0.5), 0));
    assert_eq!(pod.job.as_deref(), Some("j"));
}

#[test]
fn what_says_nothing_is_rejected_and_never_zero() {
    let series = parsed(
        r#"{"metric":{"namespace":"ns","pod":"p"},"value":[10,"NaN"]},
           {"metric":{"namespace":"ns","pod":"q"},"value":[10,"-1"]},
           {"metric":{"namespace":"ns","pod":"r"},"value":[10,"+Inf"]},
           {"metric":{"namespace":"ns"},"value":[10,"1"]}"#,
    );
    let mut step = [Measurements::nothing(Timestamp::UNIX_EPOCH)];
    add_all(&mut step, &query(MeasuredSubject::Pod, Measure::Memory), &series, |_| Some(0));
    let [Measurements { pods, rejected, .. }] = &step;
    assert_eq!(*rejected, 4);
    assert!(pods.values().all(|pod| pod.measured.memory.is_none()), "{pods:?}");
}

#[test]
fn a_value_of_the_past_belongs_to_the_step_of_its_time() {
    let series = parsed(r#"{"metric":{"node":"n"},"values":[[0,"9"],[300,"1"],[600.0004,"2"],[1e300,"3"],[900,"9"]]}"#);
    let at = |seconds| Measurements::nothing(Timestamp::from_second(seconds).unwrap());
    let mut steps = [at(300), at(600)];
    add_all(&mut steps, &query(MeasuredSubject::Node, Measure::Memory), &series, |time| {
        usize::try_from(time / 300 - 1).ok()
    });
    let found: Vec<Option<f64>> = steps.iter().map(|step| step.nodes["n"].memory).collect();
    assert_eq!(found, [Some(1.0), Some(2.0)]);
}
