//! `outrigger demo`: the real servers, with a fake API server and a fake kube-scheduler against them.

mod admission;
mod api_server;
mod checks;
mod client;
mod command;
mod configuration;
mod in_tree;
mod manifests;
mod outcome;
mod progress;
mod report;
mod run;
mod scheduler;
mod servers;
mod session;

pub(super) use self::command::{Arguments, run};
