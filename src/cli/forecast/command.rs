//! The arguments, and what is forecast and scored.

use std::fs::File;
use std::io::stdin;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::SignedDuration;

use super::outcome::Outcome;
use super::series::Series;
use super::{chart, report};
use crate::cli::CommandError;
use crate::cli::duration::parse_duration;
use crate::cli::output::{json, print};
use crate::cli::terminal::Terminal;
use crate::forecast::{Calendar, Exact, Forecaster, HoltWinters, LastValue, Score, SeasonalLastValue, score};

/// Forecast a series of a CSV file, and say how good such forecasts were
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger forecast clicks.csv
  outrigger forecast clicks.csv --leads 36 -o svg > clicks.svg
  outrigger forecast clicks.csv --score 12

A row holds a time and a value. A time is `2026-01-31 18:05:00` (UTC), RFC 3339, or
Unix seconds. A value is a number that is not negative; a row without a value, and a
step without a row, is missing.

--score learns the first 80 % of the rows and forecasts from each later row. What
counts for a time is the mean of all forecasts that were made for the time. Values are
rounded down to whole numbers.")]
pub(in crate::cli) struct Arguments {
    /// CSV file; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Steps to forecast
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    leads: u16,
    /// Prints as JSON how good forecasts of so many steps were: wape, coverage80, coverage95 and points
    #[arg(long, value_name = "STEPS", conflicts_with_all = ["leads", "output"],
        value_parser = clap::value_parser!(u16).range(1..=1_000))]
    score: Option<u16>,
    /// Length of a season, after which the series repeats itself
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = parse_duration)]
    season: SignedDuration,
    /// Time from one value to the next; by default the most frequent difference of two times
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    step: Option<SignedDuration>,
    /// Output format
    #[arg(short, long, default_value = "table")]
    output: Output,
    /// Columns of the table; by default those of the terminal
    #[arg(long, hide = true)]
    width: Option<u16>,
}

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table for people.
    Table,
    /// JSON for programs.
    Json,
    /// A picture.
    Svg,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let series = read(&arguments.file, arguments.step)?;
    let calendar = series.calendar(arguments.season).map_err(CommandError::input)?;
    if let Some(leads) = arguments.score {
        return print_score(series, calendar, usize::from(leads), &arguments.file);
    }
    let leads = usize::from(arguments.leads);
    let mut forecaster: Forecaster<Exact> = Forecaster::new(calendar, leads);
    for (step, value) in &series.samples {
        forecaster.observe(*step, Some(*value));
    }
    let scores = scores(&series, calendar, leads);
    let outcome = Outcome { forecasts: forecaster.forecasts(), series, calendar, scores };
    let name = arguments.file.file_name().unwrap_or_default().to_string_lossy();
    print(&match arguments.output {
        Output::Table => report::table(&outcome, Terminal::for_stdout(arguments.width)),
        Output::Json => json(&report::document(&outcome))?,
        Output::Svg => chart::draw(&outcome, &name),
    })
}

fn read(path: &Path, step: Option<SignedDuration>) -> Result<Series, CommandError> {
    if path == Path::new("-") {
        return Series::read("standard input", stdin().lock(), step).map_err(CommandError::input);
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| CommandError::input(format!("{name}: {error}")))?;
    Series::read(&name, file, step).map_err(CommandError::input)
}

fn print_score(series: Series, calendar: Calendar, leads: usize, file: &Path) -> Result<(), CommandError> {
    let samples = series.with_whole_values().samples;
    let score = score(&samples, &mut Forecaster::<Exact>::new(calendar, leads)).ok_or_else(|| {
        CommandError::input(format!("{}: at least two rows, the last fifth not all zero, are needed", file.display()))
    })?;
    print(&json(&report::score(score))?)
}

/// How good the forecasts of each method were.
fn scores(series: &Series, calendar: Calendar, leads: usize) -> Vec<(&'static str, Option<Score>)> {
    let samples = &series.samples;
    vec![
        ("outrigger", score(samples, &mut Forecaster::<Exact>::new(calendar, leads))),
        ("Holt-Winters", score(samples, &mut HoltWinters::new(calendar, leads))),
        ("last season", score(samples, &mut SeasonalLastValue::new(calendar, leads))),
        ("last value", score(samples, &mut LastValue::new(leads))),
    ]
}
