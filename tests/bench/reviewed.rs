//! The time of one review over TLS, beside its floor.
//!
//! The floor is a server that reads the body of the review and answers with as many bytes. Every connection belongs to a
//! caller of its own, who sends the next review after the answer to the last one. The webhook and the floor are called
//! in turn, so that other work of this machine affects both alike.

use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use outrigger::store::Store;
use serde_json::Value;

use crate::cluster;
use crate::served::median;
use crate::wire::{self, Caller, Transport, Trust};

/// How often the webhook and the floor are called in turn, after rounds that do not count.
const ROUNDS: usize = 100;
const WARM_UP: usize = 10;
/// The reviews of all connections together in one round.
const REVIEWS: usize = 160;
const CONNECTIONS: [usize; 2] = [1, 8];
/// The labels of a PE.
pub(crate) const PE: [(&str, &str); 2] = [("outrigger.dev/job", "counter"), ("outrigger.dev/pe", "3")];

#[expect(clippy::print_stdout, reason = "a benchmark says what it finds")]
pub(crate) fn run() {
    println!("admission over TLS, time for each review, medians of {ROUNDS} rounds in turn with their floor");
    println!("{:5}  {:>6}  {:>11}  {:>20}  {:>5}", "pod", "bytes", "connections", "review / floor", "ratio");
    let trust = Trust::new();
    for (pod, labels) in [("PE", &PE[..]), ("no PE", &[])] {
        let body = review(labels);
        for connections in CONNECTIONS {
            let (review, floor) = beside_floor(&trust, &body, connections);
            let ratio = review.as_secs_f64() / floor.as_secs_f64();
            let pair = format!("{review:.1?} / {floor:.1?}");
            println!("{pod:5}  {:>6}  {connections:>11}  {pair:>20}  {ratio:>5.2}", body.len());
        }
    }
}

/// Serves the webhook and its floor to clients outside of this process, until standard input ends.
#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark says what it finds")]
pub(crate) fn serve() {
    let trust = Trust::new();
    println!("webhook https://{}/admission/mutate", wire::webhook(Arc::new(Store::new(cluster::policies())), &trust));
    let floor = wire::floor(&trust, Transport::Tls);
    let folder = tempfile::tempdir().unwrap();
    for (name, labels) in [("pe.json", &PE[..]), ("other.json", &[])] {
        let (file, body) = (folder.path().join(name), review(labels));
        println!("body {} for the floor https://{floor}/{}", file.display(), body.len());
        std::fs::write(file, body).unwrap();
    }
    std::io::stdin().lines().for_each(drop);
}

/// The median time of a review with so many connections, and that of its floor.
fn beside_floor(trust: &Trust, body: &[u8], connections: usize) -> (Duration, Duration) {
    let webhook = wire::webhook(Arc::new(Store::new(cluster::policies())), trust);
    let floor = wire::floor(trust, Transport::Tls);
    let callers = |server: SocketAddr| -> Vec<Caller> {
        (0..connections).map(|_| Caller::new(server, trust, Transport::Tls)).collect()
    };
    let (mut reviewing, mut echoing) = (callers(webhook), callers(floor));
    let echo = format!("/{}", body.len());
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..WARM_UP + ROUNDS {
        let measured = [per_call(&mut reviewing, "/admission/mutate", body), per_call(&mut echoing, &echo, body)];
        if round >= WARM_UP {
            times.iter_mut().zip(measured).for_each(|(times, time)| times.push(time));
        }
    }
    let [review, floor] = times.map(median);
    (review, floor)
}

/// The time of all calls of one round, divided by their number.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn per_call(callers: &mut [Caller], path: &str, body: &[u8]) -> Duration {
    let calls = REVIEWS / callers.len();
    let total = u32::try_from(calls * callers.len()).unwrap();
    let started = Barrier::new(callers.len() + 1);
    std::thread::scope(|scope| {
        for caller in callers {
            let started = &started;
            scope.spawn(move || {
                started.wait();
                for _ in 0..calls {
                    caller.post(path, body);
                }
            });
        }
        started.wait();
        Instant::now()
    })
    .elapsed()
        / total
}

/// The review in `review.json`, of a pod with 36 environment variables, without whitespace, as the API server sends
/// reviews. These labels are added.
pub(crate) fn review(labels: &[(&str, &str)]) -> Vec<u8> {
    let mut review: Value = serde_json::from_str(include_str!("review.json")).unwrap();
    for (key, value) in labels {
        review["request"]["object"]["metadata"]["labels"][key] = Value::from(*value);
    }
    serde_json::to_vec(&review).unwrap()
}
