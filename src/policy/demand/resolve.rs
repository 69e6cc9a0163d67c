//! The block `demand` as it is written, to what is meant.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_saphyr::Spanned;

use super::promql;
use super::queries::{QUERIES, input_rate_of};
use super::settings::{DemandSettings, Measure, PrometheusQuery, PrometheusSettings, SourceSettings};
use crate::api::{FieldError, Position};
use crate::forecast::demand::{DemandGrid, InvalidDemandGrid};
use crate::model::{MOST_HORIZON_STEPS, Percent};
use crate::policy::raw;

const FIELD: &str = "spec.demand";
const DEFAULT_STEP: SignedDuration = SignedDuration::from_mins(5);
const DEFAULT_SEASON: SignedDuration = SignedDuration::from_hours(24);
const DEFAULT_HORIZON: SignedDuration = SignedDuration::from_hours(1);
const DEFAULT_TIMEOUT: SignedDuration = SignedDuration::from_secs(10);
/// Processes that wait for CPU in a tenth of the time feel it.
const DEFAULT_MOST_PRESSURE_PERCENT: f64 = 10.0;

pub(in crate::policy) fn resolve(written: Option<&Spanned<raw::Demand>>) -> Result<Option<DemandSettings>, FieldError> {
    let Some(block) = written else { return Ok(None) };
    let raw::Demand { source, step, season, horizon, overload } = &block.value;
    let grid = grid(step.as_ref(), season.as_ref(), horizon.as_ref())?;
    let source = match (&source.prometheus, &source.metrics_api) {
        (Some(prometheus), _) => SourceSettings::Prometheus(Arc::new(self::prometheus(prometheus, grid)?)),
        (None, Some(_) | None) => SourceSettings::MetricsApi,
    };
    let most_pressure = most_pressure(overload.as_ref().and_then(|overload| overload.cpu_pressure.as_ref()))?;
    Ok(Some(DemandSettings { source, grid, most_pressure }))
}

fn grid(
    step: Option<&Spanned<String>>,
    season: Option<&Spanned<String>>,
    horizon: Option<&Spanned<String>>,
) -> Result<DemandGrid, FieldError> {
    let of = |written, name, range, default| duration(written, &format!("{FIELD}.{name}"), range, default);
    let length = of(step, "step", SECOND..=SignedDuration::from_hours(1), DEFAULT_STEP)?;
    let season_length = of(season, "season", SECOND..=SignedDuration::from_hours(7 * 24), DEFAULT_SEASON)?;
    let seconds = length.as_secs().max(1);
    let most = seconds.saturating_mul(i64::try_from(MOST_HORIZON_STEPS).unwrap_or(i64::MAX));
    let default = DEFAULT_HORIZON.min(SignedDuration::from_secs(most)).max(length);
    let horizon_length = of(horizon, "horizon", SECOND..=season_length.max(default), default)?;
    let steps = usize::try_from((horizon_length.as_secs() + seconds - 1) / seconds).unwrap_or(usize::MAX);
    DemandGrid::new(length, season_length, steps).map_err(|problem| match problem {
        InvalidDemandGrid::Step { .. } => at_first([step, None], "step", &problem),
        InvalidDemandGrid::Season { .. } | InvalidDemandGrid::TooManySteps { .. } => {
            at_first([season, step], "season", &problem)
        }
        InvalidDemandGrid::Horizon { .. } => at_first([horizon, step], "horizon", &problem),
    })
}

/// An error of a field, at the first of these values that is written.
fn at_first(written: [Option<&Spanned<String>>; 2], name: &str, problem: &InvalidDemandGrid) -> FieldError {
    let position = written.into_iter().flatten().next().map(Position::from).unwrap_or_default();
    FieldError::at(position, format!("{FIELD}.{name}"), problem.to_string())
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A duration in whole seconds.
fn duration(
    written: Option<&Spanned<String>>,
    field: &str,
    range: RangeInclusive<SignedDuration>,
    default: SignedDuration,
) -> Result<SignedDuration, FieldError> {
    let Some(written) = written else { return Ok(default) };
    let duration: Option<SignedDuration> = written.value.parse().ok();
    duration.filter(|duration| duration.subsec_nanos() == 0 && range.contains(duration)).ok_or_else(|| {
        let problem = format!(
            "`{}` is not a duration in whole seconds from {:#} to {:#}, such as `{default:#}`",
            written.value,
            range.start(),
            range.end()
        );
        FieldError::at(written, field, problem)
    })
}

fn prometheus(written: &raw::Prometheus, grid: DemandGrid) -> Result<PrometheusSettings, FieldError> {
    const PROMETHEUS: &str = "spec.demand.source.prometheus";
    let raw::Prometheus { url, ca_file, token_file, timeout, engine, queries } = written;
    let address = url.value.trim_end_matches('/');
    let wrong = |problem: &str| FieldError::at(url, format!("{PROMETHEUS}.url"), problem);
    let is_encrypted = is_encrypted(&url.value).map_err(wrong)?;
    if is_encrypted && ca_file.is_none() {
        return Err(wrong("needs caFile: the authorities that sign the certificate of the server"));
    }
    if let Some(token_file) = token_file.as_ref().filter(|_| !is_encrypted) {
        let problem = "needs an address that begins with `https://`: everybody on the way could read the token";
        return Err(FieldError::at(token_file, format!("{PROMETHEUS}.tokenFile"), problem));
    }
    let file = |written: &Option<Spanned<String>>| written.as_ref().map(|file| Box::from(file.value.as_str()));
    let longest = SECOND..=SignedDuration::from_mins(2);
    Ok(PrometheusSettings {
        url: address.into(),
        ca_file: file(ca_file),
        token_file: file(token_file),
        timeout: duration(timeout.as_ref(), &format!("{PROMETHEUS}.timeout"), longest, DEFAULT_TIMEOUT)?,
        queries: self::queries(queries, *engine, grid)?,
    })
}

/// True for an address with TLS.
fn is_encrypted(address: &str) -> Result<bool, &'static str> {
    let (is_encrypted, rest) = match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err("must begin with `http://` or `https://`"),
    };
    let host = rest.split('/').next().unwrap_or_default();
    let is_good = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | '"' | '<' | '>' | '\\' | '^' | '`');
    if host.is_empty() || host.starts_with(':') || !rest.chars().all(is_good) {
        return Err("must name a host, and an optional port and path, without user, `?` and `#`: \
                    `https://prometheus.monitoring:9090`");
    }
    Ok(is_encrypted)
}

fn queries(
    written: &raw::Queries,
    engine: Option<raw::Engine>,
    grid: DemandGrid,
) -> Result<Vec<PrometheusQuery>, FieldError> {
    let mut queries = Vec::new();
    for named in &QUERIES {
        let written = (named.written)(written);
        let of_engine = engine.filter(|_| named.measure == Measure::InputRate).map(input_rate_of);
        let Some(text) = written.map(|written| written.value.trim()).or(of_engine).or(named.default) else { continue };
        if text.is_empty() {
            continue;
        }
        let checked = promql::checked(text, grid.step().as_secs(), named.subject);
        let text = checked.map_err(|problem| {
            let position = written.map(Position::from).unwrap_or_default();
            FieldError::at(position, format!("spec.demand.source.prometheus.queries.{}", named.name), problem)
        })?;
        queries.push(PrometheusQuery { subject: named.subject, measure: named.measure, text });
    }
    Ok(queries)
}

fn most_pressure(written: Option<&Spanned<f64>>) -> Result<Percent, FieldError> {
    let Some(written) = written else {
        return Ok(Percent::new(DEFAULT_MOST_PRESSURE_PERCENT).unwrap_or(Percent::WHOLE));
    };
    Percent::new(written.value).filter(|percent| *percent <= Percent::WHOLE).ok_or_else(|| {
        let problem = "must be a percentage of the time, from 0 to 100";
        FieldError::at(written, format!("{FIELD}.overload.cpuPressure"), problem)
    })
}

#[cfg(test)]
#[path = "tests/resolve.rs"]
mod tests;
