//! The servers: routes, limits, health, and errors as status codes.

mod admission;
mod answer;
mod connections;
mod extender;
mod limits;
mod operations;
mod server;
mod steady_clock;

pub use operations::{Operations, Readiness};
pub use server::{
    Endpoint, ExtenderState, Server, StartError, admission_server, extender_server, health_server, operations_server,
};
