//! A value for each resource that demand is forecast of.

use serde::{Deserialize, Serialize};

use crate::model::OfResources;

/// A resource that demand is forecast of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Cpu,
    Memory,
}

/// A value for each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerResource<T> {
    /// For CPU.
    pub cpu: T,
    /// For memory.
    pub memory: T,
}

impl Resource {
    pub(super) const ALL: [Self; 2] = [Self::Cpu, Self::Memory];
}

impl<T> PerResource<T> {
    pub(super) fn get(&self, resource: Resource) -> &T {
        match resource {
            Resource::Cpu => &self.cpu,
            Resource::Memory => &self.memory,
        }
    }

    pub(super) fn get_mut(&mut self, resource: Resource) -> &mut T {
        match resource {
            Resource::Cpu => &mut self.cpu,
            Resource::Memory => &mut self.memory,
        }
    }
}

impl<T> From<PerResource<Option<T>>> for OfResources<T> {
    fn from(values: PerResource<Option<T>>) -> Self {
        Self { cpu: values.cpu, memory: values.memory }
    }
}
