//! What is measured of nodes, from a file: looked at again while running, together with the clock by which it ages and
//! by which PEs settle.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::store::Store;
use crate::api::{DocumentError, loads};
use crate::model::{Load, NodeName};
use crate::placement::QUIET;
use crate::state::Event;
use crate::telemetry;

/// How often the file and the clock are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// A line for each of as many nodes as a cluster of Kubernetes may have is far less.
const LARGEST_FILE: u64 = 8 << 20;

/// Why a file of measurements cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadFileError {
    /// It cannot be read.
    #[error("{0}: {1}")]
    Read(String, #[source] std::io::Error),
    /// What stands in it is wrong.
    #[error(transparent)]
    Invalid(#[from] DocumentError),
}

/// Reads a file of measurements.
///
/// # Errors
/// [`LoadFileError`] with file, line and field.
pub fn read_loads(path: &Path) -> Result<BTreeMap<NodeName, Load>, LoadFileError> {
    parse(path, &read(path)?)
}

fn parse(path: &Path, text: &str) -> Result<BTreeMap<NodeName, Load>, LoadFileError> {
    Ok(loads(&path.display().to_string(), text)?)
}

#[expect(clippy::disallowed_methods, reason = "files of measurements are read here and nowhere else")]
fn read(path: &Path) -> Result<String, LoadFileError> {
    let failed = |error| LoadFileError::Read(path.display().to_string(), error);
    if std::fs::metadata(path).map_err(failed)?.len() > LARGEST_FILE {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Keeps measurements and their age in step.
#[derive(Debug, Default)]
pub struct LoadFeed {
    file: Option<PathBuf>,
    /// What was last read of it, good or bad.
    read: Option<Result<String, String>>,
}

impl LoadFeed {
    /// A feed from this file; without one, of what nodes say of themselves.
    ///
    /// A file that is not there yet, or broken, stops no start: measurements are data, and no data is a case.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file, read: None }
    }

    /// Looks at the file and the clock from now on.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn follow(mut self, store: &Store) -> Infallible {
        let mut ticks = tokio::time::interval(PERIOD);
        loop {
            ticks.tick().await;
            self.look(store);
        }
    }

    /// Looks at the file and the clock once. A bad change is reported, and the last good measurements stay until they
    /// are too old.
    pub fn look(&mut self, store: &Store) {
        let changed = self.file.clone().and_then(|path| self.changed(&path));
        let now = now();
        let settled = now.saturating_sub(QUIET).unwrap_or(Timestamp::MIN);
        store.apply(changed.map(Event::Loads).into_iter().chain([Event::Time(now), Event::Settled(settled)]));
    }

    /// The measurements, where the file has changed and is good.
    fn changed(&mut self, path: &Path) -> Option<BTreeMap<NodeName, Load>> {
        let read = read(path);
        let seen = read.as_ref().map(String::clone).map_err(ToString::to_string);
        if self.read.as_ref() == Some(&seen) {
            return None;
        }
        self.read = Some(seen);
        match read.and_then(|text| parse(path, &text)) {
            Ok(loads) => {
                telemetry::load_file_read(true);
                tracing::debug!(nodes = loads.len(), "measurements were read");
                Some(loads)
            }
            Err(error) => {
                telemetry::load_file_read(false);
                tracing::error!(%error, "measurements cannot be read; the last good ones count until they are too old");
                None
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measurements grow old by this clock")]
fn now() -> Timestamp {
    Timestamp::now()
}
