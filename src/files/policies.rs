//! Policy files: read at start, and read again while the process runs.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::poll::LastRead;
use super::read::{ReadError, read_text};
use crate::api::DocumentError;
use crate::policy::{PolicySet, Source};
use crate::state::Event;
use crate::store::Store;
use crate::telemetry;

const PERIOD: Duration = Duration::from_secs(2);
/// A larger file is no policy file.
const LARGEST_FILE_BYTES: u64 = 1 << 20;

/// Why policies cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The folder or a file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder holds no policy file.
    #[error("{0}: there is no .yaml or .yml file in this folder")]
    Empty(String),
    /// The files hold no policy: they are more likely cut short than empty on purpose.
    #[error("{0}: the files in this folder hold no StreamPolicy")]
    NoPolicy(String),
    /// A document is invalid.
    #[error(transparent)]
    Policy(#[from] DocumentError),
}

/// The policies that are compiled into the program. They apply where no folder is given.
///
/// # Errors
/// Never in a build whose tests passed.
pub fn embedded() -> Result<PolicySet, DocumentError> {
    let shipped = [
        ("policies/annotations.yaml", include_str!("../../policies/annotations.yaml")),
        ("policies/flink.yaml", include_str!("../../policies/flink.yaml")),
        ("policies/kafka-streams.yaml", include_str!("../../policies/kafka-streams.yaml")),
        ("policies/open-streams.yaml", include_str!("../../policies/open-streams.yaml")),
    ];
    PolicySet::parse(&shipped.map(|(file, text)| Source { file: file.to_owned(), text: text.to_owned() }))
}

/// The policy files of a folder.
#[derive(Debug)]
pub(crate) struct PolicyFiles {
    folder: PathBuf,
    last_read: LastRead<Vec<Source>>,
}

impl PolicyFiles {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`LoadError`] with file, line and field.
    pub(crate) fn load(folder: &Path) -> Result<(Self, PolicySet), LoadError> {
        let sources = read(folder)?;
        let policies = parse(folder, &sources)?;
        let mut last_read = LastRead::default();
        drop(last_read.if_new(Ok::<_, LoadError>(sources)));
        Ok((Self { folder: folder.to_owned(), last_read }, policies))
    }

    /// Reads the files again at an interval. A valid change takes effect after `check`; an invalid change is logged,
    /// and the last valid policies stay in force.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub(crate) async fn follow(mut self, store: Arc<Store>, check: impl AsyncFn(PolicySet) -> PolicySet) -> Infallible {
        let mut ticks = tokio::time::interval(PERIOD);
        loop {
            ticks.tick().await;
            let Some(policies) = self.read_again() else { continue };
            let policies = check(policies).await;
            report(&policies);
            tracing::info!(policies = policies.iter().count(), "policies were reloaded");
            store.apply([Event::Policies(policies)]);
        }
    }

    /// The policies, where the files have changed and are valid.
    fn read_again(&mut self) -> Option<PolicySet> {
        let read = self.last_read.if_new(read(&self.folder))?;
        match read.and_then(|sources| parse(&self.folder, &sources)) {
            Ok(policies) => Some(policies),
            Err(error) => {
                telemetry::policies_loaded(None);
                tracing::error!(%error, "policies cannot be reloaded; the last valid ones stay in force");
                None
            }
        }
    }
}

/// Reports policies that take effect, and their warnings.
pub(crate) fn report(policies: &PolicySet) {
    telemetry::policies_loaded(Some(policies.iter().count()));
    telemetry::policy_warnings(policies.warnings().len());
    for warning in policies.warnings() {
        tracing::warn!(%warning, "a policy is likely not meant so");
    }
}

/// Parses the files of a folder. A folder without any policy is an error: no pod would be governed.
fn parse(folder: &Path, sources: &[Source]) -> Result<PolicySet, LoadError> {
    let policies = PolicySet::parse(sources)?;
    let has_policy = policies.iter().next().is_some();
    if has_policy { Ok(policies) } else { Err(LoadError::NoPolicy(folder.display().to_string())) }
}

/// Reads the policy files of a folder, in the order of their names. Names that begin with a dot are skipped, because a
/// mounted `ConfigMap` keeps its versions there; so is the manifest of Kustomize.
fn read(folder: &Path) -> Result<Vec<Source>, LoadError> {
    let failed = |error| ReadError::new(folder, error);
    let is_policy = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        yaml && !name.starts_with('.') && name != "kustomization.yaml"
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_policy(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(LoadError::Empty(folder.display().to_string()));
    }
    let source = |path: PathBuf| {
        let text = read_text(&path, LARGEST_FILE_BYTES)?;
        Ok(Source { file: path.display().to_string(), text })
    };
    paths.into_iter().map(source).collect()
}
