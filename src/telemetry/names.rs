//! The names, kinds, labels and meanings of all metrics.

use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A sum that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Counts of values by buckets.
    Histogram,
}

/// What is known of a metric before its first value.
#[derive(Clone, Copy, Debug)]
pub struct MetricDescription {
    /// The name.
    pub name: &'static str,
    /// The kind.
    pub kind: MetricKind,
    /// The names of the labels.
    pub labels: &'static [&'static str],
    /// The help text.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(super) const $constant: &str = $name;)*

        /// Every metric of this program.
        pub const METRICS: &[MetricDescription] =
            &[$(MetricDescription { name: $name, kind: MetricKind::$kind, labels: &[$($label),*], help: $help }),*];
    };
}

metrics! {
    PLACEMENTS: Counter "outrigger_placements_total" ["result", "pool", "scheme"]
        "Bind requests for PEs, by result, pool and scoring strategy.";
    NODE_REFUSALS: Counter "outrigger_node_refusals_total" ["reason"]
        "Nodes that filter rejected, by reason code.";
    EXTENDER_DURATION: Histogram "outrigger_extender_request_duration_seconds" ["verb", "outcome"]
        "Time to answer kube-scheduler, by verb and outcome.";
    ADMISSION_DURATION: Histogram "outrigger_admission_request_duration_seconds" ["verb", "outcome"]
        "Time to answer the API server, by verb and outcome.";
    INJECTIONS: Counter "outrigger_injections_total" ["policy"]
        "Pods that admission patched, by policy: each once, without dry runs.";
    DRY_RUNS: Counter "outrigger_admission_dry_runs_total" ["outcome"]
        "Dry runs that admission answered, by outcome. No other counter of pods contains them.";
    SKIPS: Counter "outrigger_admission_skips_total" ["reason"]
        "Pods that passed admission unchanged, by reason, without dry runs.";
    WITHHELD: Counter "outrigger_admission_withheld_sidecars_total" ["reason"]
        "Sidecars that admission did not add to pods of their policy, by reason, without dry runs.";
    LEDGER: Gauge "outrigger_ledger_entries" ["state"]
        "Assumed pods (committed), nodes of scheduling cycles (tentative) and of gangs and buckets (reserved).";
    COMMIT_CONFLICTS: Counter "outrigger_commit_conflicts_total" ["reason"]
        "Bind requests that verification or the API server turned down, by reason.";
    SNAPSHOT_AGE: Gauge "outrigger_snapshot_age_seconds" []
        "How long the longest failing watch has been failing; 0 while all watches are healthy.";
    SNAPSHOT_OBJECTS: Gauge "outrigger_snapshot_nodes" []
        "Nodes in the snapshot that answers requests.";
    UNDECODABLE: Counter "outrigger_undecodable_objects_total" ["kind"]
        "Watched objects that could not be read and were left out, by kind.";
    POLICIES: Gauge "outrigger_policies" []
        "Policies in force.";
    POLICY_RELOAD: Gauge "outrigger_policies_last_reload_successful" []
        "1 after a successful reload of the policy files, 0 while the last good policies stay in force.";
    REJECTED_SIDECARS: Gauge "outrigger_rejected_sidecars" []
        "Sidecars of policies that the API server accepts in no pod, and that are left out.";
    POLICY_SENT: Gauge "outrigger_policy_pods_sent" ["policy"]
        "0 where the registration of the webhook does not send all pods that the policy selects.";
    POLICY_WARNINGS: Gauge "outrigger_policy_warnings" []
        "Warnings of the policies in force: what is valid and likely not meant.";
    OVERLOADED_NODES: Gauge "outrigger_overloaded_nodes" ["metric"]
        "Overloaded nodes, which take no PE, by metric.";
    MEASURED_NODES: Gauge "outrigger_load_measured_nodes" []
        "Nodes with a load measurement that counts.";
    LOAD_AGE: Gauge "outrigger_load_age_seconds" []
        "Age of the newest load measurement of any node.";
    LOAD_FILE_READ: Gauge "outrigger_load_file_last_read_successful" []
        "1 after a successful read of the load file, 0 while the last good measurements are kept.";
    DEMAND_FAILURES: Counter "outrigger_demand_query_failures_total" ["source", "kind"]
        "Questions to the source of demand without a usable answer, by source and kind.";
    DEMAND_REJECTED: Counter "outrigger_demand_rejected_values_total" ["source", "reason"]
        "Measurements of the source of demand that are not used, by source and reason.";
    DEMAND_AGE: Gauge "outrigger_demand_sample_age_seconds" ["source"]
        "Age of the newest measurement of any PE or node; infinite before the first one.";
    DEMAND_KEPT: Gauge "outrigger_demand_kept" ["kind"]
        "Jobs, named PEs and nodes whose demand is kept.";
    DEMAND_COLD: Gauge "outrigger_demand_cold_start" []
        "1 where demand started without a past: neither a state folder nor the source had one.";
    DEMAND_WRITTEN: Gauge "outrigger_demand_state_last_write_successful" []
        "1 after the state of demand was written into the state folder, 0 after it could not be.";
    FORECAST_VALUES: Counter "outrigger_demand_forecast_values_total" ["source", "of", "resource"]
        "Measured values that were compared with what was forecast one step before.";
    FORECAST_WITHIN: Counter "outrigger_demand_forecast_within_80_total" ["source", "of", "resource"]
        "Of these values, those within the interval of 80 %.";
    FORECAST_ABOVE: Counter "outrigger_demand_forecast_above_80_total" ["source", "of", "resource"]
        "Of these values, those above the interval of 80 %.";
    FORECAST_MEASURED: Counter "outrigger_demand_forecast_measured_total" ["source", "of", "resource"]
        "Sum of these values: millicores of CPU, bytes of memory.";
    FORECAST_ERROR: Counter "outrigger_demand_forecast_error_total" ["source", "of", "resource"]
        "Sum of the absolute differences between these values and their forecasts.";
    OVERLOAD_SECONDS: Counter "outrigger_node_overload_seconds_total" ["resource"]
        "Time of nodes at whose end of step more was in use than pods may request, or processes waited for CPU.";
    OBSERVED_SECONDS: Counter "outrigger_node_observed_seconds_total" ["resource"]
        "Time of nodes of which the resource was measured.";
    CERTIFICATE_EXPIRY: Gauge "outrigger_certificate_expiry_timestamp_seconds" ["listener", "kind"]
        "When the serving certificate or the last authority of callers expires, in seconds since 1970.";
    CERTIFICATE_RELOAD: Gauge "outrigger_certificate_last_reload_successful" ["listener", "kind"]
        "1 after a successful read of the certificate files, 0 while the last good ones stay in use.";
    CONTROLLER_WRITES: Counter "outrigger_controller_writes_total" ["kind", "outcome"]
        "Statuses, events and requeues that the controllers wrote, by kind and outcome.";
    LEASE_HELD: Gauge "outrigger_controller_lease_held" []
        "1 while this process holds the lease of the controllers.";
    BUILD_INFO: Gauge "outrigger_build_info" ["version"]
        "The version that runs; always 1.";
}

/// From 50 µs, the floor of a loopback request, to 5 s, the longest that kube-scheduler waits.
const BUCKETS: [f64; 16] =
    [50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.6e-3, 3.2e-3, 6.4e-3, 12.8e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Installs the recorder of this process; the handle renders what Prometheus scrapes.
///
/// # Errors
/// [`BuildError`] when the process has a recorder already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = builder()?.install_recorder()?;
    describe();
    Ok(handle)
}

pub(super) fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &BUCKETS)
}

/// Describes every metric, and sets the metric that never changes.
pub(super) fn describe() {
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.help),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.help),
            MetricKind::Histogram => describe_histogram!(metric.name, metric.help),
        }
    }
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}
