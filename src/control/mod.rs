//! Controllers: they keep `HostPool.status` and `StreamJob.status` in step with what is placed, report changes in events, and
//! requeue rejected PEs.
//!
//! Every replica of the extender answers requests; the process that holds the [`Lease`] writes. [`crate::status`] decides
//! what a status holds; the [`StatusWriter`] compares it with what the API server holds, writes it where it differs, and
//! tries again after a failure.

mod clock;
mod events;
mod lease;
mod lease_claim;
mod objects;
mod rate_limit;
mod registration;
mod requeue;
mod requeue_queue;
mod sidecar_dry_run;
mod status_writer;
mod written_statuses;

pub use lease::Lease;
pub use registration::Registration;
pub use requeue::Requeuer;
pub use sidecar_dry_run::SidecarDryRun;
pub use status_writer::StatusWriter;
