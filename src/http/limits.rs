//! The limits of requests: size, memory, time and connections.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, Payload};
use futures::StreamExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// The largest body: an AdmissionReview of an UPDATE carries two objects of up to 3 MiB, and 15,000 node names need less
/// than 1 MiB.
pub(super) const LARGEST_BODY: usize = 8 << 20;
/// The largest small body: nearly every review and every bind request is smaller.
const SMALL_BODY: usize = 64 << 10;
/// How much memory small bodies may hold at one time, and how much large bodies may hold: callers that send large bodies,
/// or send them slowly, cannot keep out small bodies.
const ROOM: usize = 16 << 20;
/// How long a request waits for room. The API server gives up after one second, kube-scheduler after five.
const ROOM_DEADLINE: Duration = Duration::from_millis(500);
/// A body must arrive within this time.
pub(super) const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// How long an idle connection of the API server or of kube-scheduler lives. They keep idle connections for 90 s and do not
/// retry a POST, so that the server has to keep them longer.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(150);
/// How long an idle connection of any other caller lives: probes and Prometheus ask at most once a second.
pub(super) const SHORT_KEEP_ALIVE: Duration = Duration::from_secs(5);
/// The head of a request must arrive within this time.
pub(super) const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// How long requests in flight may take once the server stops.
pub(super) const SHUTDOWN_SECONDS: u64 = 10;
/// The largest number of open connections of one worker. Further ones wait to be accepted.
pub(super) const CONNECTIONS: usize = 1_024;
/// The largest number of open connections of a listener while some are idle: an idle one is closed for each further one.
/// The API servers and kube-scheduler need a few dozen.
pub(super) const KEPT_CONNECTIONS: usize = 256;
/// The same for probes and Prometheus.
pub(super) const FEW_KEPT_CONNECTIONS: usize = 64;

/// The room for bodies in memory, shared by all workers of a server.
#[derive(Debug)]
pub(super) struct Intake {
    small: Semaphore,
    large: Semaphore,
    /// The turn to parse a large body.
    turn: Semaphore,
}

/// A body. It occupies its room until it is dropped.
#[derive(Debug)]
pub(super) struct Body<'a> {
    bytes: Bytes,
    _room: SemaphorePermit<'a>,
}

/// The turn to parse a body, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(#[expect(dead_code, reason = "held, not read")] Option<SemaphorePermit<'a>>);

impl std::ops::Deref for Body<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Default for Intake {
    fn default() -> Self {
        Self { small: Semaphore::new(ROOM), large: Semaphore::new(ROOM), turn: Semaphore::new(1) }
    }
}

impl Intake {
    /// Reads a body within its limits. An error is the status to answer with, and the problem.
    pub(super) async fn read(&self, request: &HttpRequest, payload: Payload) -> Result<Body<'_>, (StatusCode, String)> {
        // A body without an announced length may become as long as the largest.
        let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let length = announced.unwrap_or(LARGEST_BODY);
        if length > LARGEST_BODY {
            return Err(too_large());
        }
        let room = match self.room(length).await {
            Ok(room) => room,
            Err(no_room) => {
                discard(payload).await;
                return Err(no_room);
            }
        };
        match tokio::time::timeout(BODY_DEADLINE, payload.to_bytes_limited(LARGEST_BODY)).await {
            Err(_elapsed) => {
                let problem = format!("the body did not arrive within {} s", BODY_DEADLINE.as_secs());
                Err((StatusCode::REQUEST_TIMEOUT, problem))
            }
            Ok(Err(_limit)) => Err(too_large()),
            Ok(Ok(Err(error))) => Err((StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))),
            Ok(Ok(Ok(bytes))) => Ok(Body { bytes, _room: room }),
        }
    }

    /// Waits for the turn to parse this body: large bodies are parsed one at a time, because a parsed body takes many
    /// times its memory. Small bodies do not wait. An error is the status to answer with, and the problem.
    pub(super) async fn turn(&self, body: &Body<'_>) -> Result<Turn<'_>, (StatusCode, String)> {
        if body.len() <= SMALL_BODY {
            return Ok(Turn(None));
        }
        let deadline = Instant::now() + ROOM_DEADLINE;
        let permit = tokio::time::timeout_at(deadline, self.turn.acquire()).await;
        // A turn that comes too late, because other work kept the thread busy, is of no use to the caller.
        let permit = permit.ok().and_then(Result::ok).filter(|_| Instant::now() < deadline);
        permit.map(|permit| Turn(Some(permit))).ok_or_else(no_room)
    }

    async fn room(&self, length: usize) -> Result<SemaphorePermit<'_>, (StatusCode, String)> {
        let lane = if length <= SMALL_BODY { &self.small } else { &self.large };
        let bytes = u32::try_from(length).unwrap_or(u32::MAX);
        let waited = tokio::time::timeout(ROOM_DEADLINE, lane.acquire_many(bytes)).await;
        // The semaphores are never closed, so that the only error is the timeout.
        waited.ok().and_then(Result::ok).ok_or_else(no_room)
    }
}

fn no_room() -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, "too many bodies of this size at one time; try again".to_owned())
}

/// Reads a body and keeps nothing of it. A caller that is still sending when the connection closes may lose the answer.
async fn discard(mut payload: Payload) {
    let read = async {
        let mut length = 0_usize;
        while let Some(Ok(chunk)) = payload.next().await {
            length = length.saturating_add(chunk.len());
            if length > LARGEST_BODY {
                return;
            }
        }
    };
    let _in_time: Result<(), Elapsed> = tokio::time::timeout(BODY_DEADLINE, read).await;
}

fn too_large() -> (StatusCode, String) {
    (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {LARGEST_BODY} bytes"))
}

#[cfg(test)]
#[path = "tests/limits.rs"]
mod tests;
