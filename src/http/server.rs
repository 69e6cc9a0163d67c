//! Listeners: which routes on which address, with TLS or on loopback.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server as ActixServer;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use rustls::ServerConfig;
use tokio::sync::Semaphore;

use super::connections::{Connections, while_answering};
use super::limits::Intake;
use super::operations::Operations;
use super::{admission, extender, limits, operations};
use crate::commit::Binder;
use crate::store::Store;
use crate::watch::Feed;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use, or is no address of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Plain HTTP beyond this machine.
    #[error(
        "{address} is not loopback: the extender speaks plain HTTP there only; give --extender-tls-cert, \
         --extender-tls-key and --extender-tls-client-ca"
    )]
    PlainBeyondLoopback {
        /// The address.
        address: SocketAddr,
    },
}

/// A server that listens and does not serve before [`run`](Self::run) is driven.
pub struct Server {
    /// The address with the real port, also where port 0 was asked for.
    pub address: SocketAddr,
    /// Drive this future to serve.
    pub run: ActixServer,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Where and how a server listens.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address.
    pub address: SocketAddr,
    /// TLS; plain HTTP without.
    pub tls: Option<ServerConfig>,
    /// Worker threads.
    pub workers: usize,
}

/// What the extender answers from.
#[derive(Clone, Debug)]
pub struct ExtenderState {
    /// The state of the cluster.
    pub store: Arc<Store>,
    /// The write path of bind.
    pub binder: Arc<Binder>,
    /// The watches behind the store.
    pub feed: Arc<Feed>,
    /// The extender places no PE while a watch has been failing for longer than this.
    pub stale_after: Duration,
    /// Whether filter may name the best node alone (docs/design.md, D22).
    pub filter_decides: bool,
}

/// The extender: plain HTTP on loopback, TLS anywhere else.
///
/// # Errors
/// [`StartError`] naming the address.
pub fn extender_server(endpoint: Endpoint, state: ExtenderState) -> Result<Server, StartError> {
    let is_loopback = endpoint.address.ip().is_loopback();
    if endpoint.tls.is_none() && !is_loopback {
        return Err(StartError::PlainBeyondLoopback { address: endpoint.address });
    }
    let ExtenderState { store, binder, feed, stale_after, filter_decides } = state;
    let explaining = Semaphore::new(1);
    let data = Data::new(extender::Extender {
        store,
        binder,
        feed,
        stale_after,
        filter_decides,
        intake: Intake::default(),
        explaining,
    });
    serve(endpoint, KUBE_CLIENTS, move |config| {
        config.app_data(data.clone());
        extender::routes(config);
        if is_loopback {
            extender::loopback_routes(config);
        }
    })
}

/// The admission webhooks: the API server asks over TLS only.
///
/// # Errors
/// [`StartError`] naming the address.
pub fn admission_server(
    address: SocketAddr,
    tls: ServerConfig,
    store: Arc<Store>,
    workers: usize,
) -> Result<Server, StartError> {
    let data = Data::new(admission::Admission { store, intake: Intake::default() });
    serve(Endpoint { address, tls: Some(tls), workers }, KUBE_CLIENTS, move |config| {
        config.app_data(data.clone());
        admission::routes(config);
    })
}

/// Health, readiness and metrics.
///
/// # Errors
/// [`StartError`] naming the address.
pub fn operations_server(address: SocketAddr, operations: Operations) -> Result<Server, StartError> {
    let data = Data::new(operations);
    serve(Endpoint { address, tls: None, workers: 1 }, ANYBODY, move |config| {
        config.app_data(data.clone());
        operations::routes(config);
    })
}

/// Health and readiness alone: a listener that only the kubelet needs to reach.
///
/// # Errors
/// [`StartError`] naming the address.
pub fn health_server(address: SocketAddr, operations: Operations) -> Result<Server, StartError> {
    let data = Data::new(operations);
    serve(Endpoint { address, tls: None, workers: 1 }, ANYBODY, move |config| {
        config.app_data(data.clone());
        operations::health_routes(config);
    })
}

/// How long a listener keeps idle connections, and how many.
#[derive(Clone, Copy)]
struct Callers {
    keep_alive: Duration,
    connections: usize,
}

/// The API server and kube-scheduler, which keep idle connections.
const KUBE_CLIENTS: Callers = Callers { keep_alive: limits::KEEP_ALIVE, connections: limits::KEPT_CONNECTIONS };
/// The kubelet, Prometheus, and whoever reaches the listener.
const ANYBODY: Callers = Callers { keep_alive: limits::SHORT_KEEP_ALIVE, connections: limits::FEW_KEPT_CONNECTIONS };

fn serve(
    endpoint: Endpoint,
    callers: Callers,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<Server, StartError> {
    let Endpoint { address, tls, workers } = endpoint;
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let failed = |source| StartError::Listen { address, source };
    let connections = Connections::new(callers.connections);
    let server = HttpServer::new(move || App::new().wrap(from_fn(while_answering)).configure(routes.clone()))
        .workers(workers)
        .keep_alive(callers.keep_alive)
        .client_request_timeout(limits::HEAD_DEADLINE)
        .on_connect(move |io, data| connections.accepted(io, data))
        // Nagle's algorithm and the peer's delayed acknowledgement would delay each large answer by 40 ms.
        .tcp_nodelay(true)
        .max_connections(limits::CONNECTIONS)
        .shutdown_timeout(limits::SHUTDOWN_SECONDS)
        .disable_signals();
    let server = match tls {
        Some(config) => server.listen_rustls_0_23(listener, config),
        None => server.listen(listener),
    };
    Ok(Server { address, run: server.map_err(failed)?.run() })
}
