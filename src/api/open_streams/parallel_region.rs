//! `ParallelRegion`: the number of channels of a part of a job.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::objects::{ParallelRegion, Unnamed, id, job_of};
use super::reader::Reader;
use crate::model::DeclaredRegion;

impl TryFrom<&ParallelRegion> for DeclaredRegion {
    type Error = Unnamed;

    fn try_from(object: &ParallelRegion) -> Result<Self, Unnamed> {
        let id = id(&object.metadata)?;
        let mut reader = Reader::default();
        let spec = reader.part(Some(&object.spec), "spec", None);
        let alias = spec.and_then(|spec| reader.text(spec, "alias", None));
        let width = spec.and_then(|spec| reader.number(spec, "width", None));
        if width == Some(0) {
            reader.problem("spec.width".to_owned(), "is 0; it must be at least 1", None);
        }
        // The object does not name the PEs of the region, so that it cannot declare a placement spec for them.
        reader.annotations_without_effect(object.metadata.annotations.as_ref());
        Ok(Self {
            job: Arc::from(job_of(&object.metadata).unwrap_or_default()),
            alias: alias.map_or_else(|| Arc::clone(&id.name), Arc::from),
            width: width.and_then(NonZeroU32::new),
            id,
            field_problems: reader.field_problems,
        })
    }
}

#[cfg(test)]
#[path = "tests/parallel_region.rs"]
mod tests;
