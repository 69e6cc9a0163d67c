//! The program under test: one process of `outrigger serve` on loopback, and how it is asked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

use crate::api_server::ApiServer;
use crate::keeper::bound_to_us;
use crate::ports::free_address;
use crate::process::Process;

/// Longer than any answer takes, on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A running `outrigger serve` with both roles; it ends when it is dropped.
pub(crate) struct Program {
    pub(crate) process: Process,
    pub(crate) extender: Caller,
    pub(crate) admission: Caller,
    pub(crate) operations: Caller,
    pub(crate) folder: TempDir,
}

/// How a program is started.
#[derive(Clone, Copy, Default)]
pub(crate) struct Settings<'a> {
    /// Policy files by name; without them the shipped ones apply.
    pub(crate) policies: &'a [(&'a str, &'a str)],
    /// Arguments more.
    pub(crate) arguments: &'a [&'a str],
}

impl Program {
    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(api: &ApiServer, settings: Settings<'_>) -> Self {
        let mut program = Self::launch(api, settings);
        let operations = program.operations.clone();
        program.process.ready(PATIENCE, async || operations.get("/readyz").await?.succeeded()).await.unwrap();
        program
    }

    /// Starts it, and waits until it can say whether it is ready.
    pub(crate) async fn start_unready(api: &ApiServer, settings: Settings<'_>) -> Self {
        let mut program = Self::launch(api, settings);
        let operations = program.operations.clone();
        program.process.ready(PATIENCE, async || operations.get("/livez").await?.succeeded()).await.unwrap();
        program
    }

    fn launch(api: &ApiServer, settings: Settings<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        issue(folder.path());
        let [extender, admission, operations] = [(); 3].map(|()| free_address().unwrap());
        let mut command = bound_to_us(env!("CARGO_BIN_EXE_outrigger"));
        command.args(["serve", "--role", "extender,admission", "--kubeconfig"]).arg(api.kubeconfig(folder.path()));
        command.arg(format!("--extender-listen={extender}")).arg(format!("--admission-listen={admission}"));
        command.arg(format!("--metrics-listen={operations}")).current_dir(folder.path()).env_remove("RUST_LOG");
        command.args(["--tls-cert", "tls.crt", "--tls-key", "tls.key"]).args(settings.arguments);
        if !settings.policies.is_empty() {
            std::fs::create_dir(folder.path().join("policies")).unwrap();
            command.args(["--policies", "policies"]);
        }
        for (name, text) in settings.policies {
            std::fs::write(folder.path().join("policies").join(name), text).unwrap();
        }
        let process = Process::start("outrigger", command, folder.path()).unwrap();
        let admission = Caller::trusting(admission, &folder.path().join("ca.crt"));
        Self { process, extender: Caller::plain(extender), admission, operations: Caller::plain(operations), folder }
    }

    /// The value of a metric, by its name and labels as they are exposed.
    pub(crate) async fn metric(&self, series: &str) -> Result<f64> {
        let exposed = self.operations.get("/metrics").await?;
        let value = exposed.body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(value.with_context(|| format!("no `{series}` in\n{}", exposed.body))?.parse()?)
    }

    /// The most memory that it has had, in MiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        peak.unwrap().trim().parse::<u64>().unwrap() / 1_024
    }

    /// What it has printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("outrigger.log")).unwrap()
    }
}

/// Writes a new authority and certificate for loopback into a folder.
pub(crate) fn issue(folder: &Path) {
    let mut command = assert_cmd::Command::cargo_bin("outrigger").unwrap();
    command.args(["certs", "--name", "127.0.0.1", "--name", "localhost", "--out"]).arg(folder).assert().code(0);
}

/// A client with a pool of connections to one listener.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn succeeded(&self) -> Result<()> {
        ensure!(self.status == 200, "{}: {}", self.status, self.body);
        Ok(())
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Caller {
    /// Without TLS.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self::new(address, "http", RootCertStore::empty(), None)
    }

    /// With TLS, trusting the authority in a file.
    pub(crate) fn trusting(address: SocketAddr, authority: &PathBuf) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
        Self::new(address, "https", roots, None)
    }

    /// With TLS, trusting the authority in a folder and showing the certificate of a caller in another.
    pub(crate) fn showing(address: SocketAddr, authority: &Path, client: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority.join("ca.crt")).unwrap()).unwrap();
        let certificate = CertificateDer::from_pem_file(client.join("client.crt")).unwrap();
        let key = PrivateKeyDer::from_pem_file(client.join("client.key")).unwrap();
        Self::new(address, "https", roots, Some((certificate, key)))
    }

    fn new(
        address: SocketAddr,
        scheme: &'static str,
        roots: RootCertStore,
        shown: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    ) -> Self {
        let config = ClientConfig::builder_with_provider(outrigger::tls::provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match shown {
            Some((certificate, key)) => config.with_client_auth_cert(vec![certificate], key).unwrap(),
            None => config.with_no_client_auth(),
        };
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        Self { address, scheme, client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answered> {
        self.ask("GET", path, Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<Answered> {
        self.ask("POST", path, body.into()).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Bytes) -> Result<Answered> {
        let uri = format!("{}://{}{path}", self.scheme, self.address);
        let request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
        let response = tokio::time::timeout(PATIENCE, self.client.request(request.body(Full::new(body))?)).await??;
        let status = response.status().as_u16();
        let body = tokio::time::timeout(PATIENCE, response.into_body().collect()).await??.to_bytes();
        Ok(Answered { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}
