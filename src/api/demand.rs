//! A demand file: what jobs and nodes are expected to use, for `simulate`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::document::{DocumentError, FieldError, parse_document};
use super::timestamp::timestamp;
use crate::model::{
    DemandForecasts, DemandKey, DemandPath, DemandShare, JobDemand, MOST_HORIZON_STEPS, Namespace, NodeName,
    OfResources,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    at: Spanned<String>,
    step: Spanned<String>,
    #[serde(default)]
    jobs: BTreeMap<String, Spanned<Job>>,
    #[serde(default)]
    nodes: BTreeMap<String, Paths>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Job {
    cpu_cores: Option<Spanned<Path>>,
    memory_gib: Option<Spanned<Path>>,
    #[serde(default)]
    shares: BTreeMap<String, Share>,
    each_share: Option<Share>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Paths {
    cpu_cores: Option<Spanned<Path>>,
    memory_gib: Option<Spanned<Path>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Path {
    mean: Vec<Spanned<f64>>,
    deviation: Vec<Spanned<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Share {
    cpu: Option<Spanned<f64>>,
    memory: Option<Spanned<f64>>,
    own_deviation: Option<Spanned<f64>>,
}

/// A demand file says nothing of what was measured: no peak bounds a size.
const UNKNOWN_PEAK: f32 = 0.0;
const MILLICORES: f64 = 1_000.0;
const BYTES: f64 = 1_073_741_824.0;
/// Larger amounts, in cores or GiB, are mistakes.
const LARGEST: f64 = 100_000.0;
const LARGEST_OWN_DEVIATION: f64 = 10.0;

/// Parses a demand file, YAML or JSON.
///
/// # Errors
/// [`DocumentError`] with file, line and field.
pub fn demand(file: &str, text: &str) -> Result<DemandForecasts, DocumentError> {
    let document: Document = parse_document(file, text)?;
    resolve(&document).map_err(|error| error.in_file(file))
}

fn resolve(document: &Document) -> Result<DemandForecasts, FieldError> {
    let mut steps = None;
    let mut forecasts = DemandForecasts {
        at: timestamp(&document.at, "at")?,
        step: step(&document.step)?,
        ..DemandForecasts::default()
    };
    for (name, job) in &document.jobs {
        let field = format!("jobs.{name}");
        let Some((namespace, job_name)) = name.split_once('/') else {
            return Err(FieldError::at(job, field, "is not namespace/job"));
        };
        let key = DemandKey { namespace: Namespace::from(namespace), job: Arc::from(job_name) };
        forecasts.jobs.insert(key, Arc::new(job_demand(&job.value, &field, &mut steps)?));
    }
    for (name, Paths { cpu_cores, memory_gib }) in &document.nodes {
        let paths = paths([cpu_cores, memory_gib], &format!("nodes.{name}"), &mut steps)?;
        forecasts.others.insert(NodeName::from(name), paths);
    }
    forecasts.steps = steps.unwrap_or_default();
    Ok(forecasts)
}

fn step(written: &Spanned<String>) -> Result<SignedDuration, FieldError> {
    let step: Option<SignedDuration> = written.value.parse().ok();
    let is_allowed =
        |step: &SignedDuration| *step >= SignedDuration::from_secs(1) && *step <= SignedDuration::from_hours(24);
    step.filter(is_allowed).ok_or_else(|| {
        let problem = format!("`{}` is not a duration from 1s to 24h, such as `5m`", written.value);
        FieldError::at(written, "step", problem)
    })
}

fn job_demand(job: &Job, field: &str, steps: &mut Option<usize>) -> Result<JobDemand, FieldError> {
    let total = paths([&job.cpu_cores, &job.memory_gib], field, steps)?;
    let shares = job.shares.iter().map(|(pe, written)| {
        let share = share(written, &format!("{field}.shares.{pe}"))?;
        Ok((Arc::from(pe.as_str()), share))
    });
    let interchangeable = job.each_share.as_ref().map(|written| share(written, &format!("{field}.eachShare")));
    Ok(JobDemand {
        total,
        shares: shares.collect::<Result<_, FieldError>>()?,
        interchangeable: interchangeable.transpose()?.unwrap_or_default(),
        ..JobDemand::default()
    })
}

fn share(written: &Share, field: &str) -> Result<OfResources<DemandShare>, FieldError> {
    let number = |written: &Spanned<f64>, name: &str, most: f64| {
        if (0.0..=most).contains(&written.value) {
            return Ok(narrow(written.value));
        }
        Err(FieldError::at(written, format!("{field}.{name}"), format!("must be from 0 to {most}")))
    };
    let own = written.own_deviation.as_ref();
    let own = own.map(|own| number(own, "ownDeviation", LARGEST_OWN_DEVIATION)).transpose()?;
    let share = |written: &Option<Spanned<f64>>, name: &str| {
        let of_job = written.as_ref().map(|written| number(written, name, 1.0)).transpose()?;
        Ok(of_job.map(|of_job| DemandShare { of_job, own_deviation: own.unwrap_or_default(), peak: UNKNOWN_PEAK }))
    };
    Ok(OfResources { cpu: share(&written.cpu, "cpu")?, memory: share(&written.memory, "memory")? })
}

fn paths(
    [cpu, memory]: [&Option<Spanned<Path>>; 2],
    field: &str,
    steps: &mut Option<usize>,
) -> Result<OfResources<DemandPath>, FieldError> {
    let mut path = |written: &Option<Spanned<Path>>, name: &str, unit: f64| {
        let Some(written) = written else { return Ok(None) };
        let field = format!("{field}.{name}");
        let Path { mean, deviation } = &written.value;
        let wanted = *steps.get_or_insert(mean.len());
        if mean.len() != wanted || deviation.len() != wanted || !(1..=MOST_HORIZON_STEPS).contains(&wanted) {
            let problem = format!(
                "has {} means and {} deviations; every path of the file needs as many of each, from 1 to \
                 {MOST_HORIZON_STEPS}",
                mean.len(),
                deviation.len()
            );
            return Err(FieldError::at(written, field, problem));
        }
        let values = |written: &[Spanned<f64>], name: &str| {
            let mut values = [0.0; MOST_HORIZON_STEPS];
            for (slot, written) in values.iter_mut().zip(written) {
                if !(0.0..=LARGEST).contains(&written.value) {
                    let problem = format!("must be from 0 to {LARGEST}");
                    return Err(FieldError::at(written, format!("{field}.{name}"), problem));
                }
                *slot = narrow(written.value * unit);
            }
            Ok(values)
        };
        Ok(Some(DemandPath { mean: values(mean, "mean")?, deviation: values(deviation, "deviation")? }))
    };
    Ok(OfResources { cpu: path(cpu, "cpuCores", MILLICORES)?, memory: path(memory, "memoryGib", BYTES)? })
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a forecast needs far fewer than 24 bits")]
fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
#[path = "tests/demand.rs"]
mod tests;
