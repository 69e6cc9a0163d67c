//! Watches of the API server: what they deliver is applied to the store.

mod feed;
mod follow;
mod health;
mod optional;
mod owners;
mod watched;

pub use feed::Feed;
pub(crate) use feed::Kinds;
