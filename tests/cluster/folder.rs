//! The cluster's folder: configuration, keys, data and logs. It goes with the cluster, unless the test failed.
#![expect(clippy::print_stderr, reason = "whoever reads the failure of a test has to learn where the logs are")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// A folder that is deleted when it is dropped, unless a test is panicking.
#[derive(Debug)]
pub(crate) struct Folder {
    directory: TempDir,
    keep: AtomicBool,
}

impl Folder {
    /// Makes an empty folder.
    ///
    /// # Errors
    ///
    /// Fails when the folder for temporary files is not writable.
    pub(crate) fn create() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("outrigger-cluster-").tempdir();
        let keep = AtomicBool::new(std::env::var_os("OUTRIGGER_KEEP_CLUSTER").is_some());
        Ok(Self { directory: directory.context("cannot make a folder for the cluster")?, keep })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Keeps the logs whatever happens.
    pub(crate) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.keep.load(Ordering::Relaxed) || std::thread::panicking() {
            self.directory.disable_cleanup(true);
            // etcd's data say nothing to a reader, and take 64 MB or more
            drop(fs::remove_dir_all(self.path().join("etcd")));
            eprintln!("logs of the cluster are kept in {}", self.path().display());
        }
    }
}
