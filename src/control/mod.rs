//! Controllers: they keep `HostPool.status` and `StreamJob.status` in step with what is placed, and tell it in events.
//!
//! Every replica of the extender answers requests; the one that holds the [`Lease`] writes. What is written is decided by
//! [`crate::status`]; here it is compared with what the API server holds, written where it differs, and tried again.

mod events;
mod lease;
mod objects;
mod requeue;
mod writer;

pub use lease::Lease;
pub use writer::Controller;
