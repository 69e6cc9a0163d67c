//! `ParallelRegion`: how many channels a part of a job has at the moment.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::reader::Reader;
use super::{ParallelRegion, Unnamed, id, job_of};
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
            reader.doubt("spec.width".to_owned(), "is 0; it must be at least 1", None);
        }
        // Nobody knows which PEs are those of the region, so that it has nothing to wish for them.
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
