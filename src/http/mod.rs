//! The servers: routes, limits, health, and errors as status codes.

mod admission;
mod extender;
mod limits;
mod operations;
mod server;

pub use operations::{Operations, Readiness};
pub use server::{Server, ServerError, Servers, StartError, admission_server, extender_server, operations_server};
