//! Everything that happened to pods, seen by one watch.
#![expect(clippy::unwrap_used, clippy::unwrap_in_result, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::task::JoinHandle;

use super::pe::{node, wish};
use crate::cluster::wait::until;

/// A watch that remembers; it ends when it is dropped.
pub(crate) struct History {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    /// How often pods were listed: more than once means that something may have been missed in between.
    lists: usize,
    steps: Vec<Step>,
}

/// One version of a pod, or its end.
#[derive(Debug, Clone)]
enum Step {
    Is(Box<Pod>),
    Gone(Box<Pod>),
}

impl History {
    /// Begins to watch, and waits until nothing can be missed any more.
    #[expect(clippy::disallowed_methods, reason = "the watch ends with the value that holds it")]
    pub(crate) async fn of(pods: Api<Pod>) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let writer = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut events = std::pin::pin!(watcher(pods, watcher::Config::default()));
            while let Some(event) = events.next().await {
                // what fails is tried again by the watcher, from where it was
                if let Ok(event) = event {
                    writer.lock().unwrap().note(event);
                }
            }
        });
        let history = Self { seen, task };
        let listed = until("pods are watched", Duration::from_secs(30), async || {
            ensure!(history.seen.lock().unwrap().lists == 1, "they have not been listed yet");
            Ok(())
        });
        listed.await.unwrap();
        history
    }

    /// Two PEs of one job with a common exlocation token that were on one node at the same time, if there were any.
    ///
    /// # Errors
    ///
    /// Fails when such a moment was seen, or when the watch has a gap.
    pub(crate) fn no_group_ever_shared_a_node(&self) -> Result<()> {
        let seen = self.seen.lock().unwrap();
        ensure!(seen.lists == 1, "the watch began anew {} times: it proves nothing", seen.lists - 1);
        let mut placed: BTreeMap<&str, &Pod> = BTreeMap::new();
        for step in &seen.steps {
            match step {
                Step::Gone(pod) => drop(placed.remove(uid(pod))),
                Step::Is(pod) if node(pod).is_none() => {}
                Step::Is(pod) if pod.metadata.deletion_timestamp.is_some() => drop(placed.remove(uid(pod))),
                Step::Is(pod) => {
                    let others = placed.values().filter(|other| uid(other) != uid(pod));
                    if let Some(other) = { others }.find(|other| node(other) == node(pod) && exlocated(other, pod)) {
                        let names = [other, &&**pod].map(|pod| pod.metadata.name.as_deref());
                        anyhow::bail!("{names:?} share {:?}", node(pod));
                    }
                    placed.insert(uid(pod), pod);
                }
            }
        }
        Ok(())
    }

    /// The first version of each pod that has a node.
    pub(crate) fn when_bound(&self) -> Vec<Pod> {
        let seen = self.seen.lock().unwrap();
        let mut first: BTreeMap<&str, &Pod> = BTreeMap::new();
        for step in &seen.steps {
            if let Step::Is(pod) = step
                && node(pod).is_some()
            {
                first.entry(uid(pod)).or_insert(pod);
            }
        }
        first.into_values().cloned().collect()
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seen {
    fn note(&mut self, event: Event<Pod>) {
        match event {
            Event::Init => {}
            Event::InitDone => self.lists += 1,
            Event::InitApply(pod) | Event::Apply(pod) => self.steps.push(Step::Is(Box::new(pod))),
            Event::Delete(pod) => self.steps.push(Step::Gone(Box::new(pod))),
        }
    }
}

fn uid(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}

/// Whether two pods are PEs of one job that must not share a node.
pub(crate) fn exlocated(one: &Pod, other: &Pod) -> bool {
    let job = |pod: &Pod| {
        let labels = pod.metadata.labels.as_ref()?;
        Some((pod.metadata.namespace.clone(), labels.get("outrigger.dev/job")?.clone()))
    };
    let tokens = |pod| wish(pod, "exlocation").map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
    match (tokens(one), tokens(other)) {
        (Some(ours), Some(theirs)) => job(one) == job(other) && ours.iter().any(|token| theirs.contains(token)),
        _ => false,
    }
}
