//! A value for CPU and one for memory.

use serde::{Deserialize, Serialize};

use crate::model::DemandResource;

/// A value for each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ByResource<T> {
    /// For CPU.
    pub cpu: T,
    /// For memory.
    pub memory: T,
}

impl<T> ByResource<T> {
    /// The value that a function gives for each resource.
    pub fn from_fn(mut value: impl FnMut(DemandResource) -> T) -> Self {
        Self { cpu: value(DemandResource::Cpu), memory: value(DemandResource::Memory) }
    }

    /// The value of one resource.
    #[must_use]
    #[inline]
    pub fn get(&self, resource: DemandResource) -> &T {
        match resource {
            DemandResource::Cpu => &self.cpu,
            DemandResource::Memory => &self.memory,
        }
    }

    /// The value of one resource, for changes.
    pub fn get_mut(&mut self, resource: DemandResource) -> &mut T {
        match resource {
            DemandResource::Cpu => &mut self.cpu,
            DemandResource::Memory => &mut self.memory,
        }
    }
}
