//! Amounts by resource, as an object states them.

use super::resources::{THOUSANDTHS, parse_thousandths};
use super::{Bytes, InvalidQuantity, Millicores, Resources};

/// Amounts by the name of their resource: a `ResourceList` of Kubernetes. A resource that is listed as zero differs from
/// one that is not listed.
///
/// Amounts are thousandths of the base unit, which is the precision in which the API server stores them. So a sum is
/// rounded once, as kube-scheduler rounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceList(Vec<(Box<str>, u128)>);

impl ResourceList {
    /// Lists one resource, in the place of an earlier amount.
    ///
    /// # Errors
    /// [`InvalidQuantity`] when `text` is no quantity or is negative.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), InvalidQuantity> {
        let thousandths = parse_thousandths(text).ok_or_else(|| InvalidQuantity(text.to_owned()))?;
        self.change(name, |_| thousandths);
        Ok(())
    }

    /// The amount of a resource in thousandths of its base unit; `None` where the resource is not listed.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u128> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, amount)| *amount)
    }

    /// True where a resource is listed for which `wanted` holds.
    #[must_use]
    pub fn lists(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|(name, _)| wanted(name))
    }

    /// Adds the amounts of another list.
    pub fn add(&mut self, more: &Self) {
        for (name, amount) in &more.0 {
            self.change(name, |own| own.unwrap_or(0).saturating_add(*amount));
        }
    }

    /// Takes the larger amount of both lists, resource by resource.
    pub fn maximum(&mut self, than: &Self) {
        for (name, amount) in &than.0 {
            self.change(name, |own| own.unwrap_or(0).max(*amount));
        }
    }

    /// Takes the smaller amount of both lists, resource by resource. A resource of one list alone is taken as it is.
    pub fn minimum(&mut self, than: &Self) {
        for (name, amount) in &than.0 {
            self.change(name, |own| own.unwrap_or(*amount).min(*amount));
        }
    }

    /// Takes the amounts of another list for the resources that are `replaced`.
    pub fn replace(&mut self, with: &Self, replaced: impl Fn(&str) -> bool) {
        for (name, amount) in with.0.iter().filter(|(name, _)| replaced(name)) {
            self.change(name, |_| *amount);
        }
    }

    /// Takes the amounts of another list for the resources that are `wanted` and not listed.
    pub fn complete(&mut self, with: &Self, wanted: impl Fn(&str) -> bool) {
        for (name, amount) in with.0.iter().filter(|(name, _)| wanted(name)) {
            self.change(name, |own| own.unwrap_or(*amount));
        }
    }

    /// The names of the resources.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// Every resource with its amount as a quantity.
    pub fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, amount)| (&**name, quantity(*amount)))
    }

    /// The resources that kube-scheduler counts, rounded up to whole units.
    #[must_use]
    pub fn counted(&self) -> Resources {
        let mut counted = Resources::default();
        for (name, amount) in self.0.iter().filter(|(name, _)| is_counted(name)) {
            let units = u64::try_from(amount.div_ceil(THOUSANDTHS)).unwrap_or(u64::MAX);
            match &**name {
                "cpu" => counted.cpu = Millicores(u64::try_from(*amount).unwrap_or(u64::MAX)),
                "memory" => counted.memory = Bytes(units),
                // The list is sorted, as the amounts of `Resources` are.
                _ => counted.other.push((name.clone(), units)),
            }
        }
        counted
    }

    fn change(&mut self, name: &str, amount: impl FnOnce(Option<u128>) -> u128) {
        match self.0.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => {
                if let Some((_, own)) = self.0.get_mut(at) {
                    *own = amount(Some(*own));
                }
            }
            Err(at) => self.0.insert(at, (name.into(), amount(None))),
        }
    }
}

/// Thousandths of a base unit as a quantity.
fn quantity(thousandths: u128) -> String {
    if thousandths.is_multiple_of(THOUSANDTHS) {
        (thousandths / THOUSANDTHS).to_string()
    } else {
        format!("{thousandths}m")
    }
}

/// True for a resource that kube-scheduler counts: CPU, memory, storage, huge pages, attachable volumes, and names with a
/// domain, as `IsScalarResourceName` of `pkg/scheduler/util` in Kubernetes has them.
fn is_counted(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage")
        || ["hugepages-", "attachable-volumes-"].iter().any(|prefix| name.starts_with(prefix))
        || (name.contains('/') && (!name.starts_with("requests.") || name.contains("kubernetes.io/")))
}

#[cfg(test)]
#[path = "tests/resource_list.rs"]
mod tests;
