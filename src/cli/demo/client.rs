//! The HTTPS client of the fake kube-scheduler and the fake API server: it trusts one authority.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use crate::cli::CommandError;
use crate::tls;

/// How long an idle connection is kept, as by kube-scheduler and the API server.
const IDLE: Duration = Duration::from_secs(90);
/// The largest answer.
const LARGEST_ANSWER: usize = 64 << 20;

/// A client that counts its requests by path.
#[derive(Debug)]
pub(super) struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    calls: Mutex<BTreeMap<String, usize>>,
}

impl Client {
    /// A client that trusts the authority with this certificate in PEM, and no other.
    pub(super) fn trusting(authority: &str) -> Result<Self, CommandError> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(authority.as_bytes()).map_err(CommandError::failed)?;
        roots.add(certificate).map_err(CommandError::failed)?;
        let config = ClientConfig::builder_with_provider(Arc::new(tls::provider()))
            .with_safe_default_protocol_versions()
            .map_err(CommandError::failed)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Metrics are plain HTTP, so that the scheme of each address decides.
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        let pool = Pool::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(connector);
        Ok(Self { pool, calls: Mutex::default() })
    }

    /// Posts JSON and reads JSON. Any status but 200 is an error, as it is for kube-scheduler and the API server.
    pub(super) async fn post(&self, address: &str, body: &Value, limit: Duration) -> Result<Value, CommandError> {
        let request = Request::post(address)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))
            .map_err(CommandError::failed)?;
        let answer = self.call(address, request, limit).await?;
        serde_json::from_slice(&answer).map_err(|error| CommandError::failed(format!("{address}: no JSON: {error}")))
    }

    /// Gets text.
    pub(super) async fn get(&self, address: &str, limit: Duration) -> Result<String, CommandError> {
        let request = Request::get(address).body(Full::default()).map_err(CommandError::failed)?;
        let answer = self.call(address, request, limit).await?;
        String::from_utf8(answer.into()).map_err(|error| CommandError::failed(format!("{address}: {error}")))
    }

    /// The number of requests by path.
    pub(super) fn calls(&self) -> BTreeMap<String, usize> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn call(&self, address: &str, request: Request<Full<Bytes>>, limit: Duration) -> Result<Bytes, CommandError> {
        let failed = |problem: &dyn std::fmt::Display| CommandError::failed(format!("{address}: {problem}"));
        let path = request.uri().path().trim_start_matches('/').to_owned();
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_default() += 1;
        let exchange = async {
            let answer = self.pool.request(request).await.map_err(|error| failed(&chain(&error)))?;
            let (status, body) = read(answer).await.map_err(|error| failed(&error))?;
            if status == StatusCode::OK {
                Ok(body)
            } else {
                Err(failed(&format!("{status}: {}", String::from_utf8_lossy(&body))))
            }
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(failed(&format!("no answer within {} s", limit.as_secs()))),
        }
    }
}

async fn read(
    answer: Response<hyper::body::Incoming>,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await?;
    Ok((status, body.to_bytes()))
}

/// An error with its causes: the outermost error alone is "client error (Connect)".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
