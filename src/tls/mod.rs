//! Certificates: made, loaded, and replaced while connections go on.

mod issue;
mod load;
mod provider;
mod serve;

pub use issue::{Issued, issue};
pub use load::{LoadError, Pair, load};
pub use provider::provider;
pub use serve::ServingCertificate;
