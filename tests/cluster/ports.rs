//! Free ports on 127.0.0.1.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};

/// Below the range from which Linux takes the local ports of outgoing connections (32768 and up): a port from that
/// range can be taken by any client between our look and the server's bind.
const FIRST: u16 = 20_000;
const COUNT: u32 = 10_000;

/// No port is handed out twice by this process, and test processes that run side by side start at different ones.
static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(64)));

/// An address on which nobody listens.
///
/// # Errors
///
/// Fails when all ports of the range are taken.
pub(crate) fn free_address() -> Result<SocketAddr> {
    (0..COUNT)
        .filter_map(|_| u16::try_from(NEXT.fetch_add(1, Ordering::Relaxed) % COUNT).ok())
        .map(|offset| SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + offset)))
        .find(|address| TcpListener::bind(address).is_ok())
        .context("no free port on 127.0.0.1")
}
