//! The serving certificate: new connections get the current one, open connections keep theirs.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::authorities::CallerAuthorities;
use super::issue::Issued;
use super::load::{LoadError, Pair, load, parse, provider};
use crate::telemetry::{self, CertificateLabels};

/// The certificate that the server presents, and its files.
#[derive(Debug)]
pub struct ServingCertificate {
    labels: CertificateLabels,
    current: ArcSwap<CertifiedKey>,
    files: Option<(PathBuf, PathBuf)>,
}

impl ServingCertificate {
    /// Serves a pair from files on a listener, which has this name in metrics.
    ///
    /// # Errors
    /// [`LoadError`] naming the file.
    pub fn from_files(listener: &'static str, certificate: PathBuf, key: PathBuf) -> Result<Arc<Self>, LoadError> {
        let pair = load(&certificate, &key)?;
        Ok(Self::serving(listener, pair, Some((certificate, key))))
    }

    /// Serves a pair that was just made on a listener, which has this name in metrics.
    ///
    /// # Errors
    /// [`LoadError`] when it cannot be read back.
    pub fn from_issued(listener: &'static str, issued: &Issued) -> Result<Arc<Self>, LoadError> {
        let name = PathBuf::from("the certificate just made");
        let pair = parse(issued.certificate.as_bytes(), issued.key.as_bytes(), (&name, &name))?;
        Ok(Self::serving(listener, pair, None))
    }

    fn serving(listener: &'static str, pair: Pair, files: Option<(PathBuf, PathBuf)>) -> Arc<Self> {
        let labels = CertificateLabels { listener, kind: "serving" };
        telemetry::certificate_expiry(labels, pair.expires);
        telemetry::certificate_read(labels, true);
        Arc::new(Self { labels, current: ArcSwap::new(pair.certified), files })
    }

    /// Reads the files again. New connections get a new certificate; a bad certificate is logged and not used.
    pub fn reload(&self) {
        let Some((certificate, key)) = &self.files else { return };
        let loaded = load(certificate, key);
        telemetry::certificate_read(self.labels, loaded.is_ok());
        match loaded {
            Ok(pair) if pair.certified.cert == self.current.load().cert => {}
            Ok(pair) => {
                telemetry::certificate_expiry(self.labels, pair.expires);
                self.current.store(pair.certified);
                tracing::info!("loaded a new certificate");
            }
            Err(error) => {
                tracing::error!(%error, "cannot reload the certificate; the last good certificate stays in use");
            }
        }
    }

    /// The TLS configuration of a server with this certificate.
    ///
    /// # Errors
    /// [`rustls::Error`] when the provider supports no protocol version.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        Ok(config)
    }

    /// The TLS configuration of a server with this certificate that asks each caller for a certificate of one of these
    /// authorities.
    ///
    /// # Errors
    /// [`rustls::Error`] when the provider supports no protocol version.
    pub fn mutual_server_config(
        self: &Arc<Self>,
        callers: Arc<CallerAuthorities>,
    ) -> Result<ServerConfig, rustls::Error> {
        let config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(callers)
            .with_cert_resolver(Arc::<Self>::clone(self));
        Ok(config)
    }
}

impl ResolvesServerCert for ServingCertificate {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}
