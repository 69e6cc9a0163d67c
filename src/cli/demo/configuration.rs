//! What `deploy/` tells kube-scheduler and the API server of Outrigger: the demo obeys the same lines.

use std::time::Duration;

use serde::Deserialize;

use crate::cli::CommandError;

/// The part of a `KubeSchedulerConfiguration` that says whom to ask, and how.
#[derive(Debug)]
pub(super) struct Configuration {
    /// Pods with this scheduler name are scheduled.
    pub(super) scheduler_name: String,
    /// Which verbs the extender answers.
    pub(super) extender: Extender,
}

/// An extender as kube-scheduler is told of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extender {
    pub(super) filter_verb: String,
    pub(super) prioritize_verb: String,
    pub(super) bind_verb: String,
    /// How much its scores, from 0 to 10, weigh against those of plugins, from 0 to 100.
    pub(super) weight: i64,
    http_timeout: String,
}

impl Extender {
    /// How long one answer may take; kube-scheduler's own default where the text cannot be read.
    pub(super) fn time_limit(&self) -> Duration {
        let seconds = self.http_timeout.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.unwrap_or(5))
    }
}

#[derive(Deserialize)]
struct Written {
    profiles: Vec<Profile>,
    extenders: Vec<Extender>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    scheduler_name: String,
}

/// Reads the configuration that is shipped.
pub(super) fn shipped() -> Result<Configuration, CommandError> {
    const TEXT: &str = include_str!("../../../deploy/scheduler/configuration.yaml");
    let incomplete = || CommandError::failed("deploy/scheduler/configuration.yaml: no profile or no extender");
    let written: Written = serde_saphyr::from_str(TEXT).map_err(CommandError::failed)?;
    let profile = written.profiles.into_iter().next().ok_or_else(incomplete)?;
    let extender = written.extenders.into_iter().next().ok_or_else(incomplete)?;
    Ok(Configuration { scheduler_name: profile.scheduler_name, extender })
}
