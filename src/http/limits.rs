//! What one request may cost, by name and in one place.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Payload};

/// The largest body: an AdmissionReview of an UPDATE carries two objects of up to 3 MiB, and 15,000 node names are
/// under 1 MiB (D14).
pub(super) const LARGEST_BODY: usize = 8 << 20;
/// A body must arrive within this time.
pub(super) const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// Callers keep idle connections for 90 s and do not retry a POST; ours must live longer (D14).
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(150);
/// Requests in flight at a stop get this long.
pub(super) const SHUTDOWN_SECONDS: u64 = 10;
/// Open connections of one worker.
pub(super) const CONNECTIONS: usize = 1_024;

/// Reads a body within its limits; otherwise the status to answer with, and why.
pub(super) async fn read(payload: Payload) -> Result<Bytes, (StatusCode, String)> {
    match tokio::time::timeout(BODY_DEADLINE, payload.to_bytes_limited(LARGEST_BODY)).await {
        Err(_elapsed) => {
            Err((StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {} s", BODY_DEADLINE.as_secs())))
        }
        Ok(Err(_limit)) => {
            Err((StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {LARGEST_BODY} bytes")))
        }
        Ok(Ok(Err(error))) => Err((StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))),
        Ok(Ok(Ok(body))) => Ok(body),
    }
}
