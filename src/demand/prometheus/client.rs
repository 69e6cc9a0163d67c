//! One request to a Prometheus: TLS by the authorities in a file, a token from a file, a time-out, and a bounded answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use super::answer::parse_error;
use crate::demand::source::{FailureKind, SourceError, with_causes};
use crate::files::read_text;
use crate::policy::PrometheusSettings;
use crate::tls::{self, ServerAuthorities};

type Connections = Pool<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// A token of a service account has about a kilobyte.
const LARGEST_TOKEN_BYTES: u64 = 64 << 10;
/// How much is read of an answer that says why a request failed.
const LARGEST_PROBLEM_BYTES: usize = 16 << 10;

/// A client of one Prometheus.
pub(super) struct Client {
    url: Box<str>,
    ca_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    timeout: Duration,
    connections: Option<(Vec<u8>, Connections)>,
}

impl Client {
    pub(super) fn new(settings: &PrometheusSettings) -> Self {
        let path = |file: &Option<Box<str>>| file.as_deref().map(PathBuf::from);
        Self {
            url: settings.url.clone(),
            ca_file: path(&settings.ca_file),
            token_file: path(&settings.token_file),
            timeout: settings.timeout.unsigned_abs(),
            connections: None,
        }
    }

    /// Gets what stands at a path below the address, at most so many bytes.
    pub(super) async fn get(&mut self, path_and_query: &str, most_bytes: usize) -> Result<Bytes, SourceError> {
        let connections = self.connections()?;
        let mut request = Request::get(format!("{}{path_and_query}", self.url));
        if let Some(file) = &self.token_file {
            request = request.header(AUTHORIZATION, authorization(file)?);
        }
        let request = request
            .body(Empty::new())
            .map_err(|error| SourceError::new(FailureKind::Connection, format_args!("{}: {error}", self.url)))?;
        match tokio::time::timeout(self.timeout, exchange(&connections, request, most_bytes)).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                let problem = format!("no whole answer within {} s", self.timeout.as_secs());
                Err(SourceError::new(FailureKind::Timeout, problem))
            }
        }
    }

    /// The connections, made anew when the file with the authorities has changed. A file that is broken later changes
    /// nothing.
    fn connections(&mut self) -> Result<Connections, SourceError> {
        let authorities = self.ca_file.as_deref().map(ServerAuthorities::from_file).transpose();
        let authorities = match (authorities, &self.connections) {
            (Ok(authorities), _) => authorities,
            (Err(error), Some((_, known))) => {
                tracing::warn!(%error, "the authorities of Prometheus cannot be reloaded; the last good ones stay in use");
                return Ok(known.clone());
            }
            (Err(error), None) => return Err(SourceError::new(FailureKind::Credentials, error)),
        };
        let pem = authorities.as_ref().map(|authorities| authorities.pem.clone()).unwrap_or_default();
        if let Some((known_pem, known)) = &self.connections
            && *known_pem == pem
        {
            return Ok(known.clone());
        }
        let config = match authorities {
            Some(authorities) => authorities.config,
            None => trusting_nobody()?,
        };
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        let connections = Pool::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build(connector);
        self.connections = Some((pem, connections.clone()));
        Ok(connections)
    }
}

/// The TLS configuration beside an address without TLS.
fn trusting_nobody() -> Result<ClientConfig, SourceError> {
    let config = ClientConfig::builder_with_provider(tls::provider().into()).with_safe_default_protocol_versions();
    let config = config.map_err(|error| SourceError::new(FailureKind::Credentials, error))?;
    Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// The header with the token. The file is read at each request, because tokens are rotated.
fn authorization(file: &Path) -> Result<HeaderValue, SourceError> {
    let unusable = |problem: &dyn std::fmt::Display| SourceError::new(FailureKind::Credentials, problem);
    let token = read_text(file, LARGEST_TOKEN_BYTES).map_err(|error| unusable(&error))?;
    // The error of a header would hold nothing of the token; its text is not needed either.
    let header = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
    let mut header =
        header.map_err(|_not_text| unusable(&format_args!("{}: the file is not a token", file.display())))?;
    header.set_sensitive(true);
    Ok(header)
}

async fn exchange(
    connections: &Connections,
    request: Request<Empty<Bytes>>,
    most_bytes: usize,
) -> Result<Bytes, SourceError> {
    let broken = |error: &dyn std::error::Error| SourceError::new(FailureKind::Connection, with_causes(error));
    let answer = connections.request(request).await.map_err(|error| broken(&error))?;
    let status = answer.status();
    let most_bytes = if status == StatusCode::OK { most_bytes } else { LARGEST_PROBLEM_BYTES };
    let body = Limited::new(answer.into_body(), most_bytes).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            SourceError::new(
                FailureKind::TooLarge,
                format_args!("{status}: the answer has more than {most_bytes} bytes"),
            )
        } else {
            broken(&*error)
        }
    })?;
    let body = body.to_bytes();
    if status == StatusCode::OK {
        Ok(body)
    } else {
        Err(SourceError::new(FailureKind::Status, format_args!("{status}: {}", parse_error(&body))))
    }
}
