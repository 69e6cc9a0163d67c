//! The cryptography behind every TLS connection.

use rustls::crypto::CryptoProvider;

/// The one cryptography of this program: ring (D14).
#[must_use]
pub fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}
