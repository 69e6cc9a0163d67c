//! The pods of PEs by the objects that the placement of the PEs depends on, so that the change of an object costs as much as
//! the PEs that it concerns.

use std::sync::Arc;

use super::fold::{Cluster, Entry};
use crate::model::{HostChoice, ObjectId, Pe};

/// The pool that a PE names.
fn pool_of(pe: &Pe) -> Option<&ObjectId> {
    match &pe.spec.as_ref().ok()?.hosts {
        HostChoice::Pool(id) => Some(id),
        HostChoice::Any | HostChoice::Tags(_) => None,
    }
}

/// The claims that a pod names.
fn claims_of(entry: &Entry) -> impl Iterator<Item = ObjectId> {
    let claims = entry.pod.claims.iter().flat_map(|claims| claims.iter());
    claims.map(|claim| ObjectId { namespace: entry.pod.key.namespace.clone(), name: Arc::clone(&claim.name) })
}

impl Cluster {
    /// Indexes a pod by the objects that its PE depends on.
    pub(super) fn index(&mut self, entry: &Entry) {
        let Some(pe) = &entry.pe else { return };
        let uid = &entry.pod.key.uid;
        self.by_job.insert(pe.job.object(), uid);
        if let Some(element) = pe.object.as_deref() {
            self.by_element.insert(element.clone(), uid);
        }
        if let Some(pool) = pool_of(pe) {
            self.by_pool.insert(pool.clone(), uid);
        }
        for claim in claims_of(entry) {
            self.by_claim.insert(claim, uid);
        }
        if pe.awaited.is_some() {
            self.awaiting.insert(uid.clone());
        }
    }

    /// Takes a pod out of these indexes.
    pub(super) fn unindex(&mut self, entry: &Entry) {
        let Some(pe) = &entry.pe else { return };
        let uid = &entry.pod.key.uid;
        self.by_job.remove(&pe.job.object(), uid);
        if let Some(element) = pe.object.as_deref() {
            self.by_element.remove(element, uid);
        }
        if let Some(pool) = pool_of(pe) {
            self.by_pool.remove(pool, uid);
        }
        for claim in claims_of(entry) {
            self.by_claim.remove(&claim, uid);
        }
        self.awaiting.remove(uid);
    }
}
