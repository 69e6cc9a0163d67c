//! The block `loadProtection` of a policy.

use jiff::SignedDuration;
use serde_saphyr::Spanned;

use super::raw;
use crate::api::FieldError;
use crate::model::{LoadProtection, Metric, Metrics, Percent, Thresholds};

const FIELD: &str = "spec.loadProtection";
/// The greatest age of a measurement that counts, where the policy gives none.
const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_mins(2);
const LONGEST_MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn resolve(written: Option<&Spanned<raw::LoadProtection>>) -> Result<Option<LoadProtection>, FieldError> {
    let Some(block) = written else { return Ok(None) };
    let raw::LoadProtection { cpu, memory, network, max_age } = &block.value;
    if cpu.is_none() && memory.is_none() && network.is_none() {
        return Err(FieldError::at(block, FIELD, "protects nothing: give cpu, memory or network an upper threshold"));
    }
    let thresholds = Metrics {
        cpu: thresholds(cpu.as_ref(), Metric::Cpu)?,
        memory: thresholds(memory.as_ref(), Metric::Memory)?,
        network: thresholds(network.as_ref(), Metric::Network)?,
    };
    let max_age = max_age.as_ref().map_or(Ok(DEFAULT_MAX_AGE), age)?;
    Ok(Some(LoadProtection { thresholds, max_age }))
}

/// The thresholds of a metric. An upper threshold of 100 switches the metric off, as on the legacy platform.
fn thresholds(written: Option<&raw::Thresholds>, metric: Metric) -> Result<Option<Thresholds>, FieldError> {
    let Some(raw::Thresholds { upper, lower }) = written else { return Ok(None) };
    let percent = |written: &Spanned<f64>, which: &str| {
        let percent = Percent::new(written.value).filter(|percent| *percent <= Percent::WHOLE);
        let wrong = || {
            let problem = "must be a percentage of the capacity, above 0 and at most 100";
            FieldError::at(written, format!("{FIELD}.{metric}.{which}"), problem)
        };
        // A lower threshold of 0 would never end an overload.
        percent.filter(|percent| Thresholds::new(*percent, *percent).is_some()).ok_or_else(wrong)
    };
    let most = percent(upper, "upper")?;
    let least = lower.as_ref().map_or(Ok(most), |lower| percent(lower, "lower"))?;
    let place = lower.as_ref().unwrap_or(upper);
    let thresholds = Thresholds::new(most, least).ok_or_else(|| {
        let problem = format!("{least} is above the upper threshold, {most}");
        FieldError::at(place, format!("{FIELD}.{metric}.lower"), problem)
    })?;
    Ok(Some(thresholds).filter(|_| most < Percent::WHOLE))
}

fn age(written: &Spanned<String>) -> Result<SignedDuration, FieldError> {
    let age: Option<SignedDuration> = written.value.parse().ok();
    age.filter(|age| *age >= SignedDuration::from_secs(1) && *age <= LONGEST_MAX_AGE).ok_or_else(|| {
        let problem = format!("`{}` is not a duration from 1s to 24h, such as `2m`", written.value);
        FieldError::at(written, format!("{FIELD}.maxAge"), problem)
    })
}
