//! The write path of bind: fence, verify, commit, write, and find out what became of it.

mod api;
mod binder;

pub use api::{Api, KubeApi, WriteError};
pub use binder::{Binder, Bound, Failure};

#[cfg(test)]
mod tests;
