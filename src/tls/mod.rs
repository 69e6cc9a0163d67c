//! Certificates: issued, loaded, and replaced while connections stay open.

mod issue;
mod load;
mod serve;

pub use issue::{Issued, issue};
pub use load::{LoadError, Pair, load, provider};
pub use serve::ServingCertificate;
