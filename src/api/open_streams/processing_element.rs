//! `ProcessingElement`: `spec.placement` as keys with the values that a pod would carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::objects::{ProcessingElement, Unnamed, id, job_of};
use super::reader::{Part, Reader, in_list};
use crate::model::{DeclaredPe, OpenStreams, keys};

impl TryFrom<&ProcessingElement> for DeclaredPe {
    type Error = Unnamed;

    fn try_from(object: &ProcessingElement) -> Result<Self, Unnamed> {
        let metadata = &object.metadata;
        let id = id(metadata)?;
        let mut reader = Reader::default();
        let mut spec = BTreeMap::new();
        match object.spec.get("placement").filter(|placement| !placement.is_null()) {
            None => {}
            Some(Value::Object(_)) => {
                if let Some(placement) = reader.part(object.spec.get("placement"), "spec.placement", None) {
                    spec = read(placement, job_of(metadata), &mut reader);
                }
            }
            // Every key is unknown.
            Some(_) => keys::PLACEMENT_SPEC.into_iter().for_each(|key| {
                reader.problem("spec.placement".to_owned(), "is no object", Some(key));
            }),
        }
        let spec = reader.annotations(metadata.annotations.as_ref(), spec);
        let uid = Arc::from(metadata.uid.as_deref().unwrap_or_default());
        Ok(Self { id, uid, spec, field_problems: reader.field_problems })
    }
}

fn read(placement: Part<'_>, job: Option<&str>, reader: &mut Reader) -> BTreeMap<&'static str, String> {
    let mut spec = BTreeMap::new();
    // By `isolationLabels`, the operator keeps other PEs off an isolated PE. Here, isolation keeps them apart both
    // ways.
    let known = ["host", "coLocations", "exLocations", "isolation", "isolationLabels", "hostPoolLocation"];
    reader.unknown_members(placement, &known);
    if let Some(host) = reader.text(placement, "host", Some(keys::HOSTS)) {
        spec.insert(keys::HOSTS, in_list(&host));
    }
    for (member, key) in [("coLocations", keys::COLOCATION), ("exLocations", keys::EXLOCATION)] {
        let tokens: Vec<String> = reader.texts(placement, member, Some(key)).iter().map(|text| in_list(text)).collect();
        if !tokens.is_empty() {
            spec.insert(key, tokens.join(","));
        }
    }
    // The value is the name of the operator that asks for isolation.
    match placement.get("isolation") {
        None | Some(Value::Bool(false)) => {}
        Some(Value::String(_) | Value::Bool(true)) => {
            spec.insert(keys::ISOLATED, "true".to_owned());
        }
        Some(_) => {
            let problem = "is neither the name of an operator nor absent";
            reader.problem(placement.field("isolation"), problem, Some(keys::ISOLATED));
        }
    }
    pool_location(placement, job, reader, &mut spec);
    spec
}

/// `host(P[i])`, by the number of the pool and the index.
fn pool_location(
    placement: Part<'_>,
    job: Option<&str>,
    reader: &mut Reader,
    spec: &mut BTreeMap<&'static str, String>,
) {
    const KEY: Option<&str> = Some(keys::HOST_POOL);
    let path = "spec.placement.hostPoolLocation";
    let Some(location) = reader.part(placement.get("hostPoolLocation"), path, KEY) else { return };
    reader.unknown_members(location, &["poolIndex", "inpoolIndex"]);
    let place = reader.number(location, "inpoolIndex", Some(keys::POOL_INDEX));
    let pool = reader.number(location, "poolIndex", KEY);
    match (pool, job) {
        (Some(pool), Some(job)) => {
            spec.insert(keys::HOST_POOL, OpenStreams::pool_name(&format!("{job}-{pool}")));
            spec.extend(place.map(|place| (keys::POOL_INDEX, place.to_string())));
        }
        (Some(_), None) => reader.problem("metadata.name".to_owned(), "names no job, so that no pool is known", KEY),
        (None, _) if location.get("poolIndex").is_none() => {
            reader.problem(location.field("poolIndex"), "is missing", KEY);
        }
        (None, _) => {}
    }
}

#[cfg(test)]
#[path = "tests/processing_element.rs"]
mod tests;
