//! Files that may change while the process runs: policies, measurements of nodes, certificates.
//!
//! Files are read again at an interval. Change notifications miss the swapped symlink by which a mounted `ConfigMap` or
//! Secret changes.

mod certificate;
mod load;
mod policies;
mod poll;
mod read;

pub(crate) use certificate::{follow_authorities, follow_certificate};
pub(crate) use load::{LoadFile, read_loads};
pub use policies::embedded;
pub(crate) use policies::{PolicyFiles, report};
pub(crate) use read::read_text;
