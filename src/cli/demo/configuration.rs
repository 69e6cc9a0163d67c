//! The configuration of kube-scheduler in `deploy/`, which the fake kube-scheduler follows.

use std::time::Duration;

use serde::Deserialize;

use crate::cli::CommandError;

/// The part of a `KubeSchedulerConfiguration` that concerns the extender.
#[derive(Debug)]
pub(super) struct Configuration {
    /// The scheduler name of the pods to schedule.
    pub(super) scheduler_name: String,
    /// The extender.
    pub(super) extender: ExtenderSettings,
}

/// The configuration of an extender.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtenderSettings {
    pub(super) filter_verb: String,
    pub(super) prioritize_verb: String,
    pub(super) bind_verb: String,
    /// The weight of its scores, from 0 to 10, against scores of plugins, from 0 to 100.
    pub(super) weight: i64,
    http_timeout: String,
}

impl ExtenderSettings {
    /// The time limit of a request; the default of kube-scheduler where the text cannot be read.
    pub(super) fn time_limit(&self) -> Duration {
        let seconds = self.http_timeout.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.unwrap_or(5))
    }
}

#[derive(Deserialize)]
struct KubeSchedulerConfiguration {
    profiles: Vec<Profile>,
    extenders: Vec<ExtenderSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    scheduler_name: String,
}

/// Reads the shipped configuration.
pub(super) fn shipped_configuration() -> Result<Configuration, CommandError> {
    const TEXT: &str = include_str!("../../../deploy/scheduler/configuration.yaml");
    let incomplete = || CommandError::failed("deploy/scheduler/configuration.yaml: no profile or no extender");
    let written: KubeSchedulerConfiguration = serde_saphyr::from_str(TEXT).map_err(CommandError::failed)?;
    let profile = written.profiles.into_iter().next().ok_or_else(incomplete)?;
    let extender = written.extenders.into_iter().next().ok_or_else(incomplete)?;
    Ok(Configuration { scheduler_name: profile.scheduler_name, extender })
}
