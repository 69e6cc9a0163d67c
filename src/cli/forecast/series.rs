//! The series of a CSV file: times and values on a grid of equal steps.

use std::collections::BTreeMap;
use std::io::Read;

use csv::StringRecord;
use jiff::{SignedDuration, Timestamp};

use crate::cli::csv_time::{TIME_FORMS, unix_seconds};
use crate::forecast::Calendar;

/// A series on a grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// The length of a step in seconds.
    pub(super) step: i64,
    /// The number of the step since the Unix epoch, and the value, in order.
    pub(super) samples: Vec<(i64, f64)>,
    /// Rows that another row of the same step replaces.
    pub(super) replaced: usize,
}

/// The longest file. A series of 14 days has 20,000 rows of a minute.
const MOST_ROWS: usize = 5_000_000;

impl Series {
    /// Reads a series of rows `time,value`. A first row that holds no time is a header.
    ///
    /// # Errors
    /// What is wrong with the file, with its line.
    pub(super) fn read(file: &str, input: impl Read, step: Option<SignedDuration>) -> Result<Self, String> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(input);
        let mut rows: Vec<(i64, f64)> = Vec::new();
        for (place, record) in reader.records().enumerate() {
            let record = record.map_err(|error| format!("{file}: {error}"))?;
            let line = record.position().map_or(1, csv::Position::line);
            let problem = |problem: String| format!("{file}:{line}: {problem}");
            match row(&record) {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => {}
                // The header.
                Err(_) if place == 0 && record.get(1).is_none_or(|text| text.parse::<f64>().is_err()) => {}
                Err(error) => return Err(problem(error)),
            }
            if rows.len() > MOST_ROWS {
                return Err(problem(format!("more than {MOST_ROWS} rows")));
            }
        }
        rows.sort_by_key(|(time, _)| *time);
        let step = match step {
            Some(step) => step.as_secs().max(1),
            None => usual_step(&rows).ok_or_else(|| format!("{file}: two rows with different times are needed"))?,
        };
        let count = rows.len();
        // The last row of a step counts.
        let samples: BTreeMap<i64, f64> =
            rows.into_iter().map(|(time, value)| (time.div_euclid(step), value)).collect();
        if samples.is_empty() {
            return Err(format!("{file}: no row has a time and a value"));
        }
        Ok(Self { step, replaced: count - samples.len(), samples: samples.into_iter().collect() })
    }

    /// The grid, where a season has this length.
    ///
    /// # Errors
    /// A season that is no multiple of the step.
    pub(super) fn calendar(&self, season: SignedDuration) -> Result<Calendar, String> {
        const DAY: i64 = 86_400;
        let seconds = season.as_secs();
        let slots = usize::try_from(seconds / self.step).unwrap_or_default();
        if slots == 0 || seconds % self.step != 0 || season.subsec_nanos() != 0 {
            let step = SignedDuration::from_secs(self.step);
            return Err(format!("--season {season:#}: not a multiple of the step, which is {step:#}"));
        }
        Ok(if seconds == DAY { Calendar::of_days(slots) } else { Calendar::of_seasons(slots) })
    }

    /// The time at which a step begins.
    pub(super) fn time(&self, step: i64) -> Timestamp {
        Timestamp::from_second(step.saturating_mul(self.step)).unwrap_or(Timestamp::MAX)
    }

    /// The steps between the first and the last sample that have no sample.
    pub(super) fn missing(&self) -> i64 {
        let ends = self.samples.first().zip(self.samples.last());
        let steps = ends.map_or(0, |((first, _), (last, _))| last - first + 1);
        steps - i64::try_from(self.samples.len()).unwrap_or(i64::MAX)
    }

    /// The series with the values rounded down to whole numbers, as the benchmark has them.
    pub(super) fn with_whole_values(mut self) -> Self {
        for (_, value) in &mut self.samples {
            *value = value.trunc();
        }
        self
    }
}

/// The time and the value of a row; `None` where the value is missing.
fn row(record: &StringRecord) -> Result<Option<(i64, f64)>, String> {
    let time = record.get(0).unwrap_or_default();
    let second = unix_seconds(time).ok_or_else(|| format!("`{time}` is no time: {TIME_FORMS}"))?;
    let value = record.get(1).unwrap_or_default();
    if value.is_empty() || ["nan", "null", "na"].iter().any(|missing| value.eq_ignore_ascii_case(missing)) {
        return Ok(None);
    }
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some((second, number))),
        _ => Err(format!(
            "`{value}` is no value: write a number that is not negative; leave it empty where it is missing"
        )),
    }
}

/// The most frequent difference between one time and the next; of several, the shortest.
fn usual_step(rows: &[(i64, f64)]) -> Option<i64> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for ((before, _), (after, _)) in rows.iter().zip(rows.iter().skip(1)) {
        if after > before {
            *counts.entry(after - before).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(step, count)| (*count, -step)).map(|(step, _)| step)
}

#[cfg(test)]
#[path = "tests/series.rs"]
mod tests;
