//! What a question costs over the wire, beside its floor.
//!
//! The floor is a server that reads the same body and answers with as many bytes. Both are asked in turn over one
//! connection each, so that what else this machine does falls on both alike.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::NODES;
use crate::cluster;
use crate::wire::{self, Caller, Transport, Trust};
use outrigger::store::Store;

/// How often each is asked, after a few times that do not count.
const ROUNDS: usize = 200;
const WARM_UP: usize = 20;

#[expect(clippy::print_stdout, reason = "a benchmark says what it finds")]
pub(crate) fn run() {
    println!("over the wire, medians of {ROUNDS} questions in turn with their floor");
    println!("{:>6}  {:5}  {:>22}  {:>22}  {:>5}", "nodes", "", "filter / floor", "prioritize / floor", "ratio");
    let trust = Trust::new();
    for nodes in NODES {
        for transport in [Transport::Plain, Transport::Tls] {
            let store = Arc::new(Store::new(cluster::policies()));
            store.apply(cluster::listed(nodes, cluster::group("waiting", 4)));
            let extender = wire::extender(store, &trust, transport);
            let floor = wire::floor(&trust, transport);
            let ask = |verb: &str| beside_floor(extender, floor, (&trust, transport), verb, &cluster::question(nodes));
            let (filter, filter_floor) = ask("filter");
            let (prioritize, prioritize_floor) = ask("prioritize");
            let ratio = (filter + prioritize).as_secs_f64() / (filter_floor + prioritize_floor).as_secs_f64();
            let pair = |ours: Duration, floor: Duration| format!("{ours:.1?} / {floor:.1?}");
            println!(
                "{nodes:>6}  {:5}  {:>22}  {:>22}  {ratio:>5.2}",
                if transport == Transport::Tls { "TLS" } else { "plain" },
                pair(filter, filter_floor),
                pair(prioritize, prioritize_floor),
            );
        }
    }
}

/// The median of a verb, and that of its floor.
fn beside_floor(
    extender: SocketAddr,
    floor: SocketAddr,
    (trust, transport): (&Trust, Transport),
    verb: &str,
    question: &[u8],
) -> (Duration, Duration) {
    let (mut ours, mut theirs) = (Caller::new(extender, trust, transport), Caller::new(floor, trust, transport));
    let path = format!("/extender/{verb}");
    let floor_path = format!("/{}", ours.post(&path, question));
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..WARM_UP + ROUNDS {
        let measured = [timed(|| ours.post(&path, question)), timed(|| theirs.post(&floor_path, question))];
        if round >= WARM_UP {
            times.iter_mut().zip(measured).for_each(|(times, time)| times.push(time));
        }
    }
    let [ours, theirs] = times.map(median);
    (ours, theirs)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed<T>(call: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    call();
    begun.elapsed()
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
