//! Listeners: which routes on which address, with TLS or on loopback.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server as ActixServer, ServerHandle};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use rustls::ServerConfig;
use tokio::sync::Semaphore;

use super::limits::Intake;
use super::operations::Operations;
use super::{admission, extender, limits, operations};
use crate::commit::Binder;
use crate::store::Store;
use crate::watch::Feed;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// Plain HTTP beyond this machine.
    #[error(
        "{0} is not loopback: the extender speaks plain HTTP there only; give --extender-tls-cert and --extender-tls-key"
    )]
    PlainBeyondLoopback(SocketAddr),
}

/// A server that ended with an error.
pub type ServerError = std::io::Error;

/// A server that listens: drive [`run`](Self::run) to serve.
pub struct Server {
    /// Where it listens; a port of 0 has become a real one.
    pub address: SocketAddr,
    /// Drive this to serve.
    pub run: ActixServer,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Handles to stop servers together.
#[derive(Clone, Default)]
pub struct Servers(Vec<ServerHandle>);

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} servers", self.0.len())
    }
}

impl Servers {
    /// Adds a server.
    pub fn add(&mut self, server: &Server) {
        self.0.push(server.run.handle());
    }

    /// Lets requests in flight finish, and stops.
    pub async fn stop(self) {
        futures::future::join_all(self.0.iter().map(|server| server.stop(true))).await;
    }
}

/// The extender: plain HTTP on loopback, TLS anywhere else (D1). It promises nothing while a watch of the feed has been
/// failing for longer than the view may be old.
///
/// # Errors
/// [`StartError`] naming the address.
pub fn extender_server(
    address: SocketAddr,
    tls: Option<ServerConfig>,
    (store, binder): (Arc<Store>, Arc<Binder>),
    (feed, stale_after): (Arc<Feed>, Duration),
    workers: usize,
) -> Result<Server, StartError> {
    if tls.is_none() && !address.ip().is_loopback() {
        return Err(StartError::PlainBeyondLoopback(address));
    }
    let explaining = Semaphore::new(1);
    let data = Data::new(extender::Extender {
        store,
        binder,
        feed,
        stale_after,
        filter_decides: true,
        intake: Intake::default(),
        explaining,
    });
    serve(address, tls, workers, move |config| {
        config.app_data(data.clone());
        extender::routes(config);
        if address.ip().is_loopback() {
            extender::loopback_routes(config);
        }
    })
}

/// The admission webhooks: always TLS.
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
    serve(address, Some(tls), workers, move |config| {
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
    serve(address, None, 1, move |config| {
        config.app_data(data.clone());
        operations::routes(config);
    })
}

fn serve(
    address: SocketAddr,
    tls: Option<ServerConfig>,
    workers: usize,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<Server, StartError> {
    let failed = |error| StartError::Listen(address, error);
    let listener = TcpListener::bind(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let server = HttpServer::new(move || App::new().configure(routes.clone()))
        .workers(workers)
        .keep_alive(limits::KEEP_ALIVE)
        // Large answers would meet Nagle's algorithm and the peer's delayed acknowledgement: 40 ms each.
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
