//! PEs of a tenant that does no harm: created at a steady rate, each measured from its creation until it has a node.
#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::ensure;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Client};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::cluster::wait::until;
use crate::placement::pe::{Pe, node};

/// The namespace of the tenant.
pub(super) const NAMESPACE: &str = "quiet";
/// A new PE comes as often.
const EVERY: Duration = Duration::from_millis(250);
/// How long the last ones may take.
const ALL_PLACED: Duration = Duration::from_secs(70);

/// When each PE was first seen with a node.
type Placed = Arc<Mutex<BTreeMap<String, Instant>>>;

/// The PEs, and a watch that sees when each gets its node.
pub(super) struct Quiet {
    pods: Api<Pod>,
    placed: Placed,
    /// Ends with this value.
    _watch: JoinSet<()>,
}

impl Quiet {
    pub(super) async fn watch(client: &Client) -> Self {
        let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
        let placed = Placed::default();
        let mut watch = JoinSet::new();
        watch.spawn(note_placed(pods.clone(), Arc::clone(&placed)));
        // A PE of its own shows that the watch has begun.
        let quiet = Self { pods, placed, _watch: watch };
        quiet.create("first", 0).await;
        let now = Instant::now();
        let first = [("first".to_owned(), Creation { asked: now, answered: now })].into();
        until("the first PE is placed", ALL_PLACED, async || quiet.are_placed(&first)).await.unwrap();
        quiet
    }

    async fn create(&self, name: &str, number: usize) {
        let pe = Pe::new(&format!("job-{}", number / 4), name).cpu("20m");
        let pe = match number % 4 {
            0 => pe,
            3 => pe.wish("colocation", "near"),
            _ => pe.wish("exlocation", "apart"),
        };
        pe.create(&self.pods).await.unwrap();
    }

    /// Creates PEs until the end; returns when each was created.
    pub(super) async fn create_until(&self, end: Instant) -> BTreeMap<String, Creation> {
        let mut created = BTreeMap::new();
        let mut times = interval(EVERY);
        for number in 0.. {
            times.tick().await;
            let now = Instant::now();
            if now >= end {
                break;
            }
            let name = format!("pe-{number}");
            self.create(&name, number).await;
            created.insert(name, Creation { asked: now, answered: Instant::now() });
        }
        created
    }

    fn are_placed(&self, created: &BTreeMap<String, Creation>) -> anyhow::Result<()> {
        let placed = self.placed.lock().unwrap();
        let waiting: Vec<&String> = created.keys().filter(|name| !placed.contains_key(*name)).collect();
        ensure!(waiting.is_empty(), "{waiting:?} wait");
        Ok(())
    }

    /// Waits until all are placed; those that waited in the `blind` time are counted apart.
    pub(super) async fn waits(&self, created: BTreeMap<String, Creation>, blind: Option<Range<Instant>>) -> Waits {
        until("all PEs are placed", ALL_PLACED, async || self.are_placed(&created)).await.unwrap();
        let placed = self.placed.lock().unwrap();
        let mut waits = Waits::default();
        for (name, Creation { asked, answered }) in created {
            // The watch may show the node before the answer comes.
            let placed = placed[&name];
            let wait = placed.saturating_duration_since(answered);
            let is_blind = blind.as_ref().is_some_and(|blind| asked < blind.end && placed > blind.start);
            if is_blind { &mut waits.blind } else { &mut waits.seeing }.0.push(wait);
            waits.creations.0.push(answered.duration_since(asked));
        }
        for durations in [&mut waits.seeing, &mut waits.blind, &mut waits.creations] {
            durations.0.sort_unstable();
        }
        waits
    }
}

/// When the creation of a PE was asked for, and when the API server answered.
pub(super) struct Creation {
    asked: Instant,
    answered: Instant,
}

async fn note_placed(pods: Api<Pod>, placed: Placed) {
    let mut events = std::pin::pin!(watcher(pods, Config::default()));
    while let Some(event) = events.next().await {
        if let Ok(Event::Apply(pod) | Event::InitApply(pod)) = event
            && node(&pod).is_some()
        {
            let name = pod.metadata.name.unwrap_or_default();
            placed.lock().unwrap().entry(name).or_insert_with(Instant::now);
        }
    }
}

/// How long PEs have waited for their nodes once they were created.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) seeing: Durations,
    /// Those that waited while the extender saw nothing.
    pub(super) blind: Durations,
    /// How long the creations have taken.
    pub(super) creations: Durations,
}

/// Sorted durations.
#[derive(Debug, Default)]
pub(super) struct Durations(Vec<Duration>);

impl Durations {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// What this many of 100 do not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }
}
