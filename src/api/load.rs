//! What was measured of nodes, as it is written: in a file for all nodes, or in an annotation on each.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::model::{Load, Metrics, NodeName, Percent};
use crate::policy::Position;

/// The annotation on a node that says how busy it is: `{"cpu":76.4,"memory":41,"network":12,"at":"2026-11-24T12:00:00Z"}`.
pub const LOAD: &str = "outrigger.dev/load";

/// Measurements that cannot be used: where, which field, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidLoad {
    /// The file, or the annotation.
    pub file: String,
    /// Where in it.
    pub position: Position,
    /// The field, as a path such as `nodes.n1.cpu`; empty where the text itself cannot be read.
    pub field: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for InvalidLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, position: Position { line, column }, field, problem } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !field.is_empty() {
            write!(f, "{field}: ")?;
        }
        f.write_str(problem)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    at: Option<Spanned<String>>,
    nodes: BTreeMap<String, Spanned<Measurement>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measurement {
    cpu: Option<Spanned<f64>>,
    memory: Option<Spanned<f64>>,
    network: Option<Spanned<f64>>,
    at: Option<Spanned<String>>,
}

/// Reads a file of measurements, YAML or JSON.
///
/// # Errors
/// [`InvalidLoad`] with file, line and field.
pub fn loads(file: &str, text: &str) -> Result<BTreeMap<NodeName, Load>, InvalidLoad> {
    let document: Document = read(file, text)?;
    let of_all = document.at.as_ref().map(|at| time(at, "at")).transpose();
    let of_all = of_all.map_err(|fault| fault.in_file(file))?;
    let load = |(name, written): (&String, &Spanned<Measurement>)| {
        let path = format!("nodes.{name}.");
        let load = load(written, &path, of_all).map_err(|fault| fault.in_file(file))?;
        Ok((NodeName::from(name), load))
    };
    document.nodes.iter().map(load).collect()
}

/// Reads the annotation [`LOAD`].
///
/// # Errors
/// [`InvalidLoad`] with the field.
pub(super) fn annotation(text: &str) -> Result<Load, InvalidLoad> {
    let measurement: Spanned<Measurement> = read(LOAD, text)?;
    load(&measurement, "", None).map_err(|fault| fault.in_file(LOAD))
}

fn read<'t, T: Deserialize<'t>>(file: &str, text: &'t str) -> Result<T, InvalidLoad> {
    serde_saphyr::from_str(text).map_err(|error| InvalidLoad {
        file: file.to_owned(),
        position: error.location().map(Position::from).unwrap_or_default(),
        field: String::new(),
        problem: error.without_snippet().to_string(),
    })
}

/// A fault of one field, before the file is known.
struct Fault {
    position: Position,
    field: String,
    problem: String,
}

impl Fault {
    fn at<T>(place: &Spanned<T>, field: String, problem: impl Into<String>) -> Self {
        Self { position: place.referenced.into(), field, problem: problem.into() }
    }

    fn in_file(self, file: &str) -> InvalidLoad {
        let Self { position, field, problem } = self;
        InvalidLoad { file: file.to_owned(), position, field, problem }
    }
}

/// One measurement; `of_all` is the time of those that have none.
fn load(written: &Spanned<Measurement>, path: &str, of_all: Option<Timestamp>) -> Result<Load, Fault> {
    let Measurement { cpu, memory, network, at } = &written.value;
    let at = match (at, of_all) {
        (Some(at), _) => time(at, &format!("{path}at"))?,
        (None, Some(at)) => at,
        (None, None) => {
            let problem = "is missing: say when it was measured, such as 2026-11-24T12:00:00Z";
            return Err(Fault::at(written, format!("{path}at"), problem));
        }
    };
    let percent = |written: &Option<Spanned<f64>>, metric: &str| {
        let Some(written) = written else { return Ok(None) };
        let problem = || {
            let problem = format!("`{}` is not a percentage of the capacity, from 0 to 1000", written.value);
            Fault::at(written, format!("{path}{metric}"), problem)
        };
        Percent::new(written.value).map(Some).ok_or_else(problem)
    };
    let used = Metrics {
        cpu: percent(cpu, "cpu")?,
        memory: percent(memory, "memory")?,
        network: percent(network, "network")?,
    };
    Ok(Load { used, at })
}

fn time(written: &Spanned<String>, field: &str) -> Result<Timestamp, Fault> {
    let problem = |_unreadable| {
        let problem = format!("`{}` is not a time such as 2026-11-24T12:00:00Z", written.value);
        Fault::at(written, field.to_owned(), problem)
    };
    written.value.parse().map_err(problem)
}

#[cfg(test)]
#[path = "tests/load.rs"]
mod tests;
