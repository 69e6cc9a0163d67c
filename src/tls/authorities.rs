//! The authorities of the certificates that callers show: replaced while connections stay open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::load::{Authorities, LoadError, load_authorities, provider};
use crate::telemetry::{self, CertificateLabels};

/// Verifies the certificates of callers by the authorities in a file.
#[derive(Debug)]
pub struct CallerAuthorities {
    labels: CertificateLabels,
    file: PathBuf,
    current: ArcSwap<Current>,
}

#[derive(Debug)]
struct Current {
    pem: Vec<u8>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl CallerAuthorities {
    /// Reads the authorities of a listener, which has this name in metrics.
    ///
    /// # Errors
    /// [`LoadError`] naming the file.
    pub fn from_file(listener: &'static str, file: PathBuf) -> Result<Arc<Self>, LoadError> {
        let labels = CertificateLabels { listener, kind: "client_ca" };
        let (current, expires) = read(&file)?;
        telemetry::certificate_expiry(labels, expires);
        telemetry::certificate_read(labels, true);
        Ok(Arc::new(Self { labels, file, current: ArcSwap::from_pointee(current) }))
    }

    /// Reads the file again. New connections are verified by new authorities; a bad file is logged and not used.
    pub fn reload(&self) {
        let read = read(&self.file);
        telemetry::certificate_read(self.labels, read.is_ok());
        match read {
            Ok((current, _)) if current.pem == self.current.load().pem => {}
            Ok((current, expires)) => {
                telemetry::certificate_expiry(self.labels, expires);
                self.current.store(Arc::new(current));
                tracing::info!("loaded new authorities of callers");
            }
            Err(error) => {
                tracing::error!(%error, "cannot reload the authorities of callers; the last good ones stay in use");
            }
        }
    }

    fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::clone(&self.current.load().verifier)
    }
}

/// Reads the authorities, and when the last of them expires, in seconds since 1970.
fn read(file: &Path) -> Result<(Current, i64), LoadError> {
    let Authorities { pem, roots, expires } = load_authorities(file)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider()))
        .build()
        .map_err(|error| LoadError::Certificate { file: file.display().to_string(), problem: error.to_string() })?;
    Ok((Current { pem, verifier }, expires))
}

impl ClientCertVerifier for CallerAuthorities {
    /// None are named, because the names are borrowed and the authorities may change. Callers have one certificate.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verifier().verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier().supported_verify_schemes()
    }
}
