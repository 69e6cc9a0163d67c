//! No process is left behind: not after a test, not after a panic, not after `kill -9`.

use std::io::{BufRead as _, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::cluster::keeper::bound_to_us;
use crate::cluster::process::{Process, is_running};
use crate::cluster::wait::until;
use crate::cluster::{Cluster, SchedulerSettings};

/// The test that another test starts in a process of its own, to kill that.
const HOLDER: &str = "processes::holds_a_process";

#[tokio::test]
async fn nothing_is_left_when_a_cluster_is_dropped() {
    let cluster = Cluster::start().await.unwrap();
    let mut scheduler = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await.unwrap();
    let first = scheduler.process().id().unwrap();
    scheduler.restart().await.unwrap();
    let second = scheduler.process().id().unwrap();
    assert!(!is_running(first) && is_running(second), "started again in its place");
    let status = scheduler.process().terminate(Duration::from_secs(10)).await.unwrap();
    assert!(status.code().is_some(), "ends by itself when asked to (with 1 from kube-scheduler), not by the signal");

    let (ids, folder) = (cluster.process_ids(), cluster.folder().to_owned());
    assert!(ids.len() == 4 && ids.iter().all(|id| is_running(*id)));
    drop(cluster);
    assert!(!ids.iter().any(|id| is_running(*id)) && !folder.exists());
}

#[tokio::test]
async fn a_panic_ends_the_processes_and_keeps_their_logs() {
    let cluster = Cluster::start().await.unwrap();
    let (ids, folder) = (cluster.process_ids(), cluster.folder().to_owned());
    let panic = catch_unwind(AssertUnwindSafe(move || {
        let _cluster = cluster;
        panic!("this panic is part of the test");
    }));
    assert!(panic.is_err() && !ids.iter().any(|id| is_running(*id)));
    assert!(folder.join("kube-apiserver.log").exists() && !folder.join("etcd").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_program_that_does_not_come_up_is_named_with_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bound_to_us("sh");
    command.args(["-c", "echo no such flag >&2; exit 3"]);
    let mut process = Process::start("broken", command, folder.path()).unwrap();
    let error = process.ready(Duration::from_secs(10), async || anyhow::bail!("nobody listens")).await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("no such flag") && error.contains("exit status: 3"), "{error}");
}

#[tokio::test]
async fn children_end_when_this_process_is_killed() {
    let mut holder = Command::new(std::env::current_exe().unwrap());
    holder.args(["--exact", HOLDER, "--ignored", "--nocapture"]).stdout(Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let id = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("held: ")?.parse().ok()).unwrap();
    assert!(is_running(id));
    holder.kill().unwrap();
    holder.wait().unwrap();
    until("the child has ended", Duration::from_secs(10), async || {
        anyhow::ensure!(!is_running(id), "it still runs");
        Ok(())
    })
    .await
    .unwrap();
}

#[test]
#[ignore = "run by another test, which kills it"]
#[expect(clippy::print_stdout, reason = "tells the other test whom it holds")]
fn holds_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bound_to_us("sleep");
    command.arg("60");
    let process = Process::start("sleep", command, folder.path()).unwrap();
    println!("\nheld: {}", process.id().unwrap());
    std::thread::sleep(Duration::from_mins(1));
}
