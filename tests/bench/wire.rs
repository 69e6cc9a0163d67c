//! Both ends of a connection: a caller that keeps it open, as kube-scheduler does, and the servers that it asks.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;

use actix_web::web::{self, Bytes, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer};
use futures::future::BoxFuture;
use outrigger::commit::{Binder, PodApi, WriteError};
use outrigger::extender::bind::PendingBinding;
use outrigger::http::{Endpoint, ExtenderState, admission_server, extender_server};
use outrigger::model::{Pod, PodKey};
use outrigger::store::Store;
use outrigger::tls::{Issued, ServingCertificate, issue, provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use time::{Duration, OffsetDateTime};

/// Any free port.
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Bodies of 15,000 names fit.
const LARGEST_BODY: usize = 8 << 20;

/// How both ends speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    Tls,
}

/// A certificate for loopback, and who trusts it.
pub(crate) struct Trust {
    serving: Arc<ServingCertificate>,
    calling: Arc<ClientConfig>,
}

impl Trust {
    pub(crate) fn new() -> Self {
        let issued: Issued =
            issue(&[LOOPBACK.ip().to_string()], OffsetDateTime::now_utc(), Duration::hours(1)).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(issued.authority.as_bytes()).unwrap()).unwrap();
        let calling = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { serving: ServingCertificate::from_issued("bench", &issued).unwrap(), calling: Arc::new(calling) }
    }

    fn config(&self, transport: Transport) -> Option<ServerConfig> {
        (transport == Transport::Tls).then(|| self.serving.server_config().unwrap())
    }
}

/// The extender over a store; where it listens.
pub(crate) fn extender(store: Arc<Store>, trust: &Trust, transport: Transport) -> SocketAddr {
    let tls = trust.config(transport);
    start(move || {
        let binder = Arc::new(Binder::new(Arc::clone(&store), Arc::new(Unasked), "bench".to_owned()));
        let stale_after = std::time::Duration::ZERO;
        let state = ExtenderState { store, binder, feed: Arc::default(), stale_after, filter_decides: false };
        let server = extender_server(Endpoint { address: LOOPBACK, tls, workers: 1 }, state).unwrap();
        (server.address, server.run)
    })
}

/// The admission webhooks over a store; where they listen.
pub(crate) fn webhook(store: Arc<Store>, trust: &Trust) -> SocketAddr {
    let tls = trust.serving.server_config().unwrap();
    start(move || {
        let server = admission_server(LOOPBACK, tls, store, 1).unwrap();
        (server.address, server.run)
    })
}

/// The floor: a server that reads the whole body and answers `POST /BYTES` with as many bytes. Where it listens.
pub(crate) fn floor(trust: &Trust, transport: Transport) -> SocketAddr {
    let tls = trust.config(transport);
    start(move || {
        let answer = async |_body: Bytes, length: web::Path<usize>| {
            HttpResponse::Ok().content_type("application/json").body(vec![b' '; *length])
        };
        let app = move || {
            App::new()
                .app_data(PayloadConfig::new(LARGEST_BODY))
                .service(web::resource("/{bytes}").route(web::post().to(answer)))
        };
        let server = HttpServer::new(app).workers(1).tcp_nodelay(true).disable_signals();
        let server = match tls {
            Some(config) => server.bind_rustls_0_23(LOOPBACK, config),
            None => server.bind(LOOPBACK),
        }
        .unwrap();
        (*server.addrs().first().unwrap(), server.run())
    })
}

/// Serves on a thread of its own, as long as this process lives.
fn start<R: Future<Output = std::io::Result<()>> + 'static>(
    make: impl FnOnce() -> (SocketAddr, R) + Send + 'static,
) -> SocketAddr {
    let (tell, reported) = channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let (address, run) = make();
            tell.send(address).unwrap();
            run.await.unwrap();
        });
    });
    reported.recv().unwrap()
}

/// A connection that is kept open.
pub(crate) struct Caller {
    stream: Box<dyn ReadWrite>,
    buffer: Vec<u8>,
}

trait ReadWrite: Read + Write + Send {}
impl<T: Read + Write + Send> ReadWrite for T {}

impl Caller {
    pub(crate) fn new(to: SocketAddr, trust: &Trust, transport: Transport) -> Self {
        let tcp = TcpStream::connect(to).unwrap();
        tcp.set_nodelay(true).unwrap();
        let stream: Box<dyn ReadWrite> = match transport {
            Transport::Plain => Box::new(tcp),
            Transport::Tls => {
                let name = ServerName::from(to.ip());
                Box::new(StreamOwned::new(ClientConnection::new(Arc::clone(&trust.calling), name).unwrap(), tcp))
            }
        };
        Self { stream, buffer: Vec::new() }
    }

    /// Asks, and reads the answer to its end: how many bytes its body has.
    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> usize {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).unwrap();
        self.stream.write_all(body).unwrap();
        self.stream.flush().unwrap();
        self.buffer.clear();
        let mut part = vec![0; 64 << 10];
        loop {
            if let Some((head, body)) = split(&self.buffer) {
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                let length = length(head);
                if body >= length {
                    return length;
                }
            }
            let read = self.stream.read(&mut part).unwrap();
            assert!(read > 0, "the server hung up");
            self.buffer.extend_from_slice(&part[..read]);
        }
    }
}

/// The head of an answer, and how much of its body has arrived.
fn split(answer: &[u8]) -> Option<(&str, usize)> {
    const END: &[u8] = b"\r\n\r\n";
    let end = answer.windows(END.len()).position(|window| window == END)?;
    Some((std::str::from_utf8(answer.get(..end)?).unwrap(), answer.len() - end - END.len()))
}

fn length(head: &str) -> usize {
    let header = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = header.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().unwrap().1.trim().parse().unwrap()
}

/// An API server that never answers: nothing is asked of it.
#[derive(Debug)]
struct Unasked;

impl PodApi for Unasked {
    fn bind<'a>(&'a self, _: &'a PendingBinding) -> BoxFuture<'a, Result<(), WriteError>> {
        Box::pin(std::future::pending())
    }

    fn get_pod<'a>(&'a self, _: &'a PodKey) -> BoxFuture<'a, Result<Pod, WriteError>> {
        Box::pin(std::future::pending())
    }

    fn announce_epoch<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), WriteError>> {
        Box::pin(std::future::pending())
    }

    fn announced_epoch(&self) -> BoxFuture<'_, Result<Option<String>, WriteError>> {
        Box::pin(std::future::pending())
    }

    fn write_fencing_token<'a>(&'a self, _: &'a PodKey, _: &'a str) -> BoxFuture<'a, Result<Pod, WriteError>> {
        Box::pin(std::future::pending())
    }
}
