//! `Job`: the defaults of the PEs of a job.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::objects::{Job, Unnamed, id};
use super::reader::{Part, Reader};
use crate::model::DeclaredJob;

impl TryFrom<&Job> for DeclaredJob {
    type Error = Unnamed;

    fn try_from(object: &Job) -> Result<Self, Unnamed> {
        let id = id(&object.metadata)?;
        let mut reader = Reader::default();
        let statistics = reader.part(object.spec.get("statistics"), "spec.statistics", None);
        let pes = statistics.and_then(|statistics| reader.number(statistics, "processingElementCount", None));
        let resources = reader.part(object.spec.get("resources"), "spec.resources", None);
        let requests = resources.and_then(|part| reader.part(part.get("requests"), "spec.resources.requests", None));
        let requests = requests.map(Part::amounts).unwrap_or_default();
        let defaults = reader.annotations(object.metadata.annotations.as_ref(), BTreeMap::new());
        Ok(Self { id, defaults, requests, pes: pes.and_then(NonZeroU32::new), field_problems: reader.field_problems })
    }
}

#[cfg(test)]
#[path = "tests/job.rs"]
mod tests;
