//! Files that may change while the process runs: policies, measurements of nodes, certificates.
//!
//! Files are read again at an interval. Change notifications miss the swapped symlink by which a mounted `ConfigMap` or
//! Secret changes.

mod certificate;
mod load;
mod policies;
mod poll;

pub use certificate::follow_certificate;
pub use load::{LoadFile, LoadFileError, read_loads};
pub use policies::{LoadError, PolicyFiles, embedded};
