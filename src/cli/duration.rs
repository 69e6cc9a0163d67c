//! A length of time on the command line.

use jiff::SignedDuration;

/// Reads a length of time of at least a second, such as `5m` or `24h`.
pub(super) fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let duration: SignedDuration = text.parse().map_err(|error| format!("{error}"))?;
    if duration < SignedDuration::from_secs(1) { Err("at least 1s".to_owned()) } else { Ok(duration) }
}
