//! All effective values to a `PlacementSpec`.

use std::num::NonZeroU32;

use super::parse::{self, invalid};
use super::source::{SpecSources, object};
use crate::model::{
    DeclaredPool, Gang, HostChoice, InvalidPlacementSpec, Namespace, OpenStreamsObject as _, PlacementSpec, keys,
};
use crate::policy::PlacementPolicy;

/// The placement spec of a PE in `namespace`. An error names the object that declares the invalid value; none is the
/// pod.
///
/// A PE can only stay with its node where its name outlives its pod: `lasting_name`.
pub(in crate::policy) fn resolve(
    namespace: &Namespace,
    sources: SpecSources<'_>,
    placement: PlacementPolicy,
    lasting_name: bool,
) -> Result<PlacementSpec, InvalidPlacementSpec> {
    if let Some(unknown) = sources.first_unknown() {
        return Err(unknown);
    }
    resolve_known(namespace, sources, placement, lasting_name).map_err(|found| {
        let source = || sources.effective(found.key)?.0.object().map(Box::from);
        InvalidPlacementSpec { source: found.source.clone().or_else(source), ..found }
    })
}

fn resolve_known(
    namespace: &Namespace,
    sources: SpecSources<'_>,
    placement: PlacementPolicy,
    lasting_name: bool,
) -> Result<PlacementSpec, InvalidPlacementSpec> {
    if let Some(oversized) = sources.oversized.filter(|oversized| !sources.is_declared_by_object(oversized.key)) {
        return Err(parse::oversized(oversized));
    }
    let value = |key: &str| sources.value(key);
    let hosts = host_choice(namespace, sources)?;
    let flag = |key: &'static str, absent: bool| value(key).map_or(Ok(absent), |text| parse::flag(key, text));
    let isolated = flag(keys::ISOLATED, false)?;
    let scheme = value(keys::SCHEME).map_or(Ok(placement.scheme), parse::scoring_strategy)?;
    let relocatable = flag(keys::RELOCATABLE, true)?;
    if !relocatable && !lasting_name {
        let problem = "a PE that stays with its node needs a name that outlives its pod: set outrigger.dev/pe";
        return Err(invalid(keys::RELOCATABLE, problem));
    }
    let only = value(keys::HOSTS).map(parse::hosts).transpose()?.unwrap_or_default();
    let pool_index = pool_index(sources, &hosts)?;
    let (pool_index, only) = place_in_host_list(sources, &hosts, pool_index, only)?;
    let tokens = |key: &'static str| value(key).map_or(Ok(Vec::new()), |text| parse::tokens(key, text));
    Ok(PlacementSpec {
        pool_index,
        hosts,
        only,
        colocation: tokens(keys::COLOCATION)?,
        exlocation: tokens(keys::EXLOCATION)?,
        isolation: isolated.then_some(placement.isolation_scope),
        connects_to: value(keys::CONNECTS_TO).map(parse::connections).transpose()?.unwrap_or_default(),
        relocatable,
        gang: value(keys::GANG).map(parse::gang).transpose()?.flatten().map(|gang| with_declared_size(gang, sources)),
        exclusive_scope: placement.exclusive_scope,
        scheme,
        risk_weight: placement.risk_weight,
        risk_ceiling: placement.risk_ceiling,
        traffic_weight: placement.traffic_weight,
        override_load_protection: sources.stream_job.is_some_and(|(job, _)| job.override_load_protection),
    })
}

fn host_choice(namespace: &Namespace, sources: SpecSources<'_>) -> Result<HostChoice, InvalidPlacementSpec> {
    match (sources.value(keys::HOST_POOL), sources.value(keys::HOST_TAGS)) {
        (Some(_), Some(_)) => {
            Err(invalid(keys::HOST_TAGS, "cannot be combined with outrigger.dev/host-pool; keep one"))
        }
        (Some(name), None) => Ok(HostChoice::Pool(parse::pool(namespace, name)?)),
        (None, Some(tags)) => Ok(HostChoice::Tags(parse::tags(tags)?)),
        (None, None) => Ok(HostChoice::Any),
    }
}

fn pool_index(sources: SpecSources<'_>, hosts: &HostChoice) -> Result<Option<u32>, InvalidPlacementSpec> {
    let index = sources.value(keys::POOL_INDEX).map(parse::pool_index).transpose()?;
    match hosts {
        HostChoice::Any | HostChoice::Tags(_) if index.is_some() => {
            let problem = "names a node of a sized pool; name the pool with outrigger.dev/host-pool";
            Err(invalid(keys::POOL_INDEX, problem))
        }
        HostChoice::Any | HostChoice::Tags(_) | HostChoice::Pool(_) => Ok(index),
    }
}

/// An index into a pool of group `streams.ibm.com` that is a list of hosts is one host of the list: the host takes the
/// place of the index.
fn place_in_host_list(
    sources: SpecSources<'_>,
    hosts: &HostChoice,
    index: Option<u32>,
    only: Vec<Box<str>>,
) -> Result<(Option<u32>, Vec<Box<str>>), InvalidPlacementSpec> {
    let HostChoice::Pool(id) = hosts else { return Ok((index, only)) };
    let Some(declared) = sources.open_streams.pool(id) else { return Ok((index, only)) };
    if let (None, Some(problem)) = (&declared.pool, declared.field_problems.first()) {
        let source = Some(object::<DeclaredPool>(declared.id()).into());
        return Err(InvalidPlacementSpec { key: keys::HOST_POOL, problem: problem.to_string(), source });
    }
    let Some(host) = index.and_then(|place| declared.listed(place)) else { return Ok((index, only)) };
    if only.is_empty() || only.iter().any(|named| **named == *host) {
        return Ok((None, vec![Box::from(host)]));
    }
    let problem = format!("names other hosts than `{host}`, which is the place in pool `{id}` that is asked for");
    Err(invalid(keys::HOSTS, problem))
}

/// A gang of all PEs is as large as the list in the `StreamJob`, else as the count in the `Job`, where one is known.
fn with_declared_size(gang: Gang, sources: SpecSources<'_>) -> Gang {
    let listed = sources.stream_job.and_then(|(job, _)| NonZeroU32::new(u32::try_from(job.pes.len()).ok()?));
    match (gang, listed.or_else(|| sources.declared.job?.pes)) {
        (Gang::All, Some(count)) => Gang::AtLeast(count),
        (Gang::All | Gang::AtLeast(_), _) => gang,
    }
}
