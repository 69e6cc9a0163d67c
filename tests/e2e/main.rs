//! End-to-end tests on a real control plane: `make kube` builds it, `make e2e` runs them. They fail, and do not skip,
//! where it is missing.

#[path = "../cluster/mod.rs"]
#[expect(dead_code, reason = "the program under test is not started by a test yet")]
mod cluster;
#[path = "../it/noise.rs"]
#[expect(dead_code, reason = "damaged input is what the other tests are about")]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "numbers below a limit that is there")]
mod noise;

mod admission;
mod control_plane;
mod demand;
mod deploy;
mod differential;
mod explain;
mod hostile;
mod installation;
mod metrics;
mod open_streams;
mod other_webhooks;
mod placement;
mod policies;
mod processes;
mod resources;
mod rights;
mod sidecars;
mod simulate;
mod stale;
mod takeover;
