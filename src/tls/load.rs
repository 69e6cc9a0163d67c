//! A certificate and its key, from files, and the cryptography behind them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file holds no PEM of the expected kind.
    #[error("{file}: no {expected} in PEM form: {problem}")]
    Pem {
        /// The file.
        file: String,
        /// The kind of PEM that the file should hold.
        expected: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The certificate and the key do not belong together, or the key is of no known kind.
    #[error("certificate {certificate} and key {key} cannot be used together: {source}")]
    Mismatch {
        /// The file of the certificate.
        certificate: String,
        /// The file of the key.
        key: String,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The certificate cannot be parsed.
    #[error("{file}: not a certificate: {problem}")]
    Certificate {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
}

/// A certificate with its key, checked to belong together.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The chain and the signing key.
    pub certified: Arc<CertifiedKey>,
    /// When the leaf expires, in seconds since 1970.
    pub expires: i64,
}

/// Loads a certificate chain and its key.
///
/// # Errors
/// [`LoadError`] naming the file.
#[expect(clippy::disallowed_methods, reason = "certificate files are read here and nowhere else")]
pub fn load(certificate: &Path, key: &Path) -> Result<Pair, LoadError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|source| LoadError::Read { file: path.display().to_string(), source })
    };
    let (chain_pem, key_pem) = (read(certificate)?, read(key)?);
    parse(&chain_pem, &key_pem, (&certificate.to_owned(), &key.to_owned()))
}

/// The certificates of authorities.
pub(super) struct Authorities {
    /// The file as it was read.
    pub(super) pem: Vec<u8>,
    pub(super) roots: RootCertStore,
    /// When the last of them expires, in seconds since 1970.
    pub(super) expires: i64,
}

/// Loads the certificates of authorities.
#[expect(clippy::disallowed_methods, reason = "certificate files are read here and nowhere else")]
pub(super) fn load_authorities(file: &Path) -> Result<Authorities, LoadError> {
    let name = file.display().to_string();
    let pem = std::fs::read(file).map_err(|source| LoadError::Read { file: name.clone(), source })?;
    let (mut roots, mut expires) = (RootCertStore::empty(), 0);
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| pem_error(&name, "certificate", &error))?;
        expires = expiry(&certificate, &name)?.max(expires);
        roots
            .add(certificate)
            .map_err(|error| LoadError::Certificate { file: name.clone(), problem: error.to_string() })?;
    }
    if roots.is_empty() {
        return Err(pem_error(&name, "certificate", &"the file has none"));
    }
    Ok(Authorities { pem, roots, expires })
}

/// When a certificate expires, in seconds since 1970; the name of the file is for errors.
fn expiry(certificate: &CertificateDer<'_>, file: &str) -> Result<i64, LoadError> {
    let parsed = X509Certificate::from_der(certificate);
    let (_, parsed) =
        parsed.map_err(|error| LoadError::Certificate { file: file.to_owned(), problem: error.to_string() })?;
    Ok(parsed.validity().not_after.timestamp())
}

/// Parses a certificate chain and its key; the names are for errors.
pub(super) fn parse(chain: &[u8], key: &[u8], (chain_name, key_name): (&PathBuf, &PathBuf)) -> Result<Pair, LoadError> {
    let chain_name = chain_name.display().to_string();
    let key_name = key_name.display().to_string();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|error| pem_error(&chain_name, "certificate", &error))?;
    let Some(leaf) = chain.first() else {
        return Err(pem_error(&chain_name, "certificate", &"the file has none"));
    };
    let expires = expiry(leaf, &chain_name)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| pem_error(&key_name, "private key", &error))?;
    let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|source| LoadError::Mismatch {
        certificate: chain_name,
        key: key_name,
        source,
    })?;
    Ok(Pair { certified: Arc::new(certified), expires })
}

fn pem_error(file: &str, expected: &'static str, problem: &dyn std::fmt::Display) -> LoadError {
    LoadError::Pem { file: file.to_owned(), expected, problem: problem.to_string() }
}

/// The cryptography of every TLS connection of this program: ring.
#[must_use]
pub fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}
