//! The queries that a Prometheus is asked where the policy has none of its own. Series are those of cAdvisor, which every
//! kubelet serves; pressure is there with cgroup v2 and Kubernetes 1.34 or newer, and an empty answer is no error.
//!
//! `$step` stands for the length of a step, such as `300s`.

use serde_saphyr::Spanned;

use super::settings::{Measure, MeasuredSubject};
use crate::policy::raw::{Engine, Queries};

/// A query by its name in policies.
pub(super) struct NamedQuery {
    pub(super) name: &'static str,
    pub(super) subject: MeasuredSubject,
    pub(super) measure: Measure,
    /// The query where the policy has none; `None`: nothing is asked then.
    pub(super) default: Option<&'static str>,
    /// The query of the policy.
    pub(super) written: fn(&Queries) -> Option<&Spanned<String>>,
}

/// Every query, in the order in which they are asked.
pub(super) static QUERIES: [NamedQuery; 7] = [
    // The series of the pause container, and of the cgroup of the pod, have no container.
    NamedQuery {
        name: "podCpu",
        subject: MeasuredSubject::Pod,
        measure: Measure::Cpu,
        default: Some(
            r#"sum by (namespace, pod, node, instance) (rate(container_cpu_usage_seconds_total{container!="", container!="POD"}[$step]))"#,
        ),
        written: |queries| queries.pod_cpu.as_ref(),
    },
    NamedQuery {
        name: "podMemory",
        subject: MeasuredSubject::Pod,
        measure: Measure::Memory,
        default: Some(
            r#"sum by (namespace, pod, node, instance) (container_memory_working_set_bytes{container!="", container!="POD"})"#,
        ),
        written: |queries| queries.pod_memory.as_ref(),
    },
    NamedQuery {
        name: "podCpuPressure",
        subject: MeasuredSubject::Pod,
        measure: Measure::CpuPressure,
        default: Some(
            r#"max by (namespace, pod, node, instance) (rate(container_pressure_cpu_waiting_seconds_total{container!=""}[$step]))"#,
        ),
        written: |queries| queries.pod_cpu_pressure.as_ref(),
    },
    NamedQuery {
        name: "inputRate",
        subject: MeasuredSubject::Pod,
        measure: Measure::InputRate,
        default: None,
        written: |queries| queries.input_rate.as_ref(),
    },
    NamedQuery {
        name: "nodeCpu",
        subject: MeasuredSubject::Node,
        measure: Measure::Cpu,
        default: Some(r#"max by (node, instance) (rate(container_cpu_usage_seconds_total{id="/"}[$step]))"#),
        written: |queries| queries.node_cpu.as_ref(),
    },
    NamedQuery {
        name: "nodeMemory",
        subject: MeasuredSubject::Node,
        measure: Measure::Memory,
        default: Some(r#"max by (node, instance) (container_memory_working_set_bytes{id="/"})"#),
        written: |queries| queries.node_memory.as_ref(),
    },
    NamedQuery {
        name: "nodeCpuPressure",
        subject: MeasuredSubject::Node,
        measure: Measure::CpuPressure,
        default: Some(r#"max by (node, instance) (rate(container_pressure_cpu_waiting_seconds_total{id="/"}[$step]))"#),
        written: |queries| queries.node_cpu_pressure.as_ref(),
    },
];

/// What the PEs of an engine take in: the query of its own metrics.
pub(super) fn input_rate_of(engine: Engine) -> &'static str {
    match engine {
        // The Prometheus reporter of Flink: one series a task.
        Engine::Flink => "sum by (namespace, pod) (flink_taskmanager_job_task_numRecordsInPerSecond)",
        // The consumer of Kafka, as Micrometer and as the JMX exporter write it.
        Engine::KafkaConsumer => {
            "sum by (namespace, pod) (kafka_consumer_fetch_manager_records_consumed_rate or \
             kafka_consumer_consumer_fetch_manager_metrics_records_consumed_rate)"
        }
    }
}
