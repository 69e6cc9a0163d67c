//! Quantities of CPU, memory and other resources, in whole units, never floating.

use std::fmt;

/// CPU in thousandths of a core. Kubernetes rounds finer values up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millicores(pub u64);

/// Memory or storage in bytes. Kubernetes rounds fractions up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl fmt::Display for Millicores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m", self.0)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MEBI: u64 = 1 << 20;
        if self.0.is_multiple_of(MEBI) { write!(f, "{}Mi", self.0 / MEBI) } else { write!(f, "{}", self.0) }
    }
}

impl Bytes {
    /// The amount for people, rounded down to tenths of the unit below 1024 of which it is: `512Mi`, `30.9Gi`.
    #[must_use]
    pub fn for_people(self) -> String {
        const UNITS: [(&str, u32); 4] = [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
        let Some((unit, shift)) = UNITS.into_iter().find(|(_, shift)| self.0 >> shift > 0) else {
            return self.0.to_string();
        };
        let tenths = (u128::from(self.0) * 10) >> shift;
        match tenths % 10 {
            0 => format!("{}{unit}", tenths / 10),
            tenth => format!("{}.{tenth}{unit}", tenths / 10),
        }
    }
}

/// A text that is not a Kubernetes quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a quantity; write a number with an optional unit, such as `250m`, `2`, `512Mi` or `1e3`")]
pub struct InvalidQuantity(pub String);

/// Amounts of every resource that a pod asks for or a node offers.
///
/// CPU and memory have fields of their own; the rest is a short sorted list of names and whole units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    /// CPU.
    pub cpu: Millicores,
    /// Memory.
    pub memory: Bytes,
    /// Any other resource by name, sorted, in its base unit (bytes for `ephemeral-storage`).
    pub other: Vec<(Box<str>, u64)>,
}

/// Amounts of the two resources that every node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuAndMemory {
    /// CPU.
    pub cpu: Millicores,
    /// Memory.
    pub memory: Bytes,
}

impl Resources {
    /// CPU and memory of these.
    #[must_use]
    pub fn cpu_and_memory(&self) -> CpuAndMemory {
        CpuAndMemory { cpu: self.cpu, memory: self.memory }
    }

    /// Reads one named quantity into the set, replacing what was there.
    ///
    /// # Errors
    /// [`InvalidQuantity`] when `text` is no quantity or is negative.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), InvalidQuantity> {
        let nano = parse_nano(text).ok_or_else(|| InvalidQuantity(text.to_owned()))?;
        match name {
            "cpu" => self.cpu = Millicores(ceil_div(nano, 1_000_000)),
            "memory" => self.memory = Bytes(ceil_div(nano, NANO)),
            _ => self.set_units(name, ceil_div(nano, NANO)),
        }
        Ok(())
    }

    /// The amount of a named resource: millicores for `cpu`, base units for everything else.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        match name {
            "cpu" => self.cpu.0,
            "memory" => self.memory.0,
            _ => self.other.iter().find(|(known, _)| &**known == name).map_or(0, |(_, units)| *units),
        }
    }

    /// Adds `more`, stopping at the largest number.
    pub fn add(&mut self, more: &Self) {
        self.cpu.0 = self.cpu.0.saturating_add(more.cpu.0);
        self.memory.0 = self.memory.0.saturating_add(more.memory.0);
        for (name, units) in &more.other {
            let sum = self.get(name).saturating_add(*units);
            self.set_units(name, sum);
        }
    }

    /// Takes `less` away, stopping at zero.
    pub fn subtract(&mut self, less: &Self) {
        self.cpu.0 = self.cpu.0.saturating_sub(less.cpu.0);
        self.memory.0 = self.memory.0.saturating_sub(less.memory.0);
        for (name, units) in &less.other {
            let rest = self.get(name).saturating_sub(*units);
            self.set_units(name, rest);
        }
    }

    /// True where an amount has stopped at the largest number: by how much it was exceeded is lost.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        let mut amounts = [self.cpu.0, self.memory.0].into_iter().chain(self.other.iter().map(|(_, units)| *units));
        amounts.any(|amount| amount == u64::MAX)
    }

    /// The larger of both, resource by resource.
    pub fn maximum(&mut self, than: &Self) {
        self.cpu = self.cpu.max(than.cpu);
        self.memory = self.memory.max(than.memory);
        for (name, units) in &than.other {
            let most = self.get(name).max(*units);
            self.set_units(name, most);
        }
    }

    fn set_units(&mut self, name: &str, units: u64) {
        match self.other.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => {
                if let Some(slot) = self.other.get_mut(at) {
                    slot.1 = units;
                }
            }
            Err(at) => self.other.insert(at, (Box::from(name), units)),
        }
    }
}

/// True for an extended resource: its name has a domain that is not one of Kubernetes. CPU, memory, storage and huge pages
/// are native.
#[must_use]
pub fn is_extended_resource(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

const NANO: u128 = 1_000_000_000;

/// How many thousandths a base unit has.
pub(super) const THOUSANDTHS: u128 = 1_000;

/// A Kubernetes quantity in thousandths of its base unit, rounded up; `None` where [`parse_nano`] has none.
pub(crate) fn parse_thousandths(text: &str) -> Option<u128> {
    Some(parse_nano(text)?.div_ceil(NANO / THOUSANDTHS))
}

/// Rounds up, and stops at the largest number.
fn ceil_div(nano: u128, unit: u128) -> u64 {
    u64::try_from(nano.div_ceil(unit)).unwrap_or(u64::MAX)
}

/// A Kubernetes quantity in billionths of its base unit; `None` for anything else, for negatives, and beyond 2^128.
fn parse_nano(text: &str) -> Option<u128> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let digits_end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at_checked(digits_end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (scale, exponent) = suffix_scale(suffix)?;
    let mut mantissa: u128 = 0;
    for digit in whole.chars().chain(fraction.chars()) {
        mantissa = mantissa.checked_mul(10)?.checked_add(u128::from(digit.to_digit(10)?))?;
    }
    let places = i32::try_from(fraction.len()).ok()?;
    // value in nano = mantissa * scale * 10^(exponent + 9 - places)
    let scaled = mantissa.checked_mul(scale)?;
    let power = exponent.checked_add(9)?.checked_sub(places)?;
    let factor = 10_u128.checked_pow(power.unsigned_abs());
    match (power >= 0, factor) {
        (true, Some(factor)) => scaled.checked_mul(factor),
        (true, None) => (scaled == 0).then_some(0),
        (false, Some(factor)) => Some(scaled.div_ceil(factor)),
        (false, None) => Some(u128::from(scaled > 0)),
    }
}

/// A unit as a binary scale and a power of ten.
fn suffix_scale(suffix: &str) -> Option<(u128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            (1, exponent.parse::<i32>().ok().filter(|power| power.abs() <= 64)?)
        }
    })
}

#[cfg(test)]
#[path = "tests/resources.rs"]
mod tests;
