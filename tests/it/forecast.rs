//! `outrigger forecast`: a series of a CSV file as a table, as JSON, as a picture, and how good such forecasts were.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use assert_cmd::Command;
use serde_json::Value;

/// Exit code, standard output and standard error, with this text on standard input.
fn forecast(input: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("outrigger").unwrap();
    command.env_remove("RUST_LOG").args(["forecast", "-"]).args(arguments).write_stdin(input);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Ten days of a load that peaks at noon, a value every half hour, with a small disturbance.
fn ten_days() -> String {
    let mut rows = "time,clicks\n".to_owned();
    for row in 0..480_u32 {
        let (hour, disturbance) = (f64::from(row % 48) / 2.0, f64::from(row * 7_919 % 101) - 50.0);
        let value = 300_f64.mul_add(-(hour / 24.0 * TAU).cos(), 1_000.0) + disturbance / 5.0;
        writeln!(rows, "{},{value:.1}", 1_780_272_000 + i64::from(row) * 1_800).unwrap();
    }
    rows
}

#[test]
fn the_table_has_the_leads_and_compares_the_methods() {
    let (code, table, error) = forecast(&ten_days(), &["--leads", "4", "--width", "80"]);
    assert_eq!((code, error.as_str()), (0, ""));
    insta::assert_snapshot!("forecast_table", table);
}

#[test]
fn the_document_holds_intervals_around_each_median() {
    let (code, document, _) = forecast(&ten_days(), &["-o", "json"]);
    assert_eq!(code, 0);
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&document["stepSeconds"], &document["samples"]), (&1_800.into(), &480.into()));
    let forecasts = document["forecasts"].as_array().unwrap();
    assert_eq!(forecasts.len(), 12);
    for forecast in forecasts {
        let number = |pointer: &str| forecast.pointer(pointer).unwrap().as_f64().unwrap();
        let ordered = ["/interval95/0", "/interval80/0", "/median", "/interval80/1", "/interval95/1"].map(number);
        assert!(ordered.is_sorted(), "{forecast}");
    }
}

#[test]
fn the_score_is_far_below_that_of_the_last_value() {
    let (code, score, _) = forecast(&ten_days(), &["--score", "12"]);
    assert_eq!(code, 0);
    let score: Value = serde_json::from_str(&score).unwrap();
    let (wape, points) = (score["wape"].as_f64().unwrap(), score["points"].as_u64().unwrap());
    // The disturbance alone is half a percent of the mean.
    assert!(wape < 1.0 && points == 96, "{score}");
    assert!(score["coverage80"].is_f64() && score["coverage95"].is_f64(), "{score}");
}

#[test]
fn the_picture_is_svg_with_round_lines() {
    let (code, picture, _) = forecast(&ten_days(), &["-o", "svg"]);
    assert_eq!(code, 0);
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n") && !picture.contains("NaN"));
    for value in ["800", "1000", "1200"] {
        assert!(picture.contains(&format!(">{value}</text>")), "{value}: {picture}");
    }
}

#[test]
fn one_value_and_constant_values_have_a_picture_and_a_table() {
    for rows in ["1780272000,5\n1780273800,5\n", "1780272000,0\n1780273800,0\n1780275600,0\n"] {
        for output in ["table", "json", "svg"] {
            let (code, out, error) = forecast(rows, &["-o", output]);
            assert_eq!((code, error.as_str()), (0, ""), "{rows}");
            assert!(!out.contains("NaN") && !out.contains("inf"), "{out}");
        }
    }
}

#[test]
fn what_is_no_series_is_named_with_its_line() {
    let cases: [(&str, &[&str], &str); 7] = [
        ("", &[], "two rows with different times are needed"),
        ("1780272000,1\n", &[], "two rows with different times are needed"),
        ("time,value\n1780272000,1\nyesterday,2\n", &[], "standard input:3: `yesterday` is no time"),
        ("1780272000,1\n1780272300,-4\n", &[], "standard input:2: `-4` is no value"),
        ("1780272000,1\n1780272300,many\n", &[], "standard input:2: `many` is no value"),
        ("1780272000,1\n1780272420,2\n", &[], "not a multiple of the step, which is 7m"),
        ("1780272000,1\n1780272300,0\n", &["--score", "1"], "at least two rows"),
    ];
    for (rows, arguments, said) in cases {
        let (code, out, error) = forecast(rows, arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{rows:?}: {error}");
        assert!(error.contains(said), "{rows:?}: {error}");
    }
}
