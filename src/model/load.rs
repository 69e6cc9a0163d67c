//! The measured load of nodes, and when a node is overloaded.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::thousandths;

/// A share of the capacity of a node, in thousandths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

/// A measurement may exceed the capacity for a moment.
const MOST_PERCENT: u32 = 1_000;

impl Percent {
    /// The whole capacity.
    pub const WHOLE: Self = Self(100_000);

    /// A percentage from 0 to 1000; `None` outside that range and for what is not a number.
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

/// What can be measured of a node.
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
    /// Every metric, in the order in which they are compared with thresholds.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Network];

    /// The name in policies, load files and metrics.
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

/// One value for each metric, where it is known.
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
    /// The value for one metric.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<T> {
        match metric {
            Metric::Cpu => self.cpu,
            Metric::Memory => self.memory,
            Metric::Network => self.network,
        }
    }

    /// True where no metric has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Metric::ALL.into_iter().all(|metric| self.get(metric).is_none())
    }

    /// These values, and those of `other` for the metrics that have none.
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
    /// The share of the capacity that is in use.
    pub used: Metrics<Percent>,
    /// The time of the measurement.
    pub at: Timestamp,
}

/// The thresholds of a metric: above 0, the lower one not above the upper one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    upper: Percent,
    lower: Percent,
}

impl Thresholds {
    /// `None` where `lower` is 0, so that no load is below it, or where it is above `upper`.
    #[must_use]
    pub fn new(upper: Percent, lower: Percent) -> Option<Self> {
        (lower > Percent(0) && lower <= upper).then_some(Self { upper, lower })
    }

    /// A node with a higher load is overloaded.
    #[must_use]
    pub fn upper(self) -> Percent {
        self.upper
    }

    /// An overload ends once the load is below the lower threshold in all metrics.
    #[must_use]
    pub fn lower(self) -> Percent {
        self.lower
    }
}

/// Load protection: nodes that are overloaded take no PE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadProtection {
    /// The thresholds. A metric without thresholds does not count.
    pub thresholds: Metrics<Thresholds>,
    /// An older measurement does not count; neither does one that is further in the future.
    pub max_age: SignedDuration,
}

/// Why a node is overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overload {
    /// The metric; of several, the first.
    pub metric: Metric,
    /// The last measured value.
    pub value: Percent,
    /// The thresholds of the metric.
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
