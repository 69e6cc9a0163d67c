//! Policies from files: read at start, looked at again while running.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::store::Store;
use crate::api::DocumentError;
use crate::policy::{PolicySet, Source};
use crate::state::Event;
use crate::telemetry;

/// How often the files are looked at. Looking beats notifications here: a mounted `ConfigMap` changes by a swapped
/// symlink, and the files are few and small.
const PERIOD: Duration = Duration::from_secs(2);
/// More than this is no policy file.
const LARGEST_FILE: u64 = 1 << 20;

/// Why policies cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder or a file cannot be read.
    #[error("{0}: {1}")]
    Read(String, #[source] std::io::Error),
    /// The folder holds no policy.
    #[error("{0}: there is no .yaml or .yml file in this folder")]
    Empty(String),
    /// There are files, but no policy in them: cut short rather than meant.
    #[error("{0}: the files in this folder hold no StreamPolicy")]
    NoPolicy(String),
    /// A document is wrong.
    #[error(transparent)]
    Policy(#[from] DocumentError),
}

/// The policies that are shipped: they apply where no folder is given.
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

/// A folder with policy files, and what was last read of it.
#[derive(Debug)]
pub struct PolicyFiles {
    folder: PathBuf,
    read: Vec<Source>,
}

impl PolicyFiles {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`LoadError`] with file, line and field.
    pub fn load(folder: &Path) -> Result<(Self, PolicySet), LoadError> {
        let read = read(folder)?;
        let policies = parse(folder, &read)?;
        Ok((Self { folder: folder.to_owned(), read }, policies))
    }

    /// Looks at the files from now on: a good change is taken over, a bad one is reported and the last good set stays.
    #[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
    pub async fn follow(mut self, store: Arc<Store>) -> Infallible {
        let mut ticks = tokio::time::interval(PERIOD);
        loop {
            ticks.tick().await;
            match read(&self.folder) {
                Ok(sources) if sources == self.read => {}
                Ok(sources) => {
                    report(parse(&self.folder, &sources), &store);
                    self.read = sources;
                }
                Err(error) => report(Err(error), &store),
            }
        }
    }
}

/// Without any policy nothing would be governed: no pod injected, no rule kept.
fn parse(folder: &Path, sources: &[Source]) -> Result<PolicySet, LoadError> {
    let policies = PolicySet::parse(sources)?;
    let found = policies.iter().next().is_some();
    if found { Ok(policies) } else { Err(LoadError::NoPolicy(folder.display().to_string())) }
}

fn report(parsed: Result<PolicySet, LoadError>, store: &Store) {
    match parsed {
        Ok(policies) => {
            telemetry::policies_loaded(Some(policies.iter().count()));
            tracing::info!(policies = policies.iter().count(), "policies were reloaded");
            store.apply([Event::Policies(policies)]);
        }
        Err(error) => {
            telemetry::policies_loaded(None);
            tracing::error!(%error, "policies cannot be reloaded; the last good set stays in force");
        }
    }
}

/// The policy files of a folder, in order of their names. Names that begin with a dot are skipped: a mounted
/// `ConfigMap` keeps its versions there, and the manifest of Kustomize is none of ours.
#[expect(clippy::disallowed_methods, reason = "policy files are read here and nowhere else")]
fn read(folder: &Path) -> Result<Vec<Source>, LoadError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error| LoadError::Read(path, error)
    };
    let is_policy = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        yaml && !name.starts_with('.') && name != "kustomization.yaml"
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if is_policy(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(LoadError::Empty(folder.display().to_string()));
    }
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        let length = std::fs::metadata(&path).map_err(failed(&path))?.len();
        if length > LARGEST_FILE {
            return Err(LoadError::Read(path.display().to_string(), std::io::ErrorKind::FileTooLarge.into()));
        }
        let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
        sources.push(Source { file: path.display().to_string(), text });
    }
    Ok(sources)
}
