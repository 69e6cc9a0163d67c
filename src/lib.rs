//! Outrigger: a Kubernetes scheduler extender and admission webhook for stream processing.

pub mod admission;
pub mod api;
pub mod extender;
pub mod model;
pub mod placement;
pub mod policy;
pub mod state;

#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod commit;
#[cfg(feature = "server")]
pub mod http;
#[cfg(feature = "server")]
pub mod telemetry;
#[cfg(feature = "server")]
pub mod tls;
#[cfg(feature = "server")]
pub mod watch;
