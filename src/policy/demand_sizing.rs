//! The fields of `spec.resources` that say how requests follow from forecasts.

use jiff::SignedDuration;

use super::schema::member_path;
use crate::api::{FieldError, Located};
use crate::model::{OfResources, parse_thousandths, thousandths};

/// How the requests of a PE follow from the forecast of its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DemandSizing {
    /// The probability that the use stays below the request, before the margin, in thousandths: from 500 to 999.
    pub(crate) quantile: u32,
    /// How far ahead the forecast counts.
    pub(crate) horizon: SignedDuration,
    /// What the quantile is multiplied with, in thousandths: from 1,000 to 10,000.
    pub(crate) margin: u32,
    /// The least request, in thousandths of the base unit.
    pub(crate) min: OfResources<u128>,
    /// The largest request, in thousandths of the base unit.
    pub(crate) max: OfResources<u128>,
    /// True where requests that somebody chose are replaced.
    pub(crate) overrides: bool,
    /// True where a request and limit that would be equal without the forecast stay equal.
    pub(crate) keeps_qos_class: bool,
}

const FIELD: &str = "spec.resources";
/// The fields that a policy without `from: demand` does not have.
const FIELDS: [&str; 7] = ["quantile", "horizon", "margin", "min", "max", "override", "keepQosClass"];
const DEFAULT_QUANTILE: u32 = 950;
const DEFAULT_HORIZON: SignedDuration = SignedDuration::from_hours(1);
const LONGEST_HORIZON: SignedDuration = SignedDuration::from_hours(24);
const DEFAULT_MARGIN: u32 = 1_150;
/// No field of these holds a larger number.
const MOST: u32 = 10;

impl DemandSizing {
    /// `None` where the requests do not follow from forecasts.
    pub(super) fn resolve(resources: &Located) -> Result<Option<Self>, FieldError> {
        if resources.text_of("from") != Some("demand") {
            return match FIELDS.into_iter().find_map(|name| Some((name, resources.get(name)?))) {
                None => Ok(None),
                Some((name, value)) => {
                    let problem = "says how requests follow from forecasts: write `from: demand` beside it";
                    Err(FieldError::at(value.position, member_path(FIELD, name), problem))
                }
            };
        }
        let flag = |name: &str, absent| resources.flag_of(name).unwrap_or(absent);
        let (min, max) = (bounds(resources.get("min")), bounds(resources.get("max")));
        check_bounds(resources, &min, &max)?;
        Ok(Some(Self {
            quantile: number(resources, "quantile", DEFAULT_QUANTILE, (500, 999), "from 0.5 to 0.999")?,
            horizon: horizon(resources.get("horizon"))?,
            margin: number(resources, "margin", DEFAULT_MARGIN, (1_000, 10_000), "from 1 to 10")?,
            min,
            max,
            overrides: flag("override", false),
            keeps_qos_class: flag("keepQosClass", true),
        }))
    }
}

/// A number of a range in thousandths.
fn number(
    resources: &Located,
    name: &str,
    absent: u32,
    (least, most): (u32, u32),
    wanted: &str,
) -> Result<u32, FieldError> {
    let Some(written) = resources.get(name) else { return Ok(absent) };
    let number = written.spelled().parse().ok().and_then(|number| thousandths(number, MOST));
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        FieldError::at(written.position, member_path(FIELD, name), format!("`{}` is not {wanted}", written.spelled()))
    })
}

fn horizon(written: Option<&Located>) -> Result<SignedDuration, FieldError> {
    let Some(written) = written else { return Ok(DEFAULT_HORIZON) };
    let horizon: Option<SignedDuration> = written.text().and_then(|text| text.parse().ok());
    let is_allowed = |horizon: &SignedDuration| *horizon >= SignedDuration::from_secs(1) && *horizon <= LONGEST_HORIZON;
    horizon.filter(is_allowed).ok_or_else(|| {
        let problem = format!("`{}` is not a duration from 1s to 24h, such as `1h`", written.spelled());
        FieldError::at(written.position, member_path(FIELD, "horizon"), problem)
    })
}

fn bounds(written: Option<&Located>) -> OfResources<u128> {
    let bound = |resource: &str| parse_thousandths(&written?.get(resource)?.spelled());
    OfResources { cpu: bound("cpu"), memory: bound("memory") }
}

/// Checks that no bound is zero or below the other.
fn check_bounds(resources: &Located, min: &OfResources<u128>, max: &OfResources<u128>) -> Result<(), FieldError> {
    for (resource, least, most) in [("cpu", min.cpu, max.cpu), ("memory", min.memory, max.memory)] {
        let error = |bound: &str, problem: String| {
            let written = resources.get(bound).and_then(|bounds| bounds.get(resource)).unwrap_or(resources);
            let path = member_path(&member_path(FIELD, bound), resource);
            Err(FieldError::at(written.position, path, problem))
        };
        let spelled = |bound: &str| {
            let written = resources.get(bound).and_then(|bounds| bounds.get(resource));
            written.map(Located::spelled).unwrap_or_default()
        };
        if most == Some(0) {
            return error("max", format!("`{}` allows no request: write a larger one", spelled("max")));
        }
        if least.zip(most).is_some_and(|(least, most)| most < least) {
            return error("max", format!("`{}` is below min, `{}`", spelled("max"), spelled("min")));
        }
    }
    Ok(())
}
