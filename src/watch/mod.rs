//! Watches of the API server: what they deliver is applied to the store.

mod feed;
mod follow;
mod forbidden;
mod health;
mod list_watch;
mod optional;
mod owners;
mod watched;

pub use feed::Feed;
pub(crate) use feed::{Kinds, watch_for_sizing};
pub(crate) use list_watch::{Shown, list_watch};
