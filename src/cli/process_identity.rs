//! The name of this process in leases, events and fencing tokens.

use std::time::{SystemTime, UNIX_EPOCH};

/// The longest part of the host name in an identity: the API server bounds the name of the instance in events.
const MOST_OF_HOST: usize = 63;

/// A name that no other process has, and that tells people where the process runs: the name of the pod or host, the start
/// time and the process ID.
#[expect(clippy::disallowed_methods, reason = "host name, start time and process ID name the process")]
pub(super) fn process_identity() -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Kubernetes names the host of a pod after the pod.
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    identity(host.trim(), started.as_nanos(), std::process::id())
}

fn identity(host: &str, started: u128, process: u32) -> String {
    let is_legal = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let host: String = host.chars().filter(is_legal).take(MOST_OF_HOST).collect();
    let host = if host.is_empty() { "outrigger".to_owned() } else { host };
    format!("{host}_{started:x}-{process:x}")
}

#[cfg(test)]
#[path = "tests/process_identity.rs"]
mod tests;
