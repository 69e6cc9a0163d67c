//! A certificate and its key, from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::provider::provider;

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(String, #[source] std::io::Error),
    /// A file holds no PEM of the expected kind.
    #[error("{0}: no {1} in PEM form: {2}")]
    Pem(String, &'static str, String),
    /// The certificate and the key do not belong together, or the key is of no known kind.
    #[error("certificate {0} and key {1} cannot be used together: {2}")]
    Mismatch(String, String, #[source] rustls::Error),
    /// The certificate cannot be parsed.
    #[error("{0}: not a certificate: {1}")]
    Certificate(String, String),
}

/// A certificate and its key, fit to be served.
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
    let read = |path: &Path| std::fs::read(path).map_err(|error| LoadError::Read(path.display().to_string(), error));
    let (chain_pem, key_pem) = (read(certificate)?, read(key)?);
    parse(&chain_pem, &key_pem, (&certificate.to_owned(), &key.to_owned()))
}

/// The same from memory; the names are for errors.
pub(super) fn parse(chain: &[u8], key: &[u8], (chain_name, key_name): (&PathBuf, &PathBuf)) -> Result<Pair, LoadError> {
    let chain_name = chain_name.display().to_string();
    let key_name = key_name.display().to_string();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|error| LoadError::Pem(chain_name.clone(), "certificate", error.to_string()))?;
    let Some(leaf) = chain.first() else {
        return Err(LoadError::Pem(chain_name, "certificate", "the file has none".to_owned()));
    };
    let (_, parsed) = X509Certificate::from_der(leaf)
        .map_err(|error| LoadError::Certificate(chain_name.clone(), error.to_string()))?;
    let expires = parsed.validity().not_after.timestamp();
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| LoadError::Pem(key_name.clone(), "private key", error.to_string()))?;
    let certified = CertifiedKey::from_der(chain, key, &provider())
        .map_err(|error| LoadError::Mismatch(chain_name, key_name, error))?;
    Ok(Pair { certified: Arc::new(certified), expires })
}
