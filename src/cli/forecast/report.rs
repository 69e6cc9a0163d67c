//! The forecasts as a table and as JSON.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::outcome::Outcome;
use crate::cli::terminal::{Style, Terminal, cell};
use crate::forecast::{Forecast, Score};

/// The document of `-o json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    step_seconds: i64,
    samples: usize,
    missing: i64,
    replaced: usize,
    forecasts: Vec<ForecastAt>,
    scores: Vec<ScoreOf>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ForecastAt {
    time: Timestamp,
    median: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval80: Option<(f64, f64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval95: Option<(f64, f64)>,
}

#[derive(Debug, Serialize)]
struct ScoreOf {
    method: &'static str,
    #[serde(flatten)]
    score: ScoreDocument,
}

/// The document of `--score`.
#[derive(Debug, Serialize)]
pub(super) struct ScoreDocument {
    wape: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage80: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage95: Option<f64>,
    points: usize,
}

pub(super) fn score(score: Score) -> ScoreDocument {
    let Score { wape, coverage80, coverage95, points } = score;
    ScoreDocument { wape, coverage80, coverage95, points }
}

pub(super) fn document(outcome: &Outcome) -> Document {
    let forecast = |(time, forecast): (Timestamp, &Forecast)| ForecastAt {
        time,
        median: forecast.median,
        interval80: forecast.intervals.map(|intervals| intervals.of_80),
        interval95: forecast.intervals.map(|intervals| intervals.of_95),
    };
    let of_method = |(method, known): &(&'static str, Option<Score>)| Some(ScoreOf { method, score: score((*known)?) });
    Document {
        step_seconds: outcome.series.step,
        samples: outcome.series.samples.len(),
        missing: outcome.series.missing(),
        replaced: outcome.series.replaced,
        forecasts: outcome.targets().map(forecast).collect(),
        scores: outcome.scores.iter().filter_map(of_method).collect(),
    }
}

pub(super) fn table(outcome: &Outcome, mut terminal: Terminal) -> String {
    let series = &outcome.series;
    let step = SignedDuration::from_secs(series.step);
    let (samples, missing, replaced) = (series.samples.len(), series.missing(), series.replaced);
    terminal.line(&format!("{samples} values, one each {step:#}; {missing} missing"));
    if replaced > 0 {
        terminal.line(&format!("{replaced} values are replaced by later ones of the same step"));
    }

    terminal.heading("Forecast");
    let mut table = terminal.table();
    table.set_header(["TIME", "MEDIAN", "80 %", "95 %"].map(|title| cell(title, Style::Faint)));
    for (time, forecast) in outcome.targets() {
        let range = |(low, high): (f64, f64)| format!("{} to {}", short(low), short(high));
        let [of_80, of_95] = forecast.intervals.map_or_else(
            || ["unknown".to_owned(), "unknown".to_owned()],
            |intervals| [range(intervals.of_80), range(intervals.of_95)],
        );
        table.add_row([
            cell(time, Style::Plain),
            cell(short(forecast.median), Style::Strong),
            cell(of_80, Style::Plain),
            cell(of_95, Style::Plain),
        ]);
    }
    terminal.put(table);

    let leads = outcome.forecasts.len();
    terminal.heading(&format!("Error of forecasts of {leads} steps over the last fifth"));
    let mut table = terminal.table();
    table.set_header(["METHOD", "ERROR", "WITHIN 80 %", "WITHIN 95 %"].map(|title| cell(title, Style::Faint)));
    for (method, score) in &outcome.scores {
        let percent = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1} %"));
        table.add_row([
            cell(method, Style::Strong),
            cell(score.map_or_else(|| "too short".to_owned(), |score| format!("{:.2} %", score.wape)), Style::Plain),
            cell(percent(score.and_then(|score| score.coverage80)), Style::Plain),
            cell(percent(score.and_then(|score| score.coverage95)), Style::Plain),
        ]);
    }
    terminal.put(table);
    terminal.into_text()
}

/// A value in four or more digits.
fn short(value: f64) -> String {
    let decimals = if value >= 1_000.0 {
        0
    } else if value >= 10.0 {
        2
    } else {
        4
    };
    format!("{value:.decimals$}")
}
