//! The kills of PEs that used too much memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DemandKey, OomKill};

/// The last kill for too much memory of each PE, by job and name of the PE. The kills outlive the pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OomKills(BTreeMap<DemandKey, BTreeMap<Arc<str>, OomKill>>);

/// The largest number of jobs whose kills are kept. Then the job whose last kill is the oldest is forgotten.
const MOST_JOBS: usize = 512;
/// The largest number of PEs of one job whose kills are kept. Then the oldest is forgotten.
const MOST_PES: usize = 64;

impl OomKills {
    /// The last kill of the PE with this name.
    #[must_use]
    pub fn of_pe(&self, job: &DemandKey, pe: &str) -> Option<&OomKill> {
        self.0.get(job)?.get(pe)
    }

    /// The kill with the most memory among the PEs of a job: for a PE that is interchangeable with the others.
    #[must_use]
    pub fn of_job(&self, job: &DemandKey) -> Option<&OomKill> {
        self.0.get(job)?.values().max_by_key(|kill| kill.memory)
    }

    /// True where this kill, or a later one of the PE, is known.
    #[must_use]
    pub fn is_known(&self, job: &DemandKey, pe: &str, kill: &OomKill) -> bool {
        self.of_pe(job, pe).is_some_and(|known| known.at >= kill.at)
    }

    /// Notes a kill, in the place of an earlier one of the PE.
    pub fn note(&mut self, job: DemandKey, pe: Arc<str>, kill: OomKill) {
        if !self.0.contains_key(&job) && self.0.len() >= MOST_JOBS {
            let newest = |kills: &BTreeMap<_, OomKill>| kills.values().map(|kill| kill.at).max();
            forget_oldest(&mut self.0, newest);
        }
        let kills = self.0.entry(job).or_default();
        if !kills.contains_key(&pe) && kills.len() >= MOST_PES {
            forget_oldest(kills, |kill| kill.at);
        }
        kills.insert(pe, kill);
    }
}

fn forget_oldest<K: Ord + Clone, V, T: Ord>(map: &mut BTreeMap<K, V>, at: impl Fn(&V) -> T) {
    let oldest = map.iter().min_by_key(|(_, value)| at(value)).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        map.remove(&oldest);
    }
}

#[cfg(test)]
#[path = "tests/oom_kills.rs"]
mod tests;
