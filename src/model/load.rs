//! How busy nodes are, as somebody measures it, and when that is too much.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::thousandths;

/// A share of what a node has, in thousandths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

/// What is measured may be above the capacity for a moment.
const MOST_PERCENT: u32 = 1_000;

impl Percent {
    /// All there is.
    pub const WHOLE: Self = Self(100_000);

    /// So many percent, from 0 to 1000; `None` outside that range or where it is not a number.
    #[must_use]
    pub fn new(percent: f64) -> Option<Self> {
        thousandths(percent, MOST_PERCENT).map(Self)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000, self.0 % 1_000);
        if rest == 0 {
            write!(f, "{whole} %")
        } else {
            write!(f, "{whole}.{} %", format!("{rest:03}").trim_end_matches('0'))
        }
    }
}

/// What is measured of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Processors.
    Cpu,
    /// Memory.
    Memory,
    /// Network.
    Network,
}

impl Metric {
    /// Every metric, in the order in which they are looked at.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Network];

    /// The name as users write it, and as it stands in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Network => "network",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something for each metric, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics<T> {
    /// For processors.
    pub cpu: Option<T>,
    /// For memory.
    pub memory: Option<T>,
    /// For the network.
    pub network: Option<T>,
}

impl<T> Default for Metrics<T> {
    fn default() -> Self {
        Self { cpu: None, memory: None, network: None }
    }
}

impl<T: Copy> Metrics<T> {
    /// What is known for one metric.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<T> {
        match metric {
            Metric::Cpu => self.cpu,
            Metric::Memory => self.memory,
            Metric::Network => self.network,
        }
    }

    /// True when nothing is known for any metric.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Metric::ALL.into_iter().all(|metric| self.get(metric).is_none())
    }

    /// The same, with what `other` knows of metrics that this does not.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.or(other.cpu),
            memory: self.memory.or(other.memory),
            network: self.network.or(other.network),
        }
    }
}

/// One measurement of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The share of each that is in use.
    pub used: Metrics<Percent>,
    /// When it was measured.
    pub at: Timestamp,
}

/// When a metric is too high, and when it is low again: above 0, the lower not above the upper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    upper: Percent,
    lower: Percent,
}

impl Thresholds {
    /// `None` where `lower` is 0, which nothing is ever below, or above `upper`.
    #[must_use]
    pub fn new(upper: Percent, lower: Percent) -> Option<Self> {
        (lower > Percent(0) && lower <= upper).then_some(Self { upper, lower })
    }

    /// More than this makes a node overloaded.
    #[must_use]
    pub fn upper(self) -> Percent {
        self.upper
    }

    /// Less than this, in all metrics, ends it.
    #[must_use]
    pub fn lower(self) -> Percent {
        self.lower
    }
}

/// Load protection: which nodes take no PE because they are busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadProtection {
    /// Metrics without thresholds are not looked at.
    pub thresholds: Metrics<Thresholds>,
    /// What was measured longer ago counts as not measured; so does what is further ahead of our clock.
    pub max_age: SignedDuration,
}

/// A node is overloaded: by this metric, at this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overload {
    /// The metric: of several the first.
    pub metric: Metric,
    /// What was measured last.
    pub value: Percent,
    /// What it is held against.
    pub thresholds: Thresholds,
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, value, thresholds: Thresholds { upper, lower } } = self;
        if value > upper {
            write!(f, "{metric} is at {value}, above {upper}")
        } else {
            write!(f, "{metric} is at {value}, not yet below {lower}")
        }
    }
}

#[cfg(test)]
#[path = "tests/load.rs"]
mod tests;
