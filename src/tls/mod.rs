//! Certificates: issued, loaded, and replaced while connections stay open.

mod issue;
mod load;
mod serve;

pub use issue::{ClientPair, Issued, issue};
pub use load::{LoadError, Pair, load, load_authorities, provider};
pub use serve::ServingCertificate;
