//! How much of a resource a node lacks.

use std::borrow::Cow;
use std::fmt;

use super::{Bytes, Millicores, Resources};

/// A resource of which less is free than requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The resource, as in `spec.containers[].resources`; `pods`; or a port such as `hostPort 80/TCP`.
    pub resource: Cow<'static, str>,
    /// The requested amount: millicores of CPU, bytes of memory, else a count.
    pub requested: u64,
    /// The free amount, in the same unit.
    pub free: u64,
}

impl Shortage {
    /// The first resource of `requested` that does not fit into `allocatable` beside what is `used`. A resource that is not
    /// requested is never short, even where the node is overbooked.
    #[must_use]
    pub fn first(allocatable: &Resources, used: &Resources, requested: &Resources) -> Option<Self> {
        Self::first_counted(allocatable, used, requested, |_| true)
    }

    /// The first such resource among those that are counted. CPU and memory always are.
    #[must_use]
    pub fn first_counted(
        allocatable: &Resources,
        used: &Resources,
        requested: &Resources,
        is_counted: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let lacking = |requested: u64, allocatable: u64, used: u64| {
            let free = allocatable.saturating_sub(used);
            (requested > 0 && requested > free).then_some((requested, free))
        };
        if let Some((requested, free)) = lacking(requested.cpu.0, allocatable.cpu.0, used.cpu.0) {
            return Some(Self { resource: "cpu".into(), requested, free });
        }
        if let Some((requested, free)) = lacking(requested.memory.0, allocatable.memory.0, used.memory.0) {
            return Some(Self { resource: "memory".into(), requested, free });
        }
        requested.other.iter().filter(|(name, _)| is_counted(name)).find_map(|(name, units)| {
            let (requested, free) = lacking(*units, allocatable.get(name), used.get(name))?;
            Some(Self { resource: name.to_string().into(), requested, free })
        })
    }

    /// A port of the node that another pod holds.
    #[must_use]
    pub fn of_port(port: &impl fmt::Display) -> Self {
        Self { resource: port.to_string().into(), requested: 1, free: 0 }
    }

    /// No more pods may run on the node.
    #[must_use]
    pub fn of_pods(requested: u64, free: u64) -> Self {
        Self { resource: "pods".into(), requested, free }
    }

    /// True where the resource is a port of the node.
    #[must_use]
    pub fn is_port(&self) -> bool {
        self.resource.starts_with("hostPort ")
    }

    /// Amounts of the resource with their units. Different amounts have different texts.
    #[must_use]
    pub fn with_units<const N: usize>(&self, amounts: [u64; N]) -> [String; N] {
        let of_bytes = ["memory", "ephemeral-storage"].contains(&&*self.resource);
        let is_clear =
            |first: u64, other: u64| first == other || Bytes(first).for_people() != Bytes(other).for_people();
        let are_clear = amounts.iter().all(|first| amounts.iter().all(|other| is_clear(*first, *other)));
        amounts.map(|amount| match &*self.resource {
            "cpu" => Millicores(amount).to_string(),
            _ if of_bytes && are_clear => Bytes(amount).for_people(),
            _ => amount.to_string(),
        })
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, requested, free } = self;
        if self.is_port() {
            return write!(f, "{resource} is taken");
        }
        let [requested, free] = self.with_units([*requested, *free]);
        write!(f, "{resource}: requested {requested}, free {free}")
    }
}

#[cfg(test)]
#[path = "tests/shortage.rs"]
mod tests;
