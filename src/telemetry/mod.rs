//! Metrics and logs: every name in one place, recorded from decisions.

mod bounded_label;
mod logs;
mod names;
mod record;

pub use logs::{LogFormat, install as install_logs};
pub use names::{METRICS, MetricDescription, MetricKind, install as install_metrics};
pub use record::{
    BindOutcome, CertificateLabels, ReviewCount, ReviewOutcome, WriteOutcome, admission, assumed_pods, bind_conflict,
    certificate_expiry, certificate_read, controller_write, demand_age, demand_cold_start, demand_failure,
    demand_rejected, demand_state, demand_state_written, extender, lease, load, load_file_read, observed_overload,
    placement, policies_loaded, policies_sent, policy_warnings, rejected_sidecars, rejections, snapshot, undecodable,
    withheld,
};
