//! Certificates: issued, loaded, and replaced while connections stay open.

mod authorities;
mod client;
mod issue;
mod load;
mod serve;

pub use authorities::CallerAuthorities;
pub use client::ServerAuthorities;
pub use issue::{ClientPair, Issued, issue};
pub use load::{LoadError, Pair, load, provider};
pub use serve::ServingCertificate;
