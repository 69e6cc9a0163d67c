//! The open connections of a listener: where there are too many, an idle one is closed for each new one.
//!
//! So a caller that opens connections and asks nothing keeps nobody out. A connection that has never carried a request is
//! closed before one that has: callers such as the API server keep idle connections, and do not repeat a request whose
//! connection was closed.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream as ActixStream;

/// The open connections of one listener.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    /// The most connections. More are open only while each of them carries a request.
    most: usize,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// In the order in which they were opened.
    by_number: BTreeMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    /// A second handle of the socket: shutting it down closes the connection for the server too.
    socket: TcpStream,
    /// How many requests are being answered.
    answering: usize,
    has_asked: bool,
}

/// A connection, for as long as the server keeps it.
#[derive(Clone, Debug)]
struct Opened(Arc<Registration>);

#[derive(Debug)]
struct Registration {
    connections: Arc<Connections>,
    number: u64,
}

impl Connections {
    /// The connections of a listener that keeps at most this number.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), most })
    }

    /// Registers a connection that was accepted. `io` is the stream as the server has it: with TLS or without.
    pub(super) fn accepted(self: &Arc<Self>, io: &dyn Any, data: &mut Extensions) {
        let plain = || io.downcast_ref::<ActixStream>();
        let stream = plain().or_else(|| io.downcast_ref::<TlsStream<ActixStream>>().map(|stream| stream.get_ref().0));
        let Some(socket) = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok()) else { return };
        data.insert(self.register(TcpStream::from(socket)));
    }

    fn register(self: &Arc<Self>, socket: TcpStream) -> Opened {
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.by_number.insert(number, Connection { socket, answering: 0, has_asked: false });
        while open.by_number.len() > self.most {
            let Some(idle) = open.most_idle(number) else { break };
            if let Some(closed) = open.by_number.remove(&idle) {
                // An error means that the caller has closed it.
                drop(closed.socket.shutdown(Shutdown::Both));
            }
        }
        drop(open);
        Opened(Arc::new(Registration { connections: Arc::clone(self), number }))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The connection to close for the connection `newest`: the oldest idle one, unused ones first.
    fn most_idle(&self, newest: u64) -> Option<u64> {
        let idle = self.by_number.iter().filter(|(number, one)| **number != newest && one.answering == 0);
        idle.min_by_key(|(number, one)| (one.has_asked, **number)).map(|(number, _)| *number)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.open().by_number.remove(&self.number);
    }
}

/// A request that is being answered.
struct Answering(Opened);

impl Answering {
    fn begin(opened: Opened) -> Self {
        opened.change(|connection| {
            connection.answering += 1;
            connection.has_asked = true;
        });
        Self(opened)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.change(|connection| connection.answering = connection.answering.saturating_sub(1));
    }
}

impl Opened {
    fn change(&self, change: impl FnOnce(&mut Connection)) {
        let Registration { connections, number } = &*self.0;
        if let Some(connection) = connections.open().by_number.get_mut(number) {
            change(connection);
        }
    }
}

/// Notes that the connection of a request is not idle while the request is answered.
pub(super) async fn while_answering<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let _answering = request.conn_data::<Opened>().cloned().map(Answering::begin);
    next.call(request).await
}

#[cfg(test)]
#[path = "tests/connections.rs"]
mod tests;
