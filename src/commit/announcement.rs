//! The announcement of the process that places PEs: an annotation on a Lease in the namespace of Outrigger (D17).
//!
//! Everybody who may annotate a pod can write a fencing token. Only Outrigger may write this Lease, so a token counts only
//! where the Lease names another process. It is the Lease of the controllers, so that no further right is needed.

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};

use crate::model::keys;

/// The name of the Lease.
const NAME: &str = "outrigger-controllers";
/// How often a write is tried that another write precedes: the holder of the Lease renews it every 2 s.
const ATTEMPTS: usize = 4;

/// The Lease on which the epoch of a process is announced, once at each takeover.
#[derive(Clone)]
pub(super) struct Announcement(Api<Lease>);

impl Announcement {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self(Api::namespaced(client, namespace))
    }

    /// The epoch that was announced last.
    pub(super) async fn read(&self) -> kube::Result<Option<String>> {
        Ok(self.0.get_opt(NAME).await?.and_then(|lease| lease.metadata.annotations?.remove(keys::EPOCH)))
    }

    /// Announces an epoch.
    pub(super) async fn write(&self, epoch: &str) -> kube::Result<()> {
        let mut attempts = 1;
        loop {
            match self.try_write(epoch).await {
                Err(kube::Error::Api(status))
                    if attempts < ATTEMPTS && (status.is_conflict() || status.is_already_exists()) =>
                {
                    attempts += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_write(&self, epoch: &str) -> kube::Result<()> {
        let parameters = PostParams::default();
        match self.0.get_opt(NAME).await? {
            None => {
                let annotations = Some(BTreeMap::from([(keys::EPOCH.to_owned(), epoch.to_owned())]));
                let metadata = ObjectMeta { name: Some(NAME.to_owned()), annotations, ..ObjectMeta::default() };
                self.0.create(&parameters, &Lease { metadata, spec: None }).await?;
            }
            // The resource version is a precondition.
            Some(mut lease) => {
                let annotations = lease.metadata.annotations.get_or_insert_default();
                if annotations.insert(keys::EPOCH.to_owned(), epoch.to_owned()).as_deref() != Some(epoch) {
                    self.0.replace(NAME, &parameters, &lease).await?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests/announcement.rs"]
mod tests;
