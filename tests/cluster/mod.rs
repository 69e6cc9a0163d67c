//! A real control plane on 127.0.0.1 for tests: etcd, kube-apiserver, kube-controller-manager and KWOK, with its own
//! ports, certificates and data folder; kube-scheduler and Outrigger are started by the test, when it wants them.
//!
//! ```text
//! let cluster = Cluster::start().await.unwrap();
//! cluster.create_nodes(&[FakeNode::new("n1"), FakeNode::new("n2").label("tier", "fast")]).await.unwrap();
//! let _scheduler = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await.unwrap();
//! cluster.kubectl().apply(manifest).await.unwrap();
//! until("pod is Running", Duration::from_secs(20), async || { … }).await.unwrap();
//! ```
//!
//! [`Installation`] is such a control plane with Outrigger on it.
//!
//! Several clusters can run side by side. Processes end with the value that holds them, also when a test panics, and
//! with this process when it is killed. Logs are kept when a test **panics** (so tests unwrap and assert instead of
//! returning an error), or when `OUTRIGGER_KEEP_CLUSTER` is set; where they are is printed.
//!
//! | file | concept |
//! |---|---|
//! | [`binaries`] | where the programs of `make kube` are |
//! | [`control_plane`] | [`Cluster`]: the programs that every test needs, started and ready |
//! | [`folder`] | the cluster's folder: configuration and logs, kept on failure |
//! | [`installation`] | Outrigger installed as `deploy/` says |
//! | [`keeper`] | the thread that starts children, so that none outlives this process |
//! | [`kubeconfig`] | files that say who talks to which API server |
//! | [`kubectl`] | running kubectl |
//! | [`namespace`] | namespaces and service accounts |
//! | [`node`] | nodes that KWOK plays |
//! | [`outrigger`] | the program under test |
//! | [`pki`] | certificates and keys |
//! | [`ports`] | free ports |
//! | [`probe`] | one GET over HTTP or HTTPS |
//! | [`process`] | a child process with a log |
//! | [`prometheus`] | a real Prometheus, and its linter |
//! | [`relay`] | a line between two programs that can be switched over, slow, or frozen |
//! | [`scheduler`] | kube-scheduler with a given configuration |
//! | [`wait`] | until a condition holds |

pub(crate) mod binaries;
pub(crate) mod control_plane;
pub(crate) mod folder;
pub(crate) mod installation;
pub(crate) mod keeper;
pub(crate) mod kubeconfig;
pub(crate) mod kubectl;
pub(crate) mod namespace;
pub(crate) mod node;
pub(crate) mod outrigger;
pub(crate) mod pki;
pub(crate) mod ports;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod relay;
pub(crate) mod scheduler;
pub(crate) mod wait;

pub(crate) use control_plane::Cluster;
pub(crate) use installation::{Installation, InstallationSettings};
pub(crate) use node::FakeNode;
pub(crate) use scheduler::SchedulerSettings;
