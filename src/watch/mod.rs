//! From the API server and the policy files to the state that requests are answered from.

mod client;
mod feed;
mod follow;
mod health;
mod load;
mod optional;
mod owners;
mod policies;
mod store;
mod watched;

pub use client::{ClientError, connect};
pub use feed::{Feed, Kinds};
pub use load::{LoadFeed, LoadFileError, read_loads};
pub use policies::{LoadError, PolicyFiles, embedded};
pub use store::{Store, View};
