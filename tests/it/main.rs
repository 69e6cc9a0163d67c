//! Everything that needs the built program or a socket, but no control plane: `make test`.
//!
//! | file | what must hold |
//! |---|---|
//! | [`architecture`] | the deciding half stays pure, and its modules depend on each other in one direction |
//! | [`bad_input`] | whatever comes in gets a clear answer; nothing panics, memory stays bounded |
//! | [`certs`] | what `outrigger certs` writes works with rustls and with openssl |
//! | [`choice`] | filter names the best node alone where nothing else could choose |
//! | [`commands`] | help with an example for every command, exit codes, errors that say what to do |
//! | [`crds`] | `deploy/crds` is what the program prints |
//! | [`demand`] | PEs and nodes are measured, and a broken or hostile source harms nothing |
//! | [`demo`] | `outrigger demo`: every rule holds, the PE without a node says why, the report fits 80 columns |
//! | [`docs`] | the pages for users name every reason code, metric and key that there is |
//! | [`explain`] | `outrigger explain`: over loopback, through the API server, and without an extender |
//! | [`health`] | alive, ready, answering in between, and ending in order |
//! | [`idle`] | connections that ask nothing keep neither probes nor kube-scheduler out |
//! | [`load`] | nodes that are too busy take no PE, by a file or by what they say themselves |
//! | [`policies`] | a broken policy file stops a start, and never a running server |
//! | [`references`] | a comment or a page refers to nothing that is not in the repository |
//! | [`simulate`] | `outrigger simulate`: every form of its output, its exit codes, and where bad input is |
//! | [`simulate_input`] | `outrigger simulate` reads dumps, manifests and folders as a cluster would |
//! | [`slow`] | who sends slowly is cut off, and keeps nobody else out |
//! | [`tls`] | only the right authority is trusted, on both sides; certificates change under open connections |
//!
//! The rest supports them: [`api_server`] plays the API server, [`port_forward`] its way to a pod, [`program`] is the program under test and how it is
//! asked, [`objects`] are nodes, pods and questions, [`noise`] makes bytes that nobody would send.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

#[path = "../cluster/keeper.rs"]
mod keeper;
#[path = "../cluster/ports.rs"]
mod ports;
#[path = "../cluster/process.rs"]
#[expect(dead_code, reason = "the tests on a real control plane use more of it")]
mod process;
#[path = "../cluster/wait.rs"]
mod wait;

mod api_server;
mod noise;
mod objects;
mod port_forward;
mod program;

mod architecture;
mod bad_input;
mod certs;
mod choice;
mod commands;
mod crds;
mod demand;
mod demo;
mod docs;
mod examples;
mod explain;
mod flink;
mod health;
mod idle;
mod load;
mod policies;
mod references;
mod simulate;
mod simulate_input;
mod slow;
mod tls;
