//! The time in a cell of a CSV file.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How to write a time, for messages.
pub(super) const TIME_FORMS: &str = "write 2026-01-31 18:05:00 (UTC), 2026-01-31T18:05:00+01:00, or Unix seconds";

/// The time as Unix seconds, without the fraction of a second; `None` where the text is no time.
pub(super) fn unix_seconds(time: &str) -> Option<i64> {
    if let Ok(timestamp) = time.parse::<Timestamp>() {
        return Some(timestamp.as_second());
    }
    if let Ok(time) = time.parse::<DateTime>() {
        return Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second());
    }
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let second: i64 = whole.parse().ok().filter(|_| fraction.bytes().all(|byte| byte.is_ascii_digit()))?;
    Timestamp::from_second(second).ok().map(|_| second)
}
