//! The TLS configuration of a client that trusts the authorities in a file, and no others.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;

use super::load::{Authorities, LoadError, load_authorities, provider};

/// The authorities that a client trusts.
#[derive(Clone, Debug)]
pub struct ServerAuthorities {
    /// The file as it was read.
    pub pem: Vec<u8>,
    /// The configuration of a client that trusts them.
    pub config: ClientConfig,
}

impl ServerAuthorities {
    /// Reads the authorities in a file of PEM certificates.
    ///
    /// # Errors
    /// [`LoadError`] naming the file.
    pub fn from_file(file: &Path) -> Result<Self, LoadError> {
        let Authorities { pem, roots, expires: _ } = load_authorities(file)?;
        let config = ClientConfig::builder_with_provider(Arc::new(provider())).with_safe_default_protocol_versions();
        let config = config
            .map_err(|error| LoadError::Certificate { file: file.display().to_string(), problem: error.to_string() })?;
        Ok(Self { pem, config: config.with_root_certificates(roots).with_no_client_auth() })
    }
}
