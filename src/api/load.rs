//! Measurements of nodes: in a file for all nodes, or in an annotation on each node.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::document::{DocumentError, FieldError, parse_document};
use super::timestamp::timestamp;
use crate::model::{Load, Metrics, NodeName, Percent, keys};

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

/// Parses a load file, YAML or JSON.
///
/// # Errors
/// [`DocumentError`] with file, line and field.
pub fn loads(file: &str, text: &str) -> Result<BTreeMap<NodeName, Load>, DocumentError> {
    let document: Document = parse_document(file, text)?;
    let of_all = document.at.as_ref().map(|at| timestamp(at, "at")).transpose();
    let of_all = of_all.map_err(|error| error.in_file(file))?;
    let load = |(name, written): (&String, &Spanned<Measurement>)| {
        let path = format!("nodes.{name}.");
        let load = load(written, &path, of_all).map_err(|error| error.in_file(file))?;
        Ok((NodeName::from(name), load))
    };
    document.nodes.iter().map(load).collect()
}

/// Reads the annotation [`keys::LOAD`].
///
/// # Errors
/// [`DocumentError`] with the field.
pub(super) fn annotation(text: &str) -> Result<Load, DocumentError> {
    let measurement: Spanned<Measurement> = parse_document(keys::LOAD, text)?;
    load(&measurement, "", None).map_err(|error| error.in_file(keys::LOAD))
}

/// One measurement. `of_all` is the time of a measurement that has none.
fn load(written: &Spanned<Measurement>, path: &str, of_all: Option<Timestamp>) -> Result<Load, FieldError> {
    let Measurement { cpu, memory, network, at } = &written.value;
    let at = match (at, of_all) {
        (Some(at), _) => timestamp(at, &format!("{path}at"))?,
        (None, Some(at)) => at,
        (None, None) => {
            let problem = "is missing: say when it was measured, such as 2026-11-24T12:00:00Z";
            return Err(FieldError::at(written, format!("{path}at"), problem));
        }
    };
    let percent = |written: &Option<Spanned<f64>>, metric: &str| {
        let Some(written) = written else { return Ok(None) };
        let problem = || {
            let problem = format!("`{}` is not a percentage of the capacity, from 0 to 1000", written.value);
            FieldError::at(written, format!("{path}{metric}"), problem)
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

#[cfg(test)]
#[path = "tests/load.rs"]
mod tests;
