//! Which PE of which job a measured pod runs, also where the pod is gone.
//!
//! A pod that is there is known by its name. A pod of the past is known by a label of the query that names its job, or by
//! its name without the part that its workload has made up: of a Deployment, a `StatefulSet` or task managers, which live
//! on under other names. A name that leads to several jobs leads to none.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::known::KnownPe;
use super::measurements::{MeasuredPod, PodReference};
use crate::forecast::demand::PeIdentity;
use crate::model::DemandKey;

/// The PEs that are there, by the names of their pods.
#[derive(Debug, Default)]
pub(super) struct Attribution {
    pods: BTreeMap<PodReference, KnownPe>,
    /// By namespace, and the part of a name that outlives the pod; `None` where PEs of several kinds have it.
    stems: BTreeMap<PodReference, Option<Stem>>,
}

/// What pods with one stem of names have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stem {
    job: DemandKey,
    /// True where each pod is named after its PE, as in a `StatefulSet`.
    named_after_pe: bool,
}

/// The PE of a measured pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AttributedPe {
    pub(super) job: DemandKey,
    pub(super) pe: PeIdentity,
}

impl Attribution {
    /// The attribution to these PEs.
    pub(super) fn to(pes: &[KnownPe]) -> Self {
        let mut attribution = Self::default();
        for known in pes {
            attribution.add(known);
        }
        attribution
    }

    fn add(&mut self, known: &KnownPe) {
        let pe = &known.pe;
        let name = pe.pod.key.name.as_str();
        let namespace = pe.pod.key.namespace.as_str();
        if let Some(stem) = stem(name) {
            let place = PodReference { namespace: namespace.into(), pod: stem.into() };
            let own =
                Stem { job: DemandKey::from(&pe.job), named_after_pe: pe.has_lasting_name() && *pe.name == *name };
            let of_stem = self.stems.entry(place).or_insert_with(|| Some(own.clone()));
            if of_stem.as_ref() != Some(&own) {
                *of_stem = None;
            }
        }
        let reference = PodReference { namespace: namespace.into(), pod: name.into() };
        self.pods.insert(reference, known.clone());
    }

    /// The pods that are there.
    pub(super) fn pods(&self) -> impl Iterator<Item = (&PodReference, &KnownPe)> {
        self.pods.iter()
    }

    /// The pod of this name, where it is there.
    pub(super) fn known(&self, reference: &PodReference) -> Option<&KnownPe> {
        self.pods.get(reference)
    }

    /// The PE of a pod that is not there; `None` where nothing tells the job.
    pub(super) fn departed(&self, reference: &PodReference, pod: &MeasuredPod) -> Option<AttributedPe> {
        if let Some(job) = &pod.job {
            let job = DemandKey { namespace: (&*reference.namespace).into(), job: Arc::from(&**job) };
            let named = |pe: &str| PeIdentity::Named(Arc::from(pe));
            return Some(AttributedPe { job, pe: pod.pe.as_deref().map_or(PeIdentity::Interchangeable, named) });
        }
        let place = PodReference { namespace: reference.namespace.clone(), pod: stem(&reference.pod)?.into() };
        let Stem { job, named_after_pe } = self.stems.get(&place)?.as_ref()?;
        let pe =
            if *named_after_pe { PeIdentity::Named(Arc::from(&*reference.pod)) } else { PeIdentity::Interchangeable };
        Some(AttributedPe { job: job.clone(), pe })
    }
}

/// The parts that a workload appends to the names of its pods: a number, five random letters, or the hash of a template
/// before them. A name has at most two.
const MOST_PARTS: usize = 2;

/// The name of a pod without the parts that its workload has made up; `None` where it has none.
fn stem(name: &str) -> Option<&str> {
    let mut stem = name;
    for _ in 0..MOST_PARTS {
        match stem.rsplit_once('-') {
            Some((rest, part)) if !rest.is_empty() && is_made_up(part) => stem = rest,
            _ => break,
        }
    }
    (stem.len() < name.len()).then_some(stem)
}

/// True for a number, and for what Kubernetes makes up: five letters, or the eight to ten of a hash, of an alphabet without
/// vowels, so that no words come about.
fn is_made_up(part: &str) -> bool {
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_random = |byte: u8| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte);
    is_number || ([5, 8, 9, 10].contains(&part.len()) && part.bytes().all(is_random))
}

#[cfg(test)]
#[path = "tests/attribution.rs"]
mod tests;
