//! preempt: the victims that kube-scheduler may evict.

use std::collections::BTreeMap;

use serde::Serialize;

use super::decode::{DecodeError, ExtenderPreemptionArgs, Victims, object};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PreemptionResult {
    node_name_to_meta_victims: BTreeMap<String, MetaVictims>,
}

#[derive(Serialize)]
struct MetaVictims {
    #[serde(rename = "Pods")]
    pods: Vec<MetaPod>,
    #[serde(rename = "NumPDBViolations")]
    violations: i64,
}

#[derive(Serialize)]
struct MetaPod {
    #[serde(rename = "UID")]
    uid: String,
}

/// Returns kube-scheduler's victims unchanged, in the form of the response.
///
/// # Errors
/// [`DecodeError`] where the body cannot be read.
pub fn preempt(body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let read: ExtenderPreemptionArgs<'_> = object(body)?;
    if read.pod.is_none() {
        return Err(DecodeError::NoPod);
    }
    let victims = read.meta_victims.or(read.victims).unwrap_or_default();
    let node_name_to_meta_victims = victims.into_iter().map(|(node, victims)| (node, meta_victims(victims))).collect();
    Ok(serde_json::to_vec(&PreemptionResult { node_name_to_meta_victims })?)
}

fn meta_victims(victims: Option<Victims>) -> MetaVictims {
    let Some(victims) = victims else { return MetaVictims { pods: Vec::new(), violations: 0 } };
    let uids = victims.pods.into_iter().flatten().flatten();
    let pods = uids
        .filter_map(|victim| victim.uid.or_else(|| victim.metadata.and_then(|metadata| metadata.uid)))
        .map(|uid| MetaPod { uid })
        .collect();
    MetaVictims { pods, violations: victims.violations }
}

#[cfg(test)]
#[path = "tests/preempt.rs"]
mod tests;
