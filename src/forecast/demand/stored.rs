//! The state of demand as bytes, to be kept over restarts.
//!
//! The body is that of `postcard`: two bytes a sample, where JSON takes five, and 32 MB for 2,000 jobs. A header holds what
//! tells a damaged file: its kind, its version, its length, and a checksum of everything.

use super::grid::DemandGrid;
use super::limits::DemandLimits;
use super::state::DemandState;

/// The longest state that is read, in bytes.
pub const MOST_STATE_BYTES: usize = 512 << 20;

const KIND: [u8; 8] = *b"outrdmnd";
/// Grows whenever the body means something else.
const VERSION: u32 = 1;
/// The kind, the version, the length of the body, and the checksum.
const HEADER_BYTES: usize = 8 + 4 + 8 + 4;

/// Why bytes are no state of demand.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The bytes are something else.
    #[error("this is no state of demand")]
    Kind,
    /// Another version of Outrigger wrote the state.
    #[error("the state of demand has version {found}; this program reads version {VERSION}")]
    Version {
        /// The version of the state.
        found: u32,
    },
    /// The state is longer than [`MOST_STATE_BYTES`].
    #[error("the state of demand has {bytes} bytes; at most {MOST_STATE_BYTES} are read")]
    TooLong {
        /// The length.
        bytes: usize,
    },
    /// Bytes are missing, or were changed.
    #[error("the state of demand is damaged: {problem}")]
    Damaged {
        /// What is wrong.
        problem: String,
    },
    /// The state was written with another step, season or horizon.
    #[error("the state of demand was written for steps of {:#}; the policies now say otherwise", .found.step())]
    Grid {
        /// The grid of the state.
        found: DemandGrid,
    },
    /// The state cannot be written.
    #[error("the state of demand cannot be written: {0}")]
    Write(#[source] postcard::Error),
}

impl DemandState {
    /// The state as bytes.
    ///
    /// # Errors
    /// [`StateError::Write`]; no state is known that cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        let body = postcard::to_stdvec(self).map_err(StateError::Write)?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend(KIND);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(u64::try_from(body.len()).unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend(checksum(&bytes, &body).to_le_bytes());
        bytes.extend(body);
        Ok(bytes)
    }

    /// The state that was written as these bytes, whose forecasts are those of the state that was written.
    ///
    /// # Errors
    /// [`StateError`]: the bytes are no state of this program and grid, or are damaged.
    pub fn from_bytes(bytes: &[u8], grid: DemandGrid, limits: DemandLimits) -> Result<Self, StateError> {
        if bytes.len() > MOST_STATE_BYTES {
            return Err(StateError::TooLong { bytes: bytes.len() });
        }
        let body = body(bytes)?;
        let damaged = |problem: &str| StateError::Damaged { problem: problem.to_owned() };
        let (state, rest): (Self, &[u8]) =
            postcard::take_from_bytes(body).map_err(|error| damaged(&error.to_string()))?;
        if !rest.is_empty() {
            return Err(damaged("bytes follow it"));
        }
        if state.grid() != grid {
            return Err(StateError::Grid { found: state.grid() });
        }
        state.complete(limits).ok_or_else(|| damaged("its numbers contradict each other"))
    }
}

/// The body, once the header was checked.
fn body(bytes: &[u8]) -> Result<&[u8], StateError> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES).ok_or(StateError::Kind)?;
    let (kind, rest) = header.split_first_chunk::<8>().ok_or(StateError::Kind)?;
    let (version, rest) = rest.split_first_chunk::<4>().ok_or(StateError::Kind)?;
    let (length, sum) = rest.split_first_chunk::<8>().ok_or(StateError::Kind)?;
    if *kind != KIND {
        return Err(StateError::Kind);
    }
    let found = u32::from_le_bytes(*version);
    if found != VERSION {
        return Err(StateError::Version { found });
    }
    let length = u64::from_le_bytes(*length);
    if u64::try_from(body.len()) != Ok(length) {
        let problem = format!("it has {} bytes instead of {length}", body.len());
        return Err(StateError::Damaged { problem });
    }
    let checked = header.split_at_checked(HEADER_BYTES - sum.len()).map_or(header, |(checked, _)| checked);
    if checksum(checked, body).to_le_bytes() != *sum {
        return Err(StateError::Damaged { problem: "its checksum differs".to_owned() });
    }
    Ok(body)
}

fn checksum(header: &[u8], body: &[u8]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(header);
    checksum.update(body);
    checksum.finalize()
}

#[cfg(test)]
#[path = "tests/stored.rs"]
mod tests;
