use super::*;

const LIMITS: AnswerLimits = AnswerLimits { bytes: 1_000, series: 3, samples: 4 };

fn answer(result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#)
}

fn kind(text: &str) -> FailureKind {
    parse(text.as_bytes(), LIMITS).unwrap_err().kind
}

#[test]
fn series_have_the_labels_that_count_and_their_values() {
    let text = answer(
        r#"{"metric":{"namespace":"ns","pod":"p\u0041","__name__":"x","other":"y"},"value":[1.5,"2.5"]},
           {"metric":{"instance":"10.0.0.1:9100"},"values":[[10,"1"],[20,"+Inf"],[30,"NaN"]]}"#,
    );
    let found = parse(text.as_bytes(), LIMITS).unwrap();
    assert_eq!(found[0].metric.namespace.as_deref(), Some("ns"));
    assert_eq!(found[0].metric.pod.as_deref(), Some("pA"));
    assert_eq!(found[0].samples().map(|sample| (sample.0, sample.value())).collect::<Vec<_>>(), [(1.5, 2.5)]);
    let values: Vec<f64> = found[1].samples().map(Sample::value).collect();
    assert!((values[0] - 1.0).abs() < 1e-9 && values[1].is_infinite() && values[2].is_nan(), "{values:?}");
}

#[test]
fn too_many_series_or_values_are_refused_before_they_are_parsed() {
    let series = r#"{"metric":{"pod":"p"},"value":[1,"2"]}"#;
    assert_eq!(parse(answer(&[series; 3].join(",")).as_bytes(), LIMITS).unwrap().len(), 3);
    assert_eq!(kind(&answer(&[series; 4].join(","))), FailureKind::TooLarge);
    let values =
        |count: usize| answer(&format!(r#"{{"metric":{{}},"values":[{}]}}"#, vec![r#"[1,"2"]"#; count].join(",")));
    assert_eq!(parse(values(4).as_bytes(), LIMITS).unwrap()[0].samples().count(), 4);
    assert_eq!(kind(&values(20)), FailureKind::TooLarge);
}

#[test]
fn wrong_types_are_errors_and_no_panics() {
    for text in [
        "",
        "null",
        "[]",
        "<html>",
        r#"{"status":"success"}"#,
        r#"{"status":7,"data":{"result":[]}}"#,
        r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
        r#"{"status":"success","data":{"resultType":"string","result":"x"}}"#,
        &answer(r#"{"metric":[],"value":[1,"2"]}"#),
        &answer(r#"{"metric":{"pod":7},"value":[1,"2"]}"#),
        &answer(r#"{"metric":{},"value":[1,2]}"#),
        &answer(r#"{"metric":{},"value":["1","2"]}"#),
        &answer(r#"{"metric":{},"value":[1,"two"]}"#),
        &answer(r#"{"metric":{},"value":[1]}"#),
        &answer("{").replace(']', ""),
    ] {
        assert_eq!(kind(text), FailureKind::Malformed, "{text}");
    }
}

#[test]
fn an_error_of_prometheus_is_told_in_its_words() {
    let text = r#"{"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end"}"#;
    let error = parse(text.as_bytes(), LIMITS).unwrap_err();
    assert_eq!((error.kind, error.problem.as_str()), (FailureKind::Status, "1:5: parse error: unexpected end"));
    assert_eq!(parse_error(text.as_bytes()), "1:5: parse error: unexpected end");
    assert_eq!(parse_error(b"nginx"), "nginx");
}

#[test]
fn a_name_that_no_object_can_have_names_nothing() {
    let text = answer(&format!(r#"{{"metric":{{"pod":"{}","namespace":""}},"value":[1,"2"]}}"#, "x".repeat(254)));
    let found = parse(text.as_bytes(), LIMITS).unwrap();
    assert_eq!(found[0].metric, SeriesLabels::default());
}
