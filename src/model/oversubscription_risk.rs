//! The risk that the demand on a node passes what the node can give, with its parts.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{DemandKey, Probability};

/// A resource that demand is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DemandResource {
    /// CPU, in millicores.
    Cpu,
    /// Memory, in bytes.
    Memory,
}

impl DemandResource {
    /// Both resources.
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];

    /// The name in metrics and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }
}

/// The risk of one node: of its resources the one with the higher risk, at the step of the horizon with the highest risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OversubscriptionRisk {
    /// The resource.
    pub resource: DemandResource,
    /// The probability by the forecasts.
    pub stated: Probability,
    /// The probability that decisions use: the stated one, corrected by what happened after earlier statements.
    pub corrected: Probability,
    /// The end of the step.
    pub at: Timestamp,
    /// The job with the largest expected use on the node at that step; `None` where pods that are no PEs use more.
    pub job: Option<DemandKey>,
    /// The expected use of everything on the node: millicores or bytes.
    pub expected: u64,
    /// The standard deviation of that use.
    pub deviation: u64,
    /// The allocatable amount of the node.
    pub capacity: u64,
    /// How many PEs on the node have no history, so that they count by their requests and limits.
    pub without_history: u32,
    /// True where the use by what is no PE is not known, so that such pods count by their requests and limits.
    pub others_unknown: bool,
}

/// An [`OversubscriptionRisk`] in records and explanations. Its JSON is a public interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskRecord {
    /// The resource.
    pub resource: DemandResource,
    /// The probability by the forecasts, from 0 to 1.
    pub stated: f64,
    /// The probability that decisions use, from 0 to 1.
    pub corrected: f64,
    /// The end of the step with the highest risk.
    pub at: Timestamp,
    /// Namespace and name of the job with the largest expected use then; absent where pods that are no PEs use more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The expected use of everything on the node then, in `unit`.
    pub expected: f64,
    /// The standard deviation of that use.
    pub deviation: f64,
    /// The allocatable amount of the node.
    pub capacity: f64,
    /// The unit of the amounts: `cores` or `GiB`.
    pub unit: String,
    /// How many PEs count by their requests and limits, because they have no history.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub without_history: u32,
    /// True where pods that are no PEs count by their requests and limits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub others_unknown: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl From<&OversubscriptionRisk> for RiskRecord {
    fn from(risk: &OversubscriptionRisk) -> Self {
        let (unit, amount) = match risk.resource {
            DemandResource::Cpu => ("cores", 1_000.0),
            DemandResource::Memory => ("GiB", 1_073_741_824.0),
        };
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "for people")]
        let in_unit = |whole: u64| (whole as f64 / amount * 100.0).round() / 100.0;
        Self {
            resource: risk.resource,
            stated: risk.stated.number(),
            corrected: risk.corrected.number(),
            at: risk.at,
            job: risk.job.as_ref().map(|key| format!("{}/{}", key.namespace, key.job)),
            expected: in_unit(risk.expected),
            deviation: in_unit(risk.deviation),
            capacity: in_unit(risk.capacity),
            unit: unit.to_owned(),
            without_history: risk.without_history,
            others_unknown: risk.others_unknown,
        }
    }
}

impl fmt::Display for OversubscriptionRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RiskRecord::from(self).fmt(f)
    }
}

impl fmt::Display for RiskRecord {
    /// `0.12: job streams/clicks peaks at 14:05 UTC, together 3.4 of 4.0 cores`, and what widens the risk.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let probability = |number: f64| Probability::new(number).unwrap_or(Probability::ONE);
        let (stated, corrected) = (probability(self.stated), probability(self.corrected));
        write!(f, "{corrected}: ")?;
        match &self.job {
            Some(job) => write!(f, "job {job} peaks at ")?,
            None => write!(f, "pods that are no PEs peak at ")?,
        }
        let at = self.at.to_zoned(TimeZone::UTC);
        let form = if at.second() == 0 { "%H:%M UTC" } else { "%H:%M:%S UTC" };
        let Self { expected, capacity, unit, .. } = self;
        write!(f, "{}, together {expected:.1} of {capacity:.1} {unit}", at.strftime(form))?;
        if stated != corrected {
            write!(f, "; stated {stated}, corrected by what happened before")?;
        }
        match self.without_history {
            0 => {}
            1 => write!(f, "; 1 PE without history counts by its requests and limits")?,
            count => write!(f, "; {count} PEs without history count by their requests and limits")?,
        }
        if self.others_unknown {
            write!(f, "; pods that are no PEs count by their requests and limits")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests/oversubscription_risk.rs"]
mod tests;
