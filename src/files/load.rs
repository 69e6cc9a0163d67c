//! The load file: measurements of nodes, read again while the process runs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::poll::{LastRead, poll};
use super::read::{ReadError, read_text};
use crate::api::{DocumentError, loads};
use crate::model::{Load, NodeName};
use crate::placement::QUIET;
use crate::state::Event;
use crate::store::Store;
use crate::telemetry;

const PERIOD: Duration = Duration::from_secs(1);
/// A file with a line for each node of the largest Kubernetes cluster is far smaller.
const LARGEST_FILE_BYTES: u64 = 8 << 20;

/// Why a load file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The content of the file is invalid.
    #[error(transparent)]
    Invalid(#[from] DocumentError),
}

/// Reads a load file.
///
/// # Errors
/// [`LoadFileError`] with file, line and field.
pub(crate) fn read_loads(path: &Path) -> Result<BTreeMap<NodeName, Load>, LoadFileError> {
    parse(path, &read_text(path, LARGEST_FILE_BYTES)?)
}

fn parse(path: &Path, text: &str) -> Result<BTreeMap<NodeName, Load>, LoadFileError> {
    Ok(loads(&path.display().to_string(), text)?)
}

/// The load file, and the clock by which measurements age.
#[derive(Debug, Default)]
pub(crate) struct LoadFile {
    path: Option<PathBuf>,
    last_read: LastRead<String>,
}

impl LoadFile {
    /// The load file at this path. Without a path, only the annotations of nodes hold measurements, and only the clock
    /// is followed.
    ///
    /// The file may be missing or invalid at start: nothing is known of the load of nodes then.
    #[must_use]
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, last_read: LastRead::default() }
    }

    /// Reads the file and the clock once every second.
    pub(crate) async fn follow(mut self, store: &Store) -> Infallible {
        poll(PERIOD, || self.read_again(store)).await
    }

    /// Reads the file and the clock once. An invalid change is logged, and the last valid measurements count until they
    /// are too old.
    pub(crate) fn read_again(&mut self, store: &Store) {
        let changed = self.path.clone().and_then(|path| self.changed(&path));
        let now = now();
        let settled = Event::Settled { elapsed: elapsed(), quiet: QUIET };
        store.apply(changed.map(Event::Loads).into_iter().chain([Event::Time(now), settled]));
    }

    /// The measurements, where the file has changed and is valid.
    fn changed(&mut self, path: &Path) -> Option<BTreeMap<NodeName, Load>> {
        let read = self.last_read.if_new(read_text(path, LARGEST_FILE_BYTES))?;
        let loads = read.map_err(LoadFileError::from).and_then(|text| parse(path, &text));
        telemetry::load_file_read(loads.is_ok());
        match loads {
            Ok(loads) => {
                tracing::debug!(nodes = loads.len(), "the load file was read");
                Some(loads)
            }
            Err(error) => {
                tracing::error!(%error, "the load file cannot be read; its last valid measurements count until they are too old");
                None
            }
        }
    }
}

/// What has elapsed since this was first asked, by a clock that never steps.
#[expect(clippy::disallowed_methods, reason = "pods settle by this clock")]
fn elapsed() -> SignedDuration {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    let elapsed = STARTED.get_or_init(Instant::now).elapsed();
    SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX)
}

#[expect(clippy::disallowed_methods, reason = "measurements age by this clock")]
fn now() -> Timestamp {
    Timestamp::now()
}
