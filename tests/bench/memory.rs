//! What nodes and PEs cost in memory, held in processes that hold nothing else.

use outrigger::state::Cluster;

use crate::{NODES, cluster};

#[expect(clippy::print_stdout, reason = "a benchmark says what it finds")]
pub(crate) fn run() {
    println!("resident memory, of processes that hold so much and nothing else");
    println!("{:>6}  {:>8}  {:>14}  {:>12}", "nodes", "PEs", "bytes a node", "bytes a PE");
    for nodes in NODES {
        let pes = nodes * cluster::PES_PER_NODE;
        let [empty, bare, full] = [(0, 0), (nodes, 0), (nodes, pes)].map(|(nodes, pes)| resident(nodes, pes));
        println!("{nodes:>6}  {pes:>8}  {:>14}  {:>12}", (bare - empty) / nodes, (full - bare) / pes);
    }
}

fn resident(nodes: usize, pes: usize) -> usize {
    of_process(&["hold", &nodes.to_string(), &pes.to_string()])
}

/// What a process of its own takes that is called with these arguments, in bytes.
pub(crate) fn of_process(arguments: &[&str]) -> usize {
    let this = std::env::current_exe().unwrap();
    let output = std::process::Command::new(this).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Holds a cluster, and says how much memory this process takes.
#[expect(clippy::print_stdout, reason = "another process reads it")]
pub(crate) fn hold(nodes: usize, pes: usize) {
    let mut cluster = Cluster::new(cluster::policies());
    for event in cluster::one_by_one(nodes, pes) {
        cluster.apply(event);
    }
    println!("{}", resident_bytes());
    drop(cluster);
}

/// How much memory this process takes.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads what the kernel says")]
pub(crate) fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kibibytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}
