use std::collections::BTreeSet;

use super::*;
use crate::model::Metric;
use crate::telemetry::names::{METRICS, MetricKind, builder, describe};

/// Records everything once, and renders what Prometheus would scrape.
fn scraped() -> String {
    let recorder = builder().unwrap().build_recorder();
    let now = Timestamp::UNIX_EPOCH;
    metrics::with_local_recorder(&recorder, || {
        describe();
        placement(BindOutcome { result: RequestOutcome::Bound, pool: "none", scheme: "pack" });
        rejections(&BTreeMap::from([(Reason::HostMismatch, 2)]));
        extender("filter", RequestOutcome::Passed, Duration::from_millis(1));
        let review = ReviewOutcome {
            outcome: RequestOutcome::Injected,
            injected_by: Some("annotations"),
            skipped: Some("NoPolicy"),
            count: ReviewCount::Object,
        };
        for count in [ReviewCount::Object, ReviewCount::DryRun, ReviewCount::Nothing] {
            admission("mutate", Duration::from_millis(1), ReviewOutcome { count, ..review });
        }
        withheld(WithheldReason::PortInUse);
        bind_conflict("Conflict");
        assumed_pods(1, 2, 3);
        snapshot(Duration::ZERO, 3);
        undecodable("Pod");
        policies_loaded(Some(4));
        policies_sent([(Arc::from("annotations"), true)].into_iter());
        policy_warnings(1);
        rejected_sidecars(1);
        load(
            Some(LoadSummary { measured: 1, newest: Some(now), overloaded: Metric::ALL.map(|metric| (metric, 1)) }),
            now,
        );
        load_file_read(true);
        demand_failure("prometheus", "timeout");
        demand_rejected("prometheus", "invalid", 1);
        demand_age("prometheus", Some(now), now);
        demand_cold_start(true);
        demand_state_written(true);
        demand_state("prometheus", &DemandAccuracy::default(), DemandCounts { jobs: 1, pes: 2, nodes: 3 });
        observed_overload("cpu", 2, 1, SignedDuration::from_mins(5));
        let labels = CertificateLabels { listener: "admission", kind: "serving" };
        certificate_expiry(labels, 1);
        certificate_read(labels, true);
        controller_write("Event", WriteOutcome::Written);
        lease(true);
    });
    recorder.handle().render()
}

/// The name and the labels of a sample such as `name{a="1",b="2"} 3`.
fn sample(line: &str) -> (&str, BTreeSet<&str>) {
    let (series, _value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}').split(',').filter_map(|label| Some(label.split_once('=')?.0));
    // Buckets of a histogram bring a label of their own.
    (name, labels.filter(|label| *label != "le").collect())
}

#[test]
fn what_is_recorded_has_the_name_the_kind_and_the_labels_that_are_declared() {
    let scraped = scraped();
    let mut recorded = BTreeSet::new();
    for line in scraped.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, labels) = sample(line);
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let is_named = |metric: &&names::MetricDescription| match metric.kind {
            MetricKind::Histogram => base == Some(metric.name),
            MetricKind::Counter | MetricKind::Gauge => name == metric.name,
        };
        let metric = METRICS.iter().find(is_named).unwrap_or_else(|| panic!("{name} is not declared"));
        assert_eq!(labels, metric.labels.iter().copied().collect(), "labels of {name}");
        recorded.insert(metric.name);
    }
    assert_eq!(recorded, METRICS.iter().map(|metric| metric.name).collect(), "each is recorded by a function");
    for metric in METRICS {
        let kind = format!("{:?}", metric.kind).to_lowercase();
        assert!(scraped.contains(&format!("# TYPE {} {kind}\n", metric.name)), "{}", metric.name);
        assert!(scraped.contains(&format!("# HELP {} {}\n", metric.name, metric.help)), "{}", metric.name);
    }
}

#[test]
fn of_three_reviews_of_a_pod_one_counts_as_a_pod_and_one_as_a_dry_run() {
    let scraped = scraped();
    for line in [
        r#"outrigger_injections_total{policy="annotations"} 1"#,
        r#"outrigger_admission_skips_total{reason="NoPolicy"} 1"#,
        r#"outrigger_admission_dry_runs_total{outcome="injected"} 1"#,
    ] {
        assert!(scraped.contains(line), "{line}: {scraped}");
    }
    assert!(scraped.contains(r#"_request_duration_seconds_count{verb="mutate",outcome="injected"} 3"#), "{scraped}");
}

#[test]
fn every_outcome_has_a_label_of_its_own() {
    let labels: BTreeSet<&str> = RequestOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    assert_eq!(labels.len(), RequestOutcome::ALL.len());
    assert!(labels.iter().all(|label| label.chars().all(|c| c.is_ascii_lowercase() || c == '_')), "{labels:?}");
}
