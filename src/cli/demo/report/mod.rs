//! The report: what people see.

mod diff;
mod exposition;
mod map;
mod metrics;
mod page;
mod placements;
mod record;
mod summary;

pub(super) use self::page::write;
