//! What a pod wishes for its placement, read from its annotations and labels (`docs/placement.md`).

use std::num::NonZeroU32;
use std::sync::Arc;

use super::resolve::Placement;
use crate::model::{
    Connection, Declared, DeclaredJob, DeclaredPe, DeclaredPool, Gang, HostChoice, InvalidPlacementSpec, Labels,
    Namespace, ObjectId, OpenStreams, OpenStreamsObject, PlacementSpec, PoolId, Resources, ScoringStrategy, StreamJob,
    Tag, Token,
};

/// The keys of labels and annotations, stable from the first release.
pub mod keys {
    /// The job of a PE (label).
    pub const JOB: &str = "outrigger.dev/job";
    /// The PE within its job (label).
    pub const PE: &str = "outrigger.dev/pe";
    /// The submission of a job (label).
    pub const GENERATION: &str = "outrigger.dev/generation";
    /// A `HostPool` of the PE's namespace.
    pub const HOST_POOL: &str = "outrigger.dev/host-pool";
    /// Tags of an unnamed shared pool.
    pub const HOST_TAGS: &str = "outrigger.dev/host-tags";
    /// Which node of the job's allocation of a sized pool.
    pub const POOL_INDEX: &str = "outrigger.dev/pool-index";
    /// Explicit hosts.
    pub const HOSTS: &str = "outrigger.dev/hosts";
    /// Colocation tokens.
    pub const COLOCATION: &str = "outrigger.dev/colocation";
    /// Exlocation tokens.
    pub const EXLOCATION: &str = "outrigger.dev/exlocation";
    /// Whether the PE is alone on its node.
    pub const ISOLATED: &str = "outrigger.dev/isolated";
    /// The PEs that are sent to, with rates.
    pub const CONNECTS_TO: &str = "outrigger.dev/connects-to";
    /// Whether the PE may leave the node of its first placement.
    pub const RELOCATABLE: &str = "outrigger.dev/relocatable";
    /// Whether the job is placed together or not at all.
    pub const GANG: &str = "outrigger.dev/gang";
    /// The ranking of nodes.
    pub const SCHEME: &str = "outrigger.dev/scheme";
    /// Asks for injection, or declines it.
    pub const INJECT: &str = "outrigger.dev/inject";
    /// Written by admission: the policy that governed the pod.
    pub const POLICY: &str = "outrigger.dev/policy";
    /// Written by the Binding: the record of the placement.
    pub const PLACEMENT: &str = "outrigger.dev/placement";
    /// Written at takeover: the process that places from now on (D17).
    pub const EPOCH: &str = "outrigger.dev/epoch";
    /// Written to wake a refused PE.
    pub const WAKE: &str = "outrigger.dev/wake";
}

/// Annotations win over labels.
fn value<'a>(labels: &'a Labels, annotations: &'a Labels, key: &str) -> Option<&'a str> {
    annotations.get(key).or_else(|| labels.get(key)).map(str::trim)
}

/// Where the wishes of a PE stand: objects before the pod, and each in the order of its field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    /// The labels of its pod.
    pub(super) labels: &'a Labels,
    /// The annotations of its pod: they win over the labels.
    pub(super) annotations: &'a Labels,
    /// The `StreamJob` of its job, and what it declares of the PE: that wins over all.
    pub(super) declared: Option<(&'a StreamJob, &'a Labels)>,
    /// What objects of group `streams.ibm.com` declare: the `ProcessingElement` wins over the `Job`, both over the pod.
    pub(super) custom: Declared<'a>,
    /// All objects of that group.
    pub(super) open_streams: &'a OpenStreams,
}

/// What was not understood of an object.
fn reported<T: OpenStreamsObject>(object: &T) -> impl Iterator<Item = String> {
    object.field_problems().iter().map(|doubt| format!("{} {}: {doubt}", T::KIND_AND_GROUP, object.id()))
}

/// Who says a wish.
#[derive(Clone, Copy, Debug)]
pub(super) enum SpecSource<'a> {
    /// The `StreamJob`.
    StreamJob(&'a StreamJob),
    /// The `ProcessingElement`.
    Pe(&'a DeclaredPe),
    /// The `Job`.
    Job(&'a DeclaredJob),
    /// The pod itself.
    Pod,
}

impl SpecSource<'_> {
    /// The object, as errors name it; `None` for the pod.
    pub(super) fn object(&self) -> Option<String> {
        match self {
            Self::StreamJob(job) => Some(format!("StreamJob {}", job.id)),
            Self::Pe(pe) => Some(object::<DeclaredPe>(pe.id())),
            Self::Job(job) => Some(object::<DeclaredJob>(job.id())),
            Self::Pod => None,
        }
    }
}

/// An object of group `streams.ibm.com`, as errors name it.
fn object<T: OpenStreamsObject>(id: &ObjectId) -> String {
    format!("{} {id}", T::KIND_AND_GROUP)
}

/// Keys that objects can declare.
pub const DECLARABLE: [&str; 11] = [
    keys::COLOCATION,
    keys::CONNECTS_TO,
    keys::EXLOCATION,
    keys::GANG,
    keys::HOST_POOL,
    keys::HOST_TAGS,
    keys::HOSTS,
    keys::ISOLATED,
    keys::POOL_INDEX,
    keys::RELOCATABLE,
    keys::SCHEME,
];

/// Keys of one choice.
const CHOICE: [&str; 3] = [keys::HOST_POOL, keys::HOST_TAGS, keys::POOL_INDEX];

impl<'a> Sources<'a> {
    /// The objects that declare something of the PE, the first of which wins.
    fn objects(&self) -> impl Iterator<Item = (SpecSource<'a>, &'a Labels)> + use<'a> {
        let declared = self.declared.map(|(job, declared)| (SpecSource::StreamJob(job), declared));
        let pe = self.custom.pe.map(|pe| (SpecSource::Pe(pe), &pe.spec));
        let job = self.custom.job.map(|job| (SpecSource::Job(job), &job.defaults));
        declared.into_iter().chain(pe).chain(job)
    }

    /// What counts, and who says it.
    pub(super) fn effective_value(&self, key: &str) -> Option<(SpecSource<'a>, &'a str)> {
        for (source, declared) in self.objects() {
            if let Some(value) = declared.get(key) {
                return Some((source, value));
            }
            if is_settled(declared, key) {
                return None;
            }
        }
        value(self.labels, self.annotations, key).map(|value| (SpecSource::Pod, value))
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        self.effective_value(key).map(|(_, value)| value)
    }

    /// The keys on the pod whose values do not count.
    pub(super) fn overruled(&self) -> Box<[&'static str]> {
        if self.objects().next().is_none() {
            return Box::default();
        }
        let differs = |key: &&str| {
            value(self.labels, self.annotations, key).is_some_and(|effective_value| match self.value(key) {
                Some(counts) => effective_value != counts && !mean_the_same(key, effective_value, counts),
                None => true,
            })
        };
        DECLARABLE.into_iter().filter(differs).collect()
    }

    /// All that was not understood, with its object and field.
    pub(super) fn unclear(&self) -> Vec<String> {
        let pool = self.value(keys::HOST_POOL).and_then(|name| {
            // The namespace is that of the objects which speak of the PE.
            let namespace =
                self.custom.pe.map(|pe| &pe.id.namespace).or_else(|| Some(&self.declared?.0.id.namespace))?;
            self.open_streams.pool(&PoolId { namespace: namespace.clone(), name: Arc::from(name) })
        });
        let pe = self.custom.pe.into_iter().flat_map(reported::<DeclaredPe>);
        let job = self.custom.job.into_iter().flat_map(reported::<DeclaredJob>);
        pe.chain(job).chain(pool.into_iter().flat_map(reported::<DeclaredPool>)).collect()
    }

    /// What was not understood of the `ProcessingElement` or the `Job`, where the wish in question is nobody else's.
    fn doubt(&self) -> Option<InvalidPlacementSpec> {
        let mut above: Vec<&Labels> = self.declared.iter().map(|(_, declared)| *declared).collect();
        let of_pe = self.custom.pe.map(|pe| (SpecSource::Pe(pe), &pe.spec, pe.field_problems.as_slice()));
        let of_job = self.custom.job.map(|job| (SpecSource::Job(job), &job.defaults, job.field_problems.as_slice()));
        for (source, declared, field_problems) in of_pe.into_iter().chain(of_job) {
            for doubt in field_problems {
                let key = doubt
                    .key
                    .filter(|key| !above.iter().any(|above| above.get(key).is_some() || is_settled(above, key)));
                if let Some(key) = key {
                    let source = source.object().map(Box::from);
                    return Some(InvalidPlacementSpec { key, problem: doubt.to_string(), source });
                }
            }
            above.push(declared);
        }
        None
    }
}

/// Which nodes are in question is one choice: whoever declares a part of it takes the place of all of it.
fn is_settled(declared: &Labels, key: &str) -> bool {
    CHOICE.contains(&key) && CHOICE.iter().any(|part| declared.get(part).is_some())
}

/// Whether two values of one key say the same in other words.
fn mean_the_same(key: &str, one: &str, other: &str) -> bool {
    match key {
        keys::CONNECTS_TO => {
            matches!((connections(Some(one)), connections(Some(other))), (Ok(one), Ok(other)) if one == other)
        }
        keys::COLOCATION | keys::EXLOCATION | keys::HOSTS | keys::HOST_TAGS => {
            matches!((list("", Some(one)), list("", Some(other))), (Ok(one), Ok(other)) if one == other)
        }
        _ => false,
    }
}

/// What counts of all that is said; an error names the object that is at fault, where it is not the pod.
pub(super) fn read(
    namespace: &Namespace,
    sources: Sources<'_>,
    placement: Placement,
    lasting_name: bool,
) -> Result<PlacementSpec, InvalidPlacementSpec> {
    if let Some(doubt) = sources.doubt() {
        return Err(doubt);
    }
    read_all(namespace, sources, placement, lasting_name).map_err(|found| {
        let source = || sources.effective_value(found.key)?.0.object().map(Box::from);
        InvalidPlacementSpec { source: found.source.clone().or_else(source), ..found }
    })
}

fn read_all(
    namespace: &Namespace,
    sources: Sources<'_>,
    placement: Placement,
    lasting_name: bool,
) -> Result<PlacementSpec, InvalidPlacementSpec> {
    let value = |key: &str| sources.value(key);
    let job = sources.declared.map(|(job, _)| job);
    let hosts = match (value(keys::HOST_POOL), value(keys::HOST_TAGS)) {
        (Some(_), Some(_)) => {
            return Err(invalid_spec(keys::HOST_TAGS, "cannot be combined with outrigger.dev/host-pool; keep one"));
        }
        (Some(name), None) => HostChoice::Pool(pool(namespace, name)?),
        (None, Some(tags)) => HostChoice::Tags(tag_list(tags)?),
        (None, None) => HostChoice::Any,
    };
    let flag = |key: &'static str, absent: bool| match value(key) {
        None => Ok(absent),
        Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(invalid_spec(key, &format!("`{other}` is neither `true` nor `false`"))),
    };
    let isolated = flag(keys::ISOLATED, false)?;
    let scheme = match value(keys::SCHEME) {
        None => placement.scheme,
        Some(written) => scheme(written)?,
    };
    let relocatable = flag(keys::RELOCATABLE, true)?;
    if !relocatable && !lasting_name {
        let problem = "a PE that stays with its node needs a name that outlives its pod: set outrigger.dev/pe";
        return Err(invalid_spec(keys::RELOCATABLE, problem));
    }
    let only = list(keys::HOSTS, value(keys::HOSTS))?.into_iter().map(Box::from).collect();
    let index = pool_index(value(keys::POOL_INDEX), &hosts)?;
    let (pool_index, only) = in_list(sources.open_streams, &hosts, index, only)?;
    Ok(PlacementSpec {
        pool_index,
        hosts,
        only,
        colocation: tokens(keys::COLOCATION, value(keys::COLOCATION))?,
        exlocation: tokens(keys::EXLOCATION, value(keys::EXLOCATION))?,
        isolation: isolated.then_some(placement.isolation_scope),
        connects_to: connections(value(keys::CONNECTS_TO))?,
        relocatable,
        gang: gang(value(keys::GANG))?.map(|gang| of_job(gang, job, sources.custom.job)),
        exclusive_scope: placement.exclusive_scope,
        scheme,
        risk_weight: placement.risk_weight,
        traffic_weight: placement.traffic_weight,
        override_load_protection: job.is_some_and(|job| job.override_load_protection),
    })
}

/// All PEs of a job are those that its `StreamJob` lists, else as many as its `Job` has counted.
fn of_job(gang: Gang, job: Option<&StreamJob>, custom: Option<&DeclaredJob>) -> Gang {
    let listed = job.and_then(|job| NonZeroU32::new(u32::try_from(job.pes.len()).ok()?));
    match (gang, listed.or_else(|| custom?.pes)) {
        (Gang::All, Some(count)) => Gang::AtLeast(count),
        (Gang::All | Gang::AtLeast(_), _) => gang,
    }
}

/// A place in a pool that is a literal list of hosts names one of them: the order of the list is that of the places.
fn in_list(
    open_streams: &OpenStreams,
    hosts: &HostChoice,
    index: Option<u32>,
    only: Vec<Box<str>>,
) -> Result<(Option<u32>, Vec<Box<str>>), InvalidPlacementSpec> {
    let HostChoice::Pool(id) = hosts else { return Ok((index, only)) };
    let Some(declared) = open_streams.pool(id) else { return Ok((index, only)) };
    if let (None, Some(doubt)) = (&declared.pool, declared.field_problems.first()) {
        let source = Some(object::<DeclaredPool>(declared.id()).into());
        return Err(InvalidPlacementSpec { key: keys::HOST_POOL, problem: doubt.to_string(), source });
    }
    let Some(host) = index.and_then(|place| declared.listed(place)) else { return Ok((index, only)) };
    if only.is_empty() || only.iter().any(|named| **named == *host) {
        return Ok((None, vec![Box::from(host)]));
    }
    let problem = format!("names other hosts than `{host}`, which is the place in pool `{id}` that is asked for");
    Err(invalid_spec(keys::HOSTS, &problem))
}

fn pool_index(written: Option<&str>, hosts: &HostChoice) -> Result<Option<u32>, InvalidPlacementSpec> {
    let Some(written) = written else { return Ok(None) };
    let index = written
        .parse()
        .map_err(|_not_a_number| invalid_spec(keys::POOL_INDEX, &format!("`{written}` is not a number from 0")))?;
    match hosts {
        HostChoice::Pool(_) => Ok(Some(index)),
        HostChoice::Any | HostChoice::Tags(_) => Err(invalid_spec(
            keys::POOL_INDEX,
            "names a node of a sized pool; name the pool with outrigger.dev/host-pool",
        )),
    }
}

fn gang(written: Option<&str>) -> Result<Option<Gang>, InvalidPlacementSpec> {
    match written {
        None | Some("false") => Ok(None),
        Some("true") => Ok(Some(Gang::All)),
        Some(count) => match count.parse() {
            Ok(count) => Ok(Some(Gang::AtLeast(count))),
            Err(_) => {
                Err(invalid_spec(keys::GANG, &format!("`{count}` is neither `true`, `false` nor a number from 1")))
            }
        },
    }
}

/// Bytes a second of a connection that names no rate.
const DEFAULT_RATE: u64 = 1 << 20;

/// Reads `pe=12Mi,other`.
fn connections(written: Option<&str>) -> Result<Vec<Connection>, InvalidPlacementSpec> {
    let mut connections: Vec<Connection> = Vec::new();
    for part in list(keys::CONNECTS_TO, written)? {
        let (to, rate) = part.split_once('=').map_or((part, None), |(to, rate)| (to.trim(), Some(rate.trim())));
        let rate = match rate {
            None => DEFAULT_RATE,
            Some(rate) => bytes(rate).ok_or_else(|| {
                invalid_spec(keys::CONNECTS_TO, &format!("`{rate}` is not bytes a second, such as `12Mi`"))
            })?,
        };
        if to.is_empty() {
            return Err(invalid_spec(keys::CONNECTS_TO, &format!("`{part}` names no PE; write `pe=12Mi`")));
        }
        if connections.iter().any(|known| *known.to == *to) {
            return Err(invalid_spec(keys::CONNECTS_TO, &format!("names PE `{to}` twice")));
        }
        connections.push(Connection { to: Arc::from(to), rate });
    }
    connections.sort_unstable();
    Ok(connections)
}

fn bytes(written: &str) -> Option<u64> {
    let mut amount = Resources::default();
    amount.set("memory", written).ok()?;
    Some(amount.memory.0)
}

fn invalid_spec(key: &'static str, problem: &str) -> InvalidPlacementSpec {
    InvalidPlacementSpec { key, problem: problem.to_owned(), source: None }
}

fn scheme(written: &str) -> Result<ScoringStrategy, InvalidPlacementSpec> {
    ScoringStrategy::ALL.into_iter().find(|scheme| scheme.as_str() == written).ok_or_else(|| {
        let known = ScoringStrategy::ALL.map(ScoringStrategy::as_str).join(", ");
        invalid_spec(keys::SCHEME, &format!("`{written}` is not a scheme; use one of {known}"))
    })
}

fn pool(namespace: &Namespace, name: &str) -> Result<PoolId, InvalidPlacementSpec> {
    if name.is_empty() {
        return Err(invalid_spec(keys::HOST_POOL, "is empty; name a HostPool of this namespace"));
    }
    Ok(PoolId { namespace: namespace.clone(), name: Arc::from(name) })
}

fn tag_list(written: &str) -> Result<Vec<Tag>, InvalidPlacementSpec> {
    let tags = list(keys::HOST_TAGS, Some(written))?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |c: char| c.is_ascii_alphanumeric();
    for tag in &tags {
        if tag.len() > 63 || !tag.chars().all(allowed) || !tag.starts_with(ends) || !tag.ends_with(ends) {
            let problem = format!("`{tag}` cannot be a tag: tags are label names of at most 63 characters");
            return Err(invalid_spec(keys::HOST_TAGS, &problem));
        }
    }
    Ok(tags.into_iter().map(Tag::from).collect())
}

fn tokens(key: &'static str, written: Option<&str>) -> Result<Vec<Token>, InvalidPlacementSpec> {
    Ok(list(key, written)?.into_iter().map(Token::from).collect())
}

/// Reads `a,b` into its sorted parts, each once.
fn list<'a>(key: &'static str, written: Option<&'a str>) -> Result<Vec<&'a str>, InvalidPlacementSpec> {
    let Some(written) = written else { return Ok(Vec::new()) };
    let mut parts: Vec<&str> = written.split(',').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(invalid_spec(key, &format!("`{written}` has an empty part; write a list such as `a,b`")));
    }
    parts.sort_unstable();
    parts.dedup();
    Ok(parts)
}
