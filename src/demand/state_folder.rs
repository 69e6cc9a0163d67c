//! The folder in which what was learnt of demand outlives the process.
//!
//! One file, written beside its name and renamed, so that a crash leaves the old file or the new one. A file that cannot be
//! read is set aside with the ending `.corrupt`, and nothing is lost that could be looked at.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::forecast::demand::MOST_STATE_BYTES;

/// The file in the folder.
const NAME: &str = "demand.state";
const NEW: &str = "demand.state.new";
const CORRUPT: &str = "demand.state.corrupt";

/// The folder of `--state-dir`.
#[derive(Clone, Debug)]
pub(crate) struct StateFolder(PathBuf);

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub(crate) struct StateFolderError {
    path: String,
    source: std::io::Error,
}

impl StateFolder {
    /// The folder at a path, which is made where it is missing. Its parent has to be there.
    ///
    /// # Errors
    /// [`StateFolderError`] where the path is no folder, or a file cannot be written there.
    pub(crate) fn open(path: &Path) -> Result<Self, StateFolderError> {
        match std::fs::create_dir(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(path, error)),
            Ok(()) | Err(_) => {}
        }
        let folder = Self(path.to_owned());
        let probe = folder.0.join(NEW);
        File::create(&probe).map_err(|error| failed(&probe, error))?;
        std::fs::remove_file(&probe).map_err(|error| failed(&probe, error))?;
        Ok(folder)
    }

    /// What was written last; `None` where nothing was.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, StateFolderError> {
        let path = self.0.join(NAME);
        let error = |error| failed(&path, error);
        let file = match File::open(&path) {
            Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(error)?,
        };
        let mut bytes = Vec::new();
        let most = u64::try_from(MOST_STATE_BYTES).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(error)?;
        if bytes.len() > MOST_STATE_BYTES { Err(error(ErrorKind::FileTooLarge.into())) } else { Ok(Some(bytes)) }
    }

    /// Replaces what was written last.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), StateFolderError> {
        let (new, path) = (self.0.join(NEW), self.0.join(NAME));
        let written = || {
            let mut file = File::create(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            // The new name is durable once its folder is.
            File::open(&self.0)?.sync_all()
        };
        written().map_err(|error| failed(&new, error))
    }

    /// Sets the file aside, and returns where it is now.
    pub(super) fn set_aside(&self) -> Result<PathBuf, StateFolderError> {
        let (path, aside) = (self.0.join(NAME), self.0.join(CORRUPT));
        std::fs::rename(&path, &aside).map_err(|error| failed(&path, error))?;
        Ok(aside)
    }
}

fn failed(path: &Path, source: std::io::Error) -> StateFolderError {
    StateFolderError { path: path.display().to_string(), source }
}

#[cfg(test)]
#[path = "tests/state_folder.rs"]
mod tests;
