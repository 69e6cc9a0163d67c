//! The real servers on loopback, with a certificate issued at the start.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration as Elapsed;

use time::{Duration, OffsetDateTime};

use super::api_server::ApiServer;
use crate::cli::CommandError;
use crate::cli::task_group::TaskGroup;
use crate::commit::Binder;
use crate::http::{self, Endpoint, ExtenderState, Operations};
use crate::store::Store;
use crate::telemetry;
use crate::tls::{self, ServingCertificate};

/// How long the certificate is valid; a demo takes seconds.
const CERTIFICATE_LIFETIME: Duration = Duration::hours(1);
/// Any free port.
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const WORKERS: usize = 1;

/// Servers that listen.
pub(super) struct Listening {
    pub(super) servers: TaskGroup,
    /// The certificate that callers must trust, in PEM.
    pub(super) authority: String,
    pub(super) addresses: Addresses,
}

/// The addresses of the servers.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Addresses {
    /// The extender; a verb follows.
    pub(super) extender: String,
    /// The webhook; `mutate` follows.
    pub(super) admission: String,
    /// The metrics.
    pub(super) metrics: String,
}

/// Starts extender, admission and operations servers over one store.
pub(super) fn start(store: &Arc<Store>, api: &Arc<ApiServer>) -> Result<Listening, CommandError> {
    let metrics = telemetry::install_metrics().map_err(CommandError::failed)?;
    telemetry::policies_loaded(Some(store.view().policies.iter().count()));
    let names = [LOOPBACK.ip().to_string()];
    let issued = tls::issue(&names, OffsetDateTime::now_utc(), CERTIFICATE_LIFETIME).map_err(CommandError::failed)?;
    let certificate = ServingCertificate::from_issued("demo", &issued).map_err(CommandError::failed)?;
    let config = || certificate.server_config().map_err(CommandError::failed);

    let binder = Arc::new(Binder::new(Arc::clone(store), Arc::<ApiServer>::clone(api), "demo".to_owned()));
    let endpoint = Endpoint { address: LOOPBACK, tls: Some(config()?), workers: WORKERS };
    // No watch fills the store, so that nothing can be stale.
    let state = ExtenderState {
        store: Arc::clone(store),
        binder,
        feed: Arc::default(),
        stale_after: Elapsed::ZERO,
        filter_decides: true,
    };
    let extender = http::extender_server(endpoint, state).map_err(CommandError::failed)?;
    let admission =
        http::admission_server(LOOPBACK, config()?, Arc::clone(store), WORKERS).map_err(CommandError::failed)?;
    let refreshed = Arc::clone(store);
    let operations = Operations {
        metrics,
        refresh: Arc::new(move || {
            telemetry::snapshot(Elapsed::ZERO, refreshed.view().snapshot.nodes().count());
            let (committed, reserved) = refreshed.read(|cluster| (cluster.assumed_len(), cluster.reserved_len()));
            telemetry::assumed_pods(committed, refreshed.reservations().len(), reserved);
        }),
        readiness: Arc::new(|| Ok(())),
    };
    let operations = http::operations_server(LOOPBACK, operations).map_err(CommandError::failed)?;
    let addresses = Addresses {
        extender: format!("https://{}/extender", extender.address),
        admission: format!("https://{}/admission", admission.address),
        metrics: format!("http://{}/metrics", operations.address),
    };
    let mut servers = TaskGroup::default();
    for (name, server) in [("extender", extender), ("admission", admission), ("metrics", operations)] {
        servers.serve(name, server);
    }
    Ok(Listening { servers, authority: issued.authority, addresses })
}
