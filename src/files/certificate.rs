//! The files of a serving certificate.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::poll::poll;
use crate::tls::ServingCertificate;

const PERIOD: Duration = Duration::from_secs(5);

/// Reloads a certificate when its files change.
pub(crate) async fn follow_certificate(certificate: Arc<ServingCertificate>) -> Infallible {
    poll(PERIOD, || certificate.reload()).await
}
