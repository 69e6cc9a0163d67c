//! The names, units and meanings of all metrics.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub(super) const PLACEMENTS: &str = "outrigger_placements_total";
pub(super) const NODE_REFUSALS: &str = "outrigger_node_refusals_total";
pub(super) const EXTENDER_DURATION: &str = "outrigger_extender_request_duration_seconds";
pub(super) const ADMISSION_DURATION: &str = "outrigger_admission_request_duration_seconds";
pub(super) const INJECTIONS: &str = "outrigger_injections_total";
pub(super) const SKIPS: &str = "outrigger_admission_skips_total";
pub(super) const LEDGER: &str = "outrigger_ledger_entries";
pub(super) const COMMIT_CONFLICTS: &str = "outrigger_commit_conflicts_total";
pub(super) const SNAPSHOT_AGE: &str = "outrigger_snapshot_age_seconds";
pub(super) const SNAPSHOT_OBJECTS: &str = "outrigger_snapshot_nodes";
pub(super) const UNDECODABLE: &str = "outrigger_undecodable_objects_total";
pub(super) const POLICIES: &str = "outrigger_policies";
pub(super) const POLICY_RELOAD: &str = "outrigger_policies_last_reload_successful";
pub(super) const OVERLOADED_NODES: &str = "outrigger_overloaded_nodes";
pub(super) const MEASURED_NODES: &str = "outrigger_load_measured_nodes";
pub(super) const LOAD_AGE: &str = "outrigger_load_age_seconds";
pub(super) const LOAD_FILE_READ: &str = "outrigger_load_file_last_read_successful";
pub(super) const CERTIFICATE_EXPIRY: &str = "outrigger_certificate_expiry_timestamp_seconds";
pub(super) const CONTROLLER_WRITES: &str = "outrigger_controller_writes_total";
pub(super) const LEASE_HELD: &str = "outrigger_controller_lease_held";
const BUILD_INFO: &str = "outrigger_build_info";

/// From 50 µs, the floor of a loopback request, to 5 s, the longest that kube-scheduler waits.
const BUCKETS: [f64; 16] =
    [50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.6e-3, 3.2e-3, 6.4e-3, 12.8e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Installs the recorder of this process; the handle renders what Prometheus scrapes.
///
/// # Errors
/// [`BuildError`] when a recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &BUCKETS)?
        .install_recorder()?;
    describe();
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

fn describe() {
    describe_counter!(PLACEMENTS, "Bind requests for PEs, by result, pool and scheme.");
    describe_counter!(NODE_REFUSALS, "Nodes refused by filter, by reason code.");
    describe_histogram!(EXTENDER_DURATION, Unit::Seconds, "Time to answer kube-scheduler, by verb and outcome.");
    describe_histogram!(ADMISSION_DURATION, Unit::Seconds, "Time to answer the API server, by verb and outcome.");
    describe_counter!(INJECTIONS, "Pods that were changed at admission, by policy.");
    describe_counter!(SKIPS, "Pods that passed admission unchanged, by reason.");
    describe_gauge!(LEDGER, "Placements that the watch does not show yet, by state.");
    describe_counter!(COMMIT_CONFLICTS, "Bind requests that verification or the API server turned down, by reason.");
    describe_gauge!(
        SNAPSHOT_AGE,
        Unit::Seconds,
        "How long the longest failing watch has been failing; 0 when all are healthy."
    );
    describe_gauge!(SNAPSHOT_OBJECTS, "Nodes in the snapshot that requests are answered from.");
    describe_counter!(UNDECODABLE, "Watched objects that could not be read and were left out, by kind.");
    describe_gauge!(POLICIES, "Policies in force.");
    describe_gauge!(
        POLICY_RELOAD,
        "1 when the last reload of the policy files succeeded, 0 when the last good set is kept."
    );
    describe_gauge!(OVERLOADED_NODES, "Nodes that take no PE because they are busy, by metric.");
    describe_gauge!(MEASURED_NODES, "Nodes of which a measurement counts.");
    describe_gauge!(LOAD_AGE, Unit::Seconds, "How long ago the newest measurement of a node was made.");
    describe_gauge!(
        LOAD_FILE_READ,
        "1 when the last read of the load file succeeded, 0 when the last good one is kept."
    );
    describe_gauge!(CERTIFICATE_EXPIRY, Unit::Seconds, "When the serving certificate expires, in seconds since 1970.");
    describe_counter!(CONTROLLER_WRITES, "Status and events written by controllers, by kind and outcome.");
    describe_gauge!(LEASE_HELD, "1 while this process holds the lease of the controllers.");
    describe_gauge!(BUILD_INFO, "The version that runs; always 1.");
}
