//! The files of certificates.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::poll::poll;
use crate::tls::{CallerAuthorities, ServingCertificate};

const PERIOD: Duration = Duration::from_secs(5);

/// Reloads a certificate when its files change.
pub(crate) async fn follow_certificate(certificate: Arc<ServingCertificate>) -> Infallible {
    poll(PERIOD, || certificate.reload()).await
}

/// Reloads the authorities of callers when their file changes.
pub(crate) async fn follow_authorities(authorities: Arc<CallerAuthorities>) -> Infallible {
    poll(PERIOD, || authorities.reload()).await
}
