//! The file of `--demand`: past measurements of PEs and nodes, from which the demand is forecast.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use csv::{Position, StringRecord};
use jiff::Timestamp;

use crate::cli::CommandError;
use crate::cli::csv_time::{TIME_FORMS, unix_seconds};
use crate::cli::manifests::unread;
use crate::forecast::demand::{
    DemandGrid, DemandLimits, DemandState, Measured, NodeSample, Observation, PeIdentity, PeSample,
};
use crate::model::{DemandForecasts, DemandKey, Namespace, NodeName, PodName, Resources};

/// The longest file: two weeks of 600 PEs by steps of five minutes.
const MOST_ROWS: usize = 5_000_000;
/// The columns that a file may have. The first three are needed.
const COLUMNS: [&str; 8] = ["time", "resource", "value", "namespace", "job", "pe", "pod", "node"];

/// Forecasts the demand from a file of past measurements.
///
/// # Errors
/// What is wrong with the file, with its line and column.
pub(super) fn read_demand(path: &Path, grid: DemandGrid) -> Result<DemandForecasts, CommandError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| CommandError::input(format!("{name}: {}", unread(&error))))?;
    forecast(&name, file, grid).map_err(CommandError::input)
}

fn forecast(file: &str, input: impl Read, grid: DemandGrid) -> Result<DemandForecasts, String> {
    let rows = Rows::read(file, input)?;
    let mut state = DemandState::new(grid, DemandLimits::default());
    for observation in rows.observations(grid) {
        state.observe(&observation);
    }
    Ok(state.forecasts())
}

/// The rows of a file.
#[derive(Debug, Default)]
struct Rows {
    subjects: Vec<Subject>,
    rows: Vec<Row>,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
struct Row {
    second: i64,
    /// What was measured: an index of subjects.
    subject: usize,
    resource: Measurable,
    value: Option<f64>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measurable {
    Cpu,
    Memory,
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// A pod of a PE.
    Pod { job: DemandKey, pe: PeIdentity, pod: PodName, node: Option<NodeName> },
    /// A whole node.
    Node(NodeName),
}

/// The place of each column in a row, by its place in [`COLUMNS`].
struct Header([Option<usize>; COLUMNS.len()]);

impl Rows {
    fn read(file: &str, input: impl Read) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
        let header = reader.headers().map_err(|error| at_line(file, &error))?;
        let header = Header::read(header).map_err(|problem| format!("{file}:1: {problem}"))?;
        let mut known: BTreeMap<Subject, usize> = BTreeMap::new();
        let mut read = Self::default();
        for record in reader.records() {
            let record = record.map_err(|error| at_line(file, &error))?;
            let line = record.position().map_or(1, Position::line);
            let problem = |problem: String| format!("{file}:{line}: {problem}");
            let second = header.second(&record).map_err(problem)?;
            let (resource, value) = header.value(&record).map_err(problem)?;
            let subject = header.subject(&record).map_err(problem)?;
            let next = known.len();
            let subject = *known.entry(subject).or_insert(next);
            read.rows.push(Row { second, subject, resource, value });
            if read.rows.len() > MOST_ROWS {
                return Err(problem(format!("more than {MOST_ROWS} rows; leave out the oldest ones")));
            }
        }
        if read.rows.is_empty() {
            return Err(format!("{file}: the file holds no row; the first line names the columns"));
        }
        let mut subjects: Vec<(Subject, usize)> = known.into_iter().collect();
        subjects.sort_unstable_by_key(|(_, place)| *place);
        read.subjects = subjects.into_iter().map(|(subject, _)| subject).collect();
        Ok(read)
    }

    /// One observation for each step that has rows, in order. The last row of a step counts.
    fn observations(mut self, grid: DemandGrid) -> impl Iterator<Item = Observation> {
        let seconds = grid.step().as_secs();
        let step = move |row: &Row| row.second.div_euclid(seconds);
        self.rows.sort_by_key(|row| row.second);
        let mut steps: Vec<Vec<Row>> = Vec::new();
        for row in self.rows {
            match steps.last_mut() {
                Some(rows) if rows.last().is_some_and(|last| step(last) == step(&row)) => rows.push(row),
                _ => steps.push(vec![row]),
            }
        }
        steps.into_iter().map(move |rows| observation(&self.subjects, &rows))
    }
}

fn at_line(file: &str, error: &csv::Error) -> String {
    format!("{file}:{}: {error}", error.position().map_or(1, Position::line))
}

fn observation(subjects: &[Subject], rows: &[Row]) -> Observation {
    let time = |second: i64| Timestamp::from_second(second).unwrap_or_default();
    let mut measured: BTreeMap<usize, Measured> = BTreeMap::new();
    for row in rows {
        let known = measured.entry(row.subject).or_default();
        known.at = time(row.second);
        match row.resource {
            Measurable::Cpu => known.cpu = row.value,
            Measurable::Memory => known.memory = row.value,
        }
    }
    let mut observation = Observation { at: time(rows.last().map_or(0, |row| row.second)), ..Observation::default() };
    for (subject, measured) in measured {
        match subjects.get(subject).cloned() {
            Some(Subject::Pod { job, pe, pod, node }) => {
                observation.pes.push(PeSample { job, pe, pod, node, measured });
            }
            Some(Subject::Node(node)) => observation.nodes.push(NodeSample { node, measured }),
            None => {}
        }
    }
    observation
}

impl Header {
    fn read(header: &StringRecord) -> Result<Self, String> {
        let mut places = [None; COLUMNS.len()];
        for (place, column) in header.iter().enumerate() {
            let known = COLUMNS.iter().position(|known| *known == column).and_then(|at| places.get_mut(at));
            let known = known.ok_or_else(|| {
                format!("`{column}` is no column: the first line names columns, which are {}", COLUMNS.join(", "))
            })?;
            if known.replace(place).is_some() {
                return Err(format!("the column `{column}` is there twice"));
            }
        }
        let header = Self(places);
        let missing = COLUMNS.iter().take(3).find(|column| header.place(column).is_none());
        missing
            .map_or(Ok(header), |column| Err(format!("the column `{column}` is missing; the first line names columns")))
    }

    fn place(&self, column: &str) -> Option<usize> {
        let at = COLUMNS.iter().position(|known| *known == column)?;
        self.0.get(at).copied().flatten()
    }

    /// The text in a column; `None` where it is empty.
    fn text<'r>(&self, record: &'r StringRecord, column: &str) -> Option<&'r str> {
        record.get(self.place(column)?).filter(|text| !text.is_empty())
    }

    fn second(&self, record: &StringRecord) -> Result<i64, String> {
        let text = self.text(record, "time").unwrap_or_default();
        unix_seconds(text).ok_or_else(|| format!("time: `{text}` is no time: {TIME_FORMS}"))
    }

    /// The resource and the value of a row; no value: the measurement is missing.
    fn value(&self, record: &StringRecord) -> Result<(Measurable, Option<f64>), String> {
        let resource = match self.text(record, "resource") {
            Some("cpu") => Measurable::Cpu,
            Some("memory") => Measurable::Memory,
            other => return Err(format!("resource: `{}` is unknown: write cpu or memory", other.unwrap_or_default())),
        };
        let Some(text) = self.text(record, "value") else { return Ok((resource, None)) };
        let mut amount = Resources::default();
        let name = if resource == Measurable::Cpu { "cpu" } else { "memory" };
        amount.set(name, text).map_err(|error| format!("value: {error}; leave it empty where it is missing"))?;
        let units = if resource == Measurable::Cpu { amount.cpu.0 } else { amount.memory.0 };
        Ok((resource, Some(exact(units))))
    }

    fn subject(&self, record: &StringRecord) -> Result<Subject, String> {
        let text = |column| self.text(record, column);
        let node = text("node").map(NodeName::from);
        let of_pod = ["namespace", "job", "pe", "pod"].map(|column| (column, text(column)));
        if of_pod.iter().all(|(_, text)| text.is_none()) {
            return node.map(Subject::Node).ok_or_else(|| {
                "node: a row without a job is about a whole node; name the node, or namespace, job and pe".to_owned()
            });
        }
        let needed = |column| text(column).ok_or_else(|| format!("{column}: a row of a PE needs it"));
        let job = DemandKey { namespace: Namespace::from(needed("namespace")?), job: Arc::from(needed("job")?) };
        let pe = text("pe").map_or(PeIdentity::Interchangeable, |name| PeIdentity::Named(Arc::from(name)));
        let pod = text("pod").or_else(|| text("pe")).ok_or_else(|| {
            "pe: name the PE; where PEs are interchangeable, leave it empty and name the pod".to_owned()
        })?;
        Ok(Subject::Pod { job, pe, pod: PodName::from(pod), node })
    }
}

/// A count of millicores or bytes as a number, exact to 53 bits.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a measurement has far fewer than 53 bits")]
fn exact(units: u64) -> f64 {
    units as f64
}

#[cfg(test)]
#[path = "tests/demand_file.rs"]
mod tests;
