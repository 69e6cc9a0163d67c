//! Colours, order and words that every drawing of an outcome shares.

use std::collections::BTreeMap;

use crate::simulate::{Chart, ChartPe, TrafficEdge};

/// Colours of jobs, distinguishable on a light and on a dark background.
const PALETTE: [&str; 10] =
    ["#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#edc948", "#ff9da7", "#9c755f", "#86a8d8"];
/// The colours that need dark text.
const LIGHT: [usize; 6] = [1, 5, 6, 7, 9, 2];

/// The colour of a job; with many jobs some share one.
pub(super) fn colour(job: usize) -> &'static str {
    PALETTE.get(job % PALETTE.len()).copied().unwrap_or("#4e79a7")
}

/// The colour of text on the colour of a job.
pub(super) fn style_on(job: usize) -> &'static str {
    if LIGHT.contains(&(job % PALETTE.len())) { "#111418" } else { "#ffffff" }
}

/// How far traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The traffic stays on its node.
    Node,
    /// The traffic leaves the node and stays in the zone.
    Zone,
    /// The traffic leaves the zone.
    Beyond,
}

impl Reach {
    pub(super) const ALL: [Self; 3] = [Self::Node, Self::Zone, Self::Beyond];

    /// How far the traffic of an edge goes; `None` where one of its PEs waits.
    pub(super) fn between_ends(chart: &Chart, edge: TrafficEdge) -> Option<Self> {
        let node = |pe: usize| chart.nodes.get(chart.pes.get(pe)?.node?);
        let (from, to) = (node(edge.from)?, node(edge.to)?);
        Some(match chart.is_cut(edge)? {
            false => Self::Node,
            true if from.zone == to.zone => Self::Zone,
            true => Self::Beyond,
        })
    }

    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Node => "#3d9a50",
            Self::Zone => "#d08700",
            Self::Beyond => "#d6336c",
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Node => "stays on its node",
            Self::Zone => "leaves its node",
            Self::Beyond => "leaves its zone",
        }
    }
}

/// The nodes of each zone, by name; numbers in names count as numbers.
pub(super) fn by_zone(chart: &Chart) -> Vec<(String, Vec<usize>)> {
    let mut zones: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, node) in chart.nodes.iter().enumerate() {
        zones.entry(&node.zone).or_default().push(at);
    }
    let name = |at: &usize| chart.nodes.get(*at).map(|node| natural(node.name.as_str()));
    let sorted = zones.into_iter().map(|(zone, mut nodes)| {
        nodes.sort_by_cached_key(name);
        let zone = if zone.is_empty() { "no zone" } else { zone };
        (zone.to_owned(), nodes)
    });
    sorted.collect()
}

/// A key by which `n2` comes before `n10`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = Vec::new();
    let mut in_number = true;
    for letter in name.chars() {
        match (letter.to_digit(10), parts.last_mut()) {
            (Some(digit), Some((_, number))) if in_number => {
                *number = number.saturating_mul(10).saturating_add(digit.into());
            }
            (None, Some((text, _))) if !in_number => text.push(letter),
            (digit, _) => {
                parts.push((digit.map_or_else(|| letter.to_string(), |_| String::new()), digit.unwrap_or(0).into()));
                in_number = digit.is_some();
            }
        }
    }
    parts
}

/// A rate with its unit, from bytes a second.
pub(super) fn rate(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("GiB/s", 30), ("MiB/s", 20), ("KiB/s", 10), ("B/s", 0)];
    let (unit, shift) = UNITS.into_iter().find(|(_, shift)| bytes >> shift > 0).unwrap_or(("B/s", 0));
    let tenths = (u128::from(bytes) * 10) >> shift;
    if tenths.is_multiple_of(10) {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// The thickness of a line, between two widths: the square of the thickness is proportional to the rate.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a width needs far fewer than 53 bits")]
pub(super) fn thickness(rate: u64, most: u64, (thin, thick): (f64, f64)) -> f64 {
    let share = if most == 0 { 0.0 } else { rate as f64 / most as f64 };
    share.sqrt().mul_add(thick - thin, thin)
}

/// Why a PE waits: the last reason in the order of precedence, which is that of the nodes that came nearest.
pub(super) fn why_waiting(pe: &ChartPe) -> Option<String> {
    let (code, count) = pe.rejected.last_key_value().filter(|_| pe.node.is_none())?;
    Some(format!("{}×{count}", code.0))
}

#[cfg(test)]
#[path = "tests/drawing.rs"]
mod tests;
