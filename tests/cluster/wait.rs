//! Waiting for a condition: never for a time alone.

use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::{Instant, sleep, timeout_at};

/// The shortest time between two looks: short beside what is waited for.
const INTERVAL: Duration = Duration::from_millis(50);

/// Tries until an attempt succeeds and returns what it found. An attempt that fails means "not yet"; its error says
/// what is lacking.
///
/// # Errors
///
/// After `limit`, with the reason of the last attempt.
pub(crate) async fn until<T>(what: &str, limit: Duration, mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + limit;
    let mut lacking = anyhow!("the first attempt did not end");
    loop {
        let started = Instant::now();
        match timeout_at(deadline, attempt()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => lacking = error,
            Err(_) => break,
        }
        // whoever looks must not take more than half of the time from what is looked at
        let pause = started.elapsed().max(INTERVAL);
        if Instant::now() + pause > deadline {
            break;
        }
        sleep(pause).await;
    }
    Err(lacking.context(format!("waited {limit:?} in vain until {what}")))
}
