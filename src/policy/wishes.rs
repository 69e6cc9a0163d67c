//! What a pod wishes for its placement, read from its annotations and labels (`PLACEMENT.md` 2).

use std::sync::Arc;

use super::resolve::Placement;
use crate::model::{Contradiction, HostChoice, Labels, Namespace, PoolId, Scheme, Tag, Token, Wishes};

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
    /// Explicit hosts.
    pub const HOSTS: &str = "outrigger.dev/hosts";
    /// Colocation tokens.
    pub const COLOCATION: &str = "outrigger.dev/colocation";
    /// Exlocation tokens.
    pub const EXLOCATION: &str = "outrigger.dev/exlocation";
    /// Whether the PE is alone on its node.
    pub const ISOLATED: &str = "outrigger.dev/isolated";
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

/// Keys of `PLACEMENT.md` that this version reads but does not act on yet.
const NOT_YET: [&str; 3] = ["outrigger.dev/pool-index", "outrigger.dev/gang", "outrigger.dev/relocatable"];

/// The keys on a pod that this version does not act on yet: admission warns of each.
pub fn unsupported(labels: &Labels, annotations: &Labels) -> impl Iterator<Item = &'static str> {
    NOT_YET.into_iter().filter(|key| match value(labels, annotations, key) {
        // The default of the flag is what this version does.
        Some(value) => !(*key == "outrigger.dev/relocatable" && value == "true") && value != "false",
        None => false,
    })
}

/// Annotations win over labels.
fn value<'a>(labels: &'a Labels, annotations: &'a Labels, key: &str) -> Option<&'a str> {
    annotations.get(key).or_else(|| labels.get(key)).map(str::trim)
}

pub(super) fn read(
    namespace: &Namespace,
    labels: &Labels,
    annotations: &Labels,
    placement: Placement,
) -> Result<Wishes, Contradiction> {
    let value = |key: &str| value(labels, annotations, key);
    let hosts = match (value(keys::HOST_POOL), value(keys::HOST_TAGS)) {
        (Some(_), Some(_)) => {
            return Err(contradiction(keys::HOST_TAGS, "cannot be combined with outrigger.dev/host-pool; keep one"));
        }
        (Some(name), None) => HostChoice::Pool(pool(namespace, name)?),
        (None, Some(tags)) => HostChoice::Tags(tag_list(tags)?),
        (None, None) => HostChoice::Any,
    };
    let isolated = match value(keys::ISOLATED) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(contradiction(keys::ISOLATED, &format!("`{other}` is neither `true` nor `false`"))),
    };
    let scheme = match value(keys::SCHEME) {
        None => placement.scheme,
        Some(written) => scheme(written)?,
    };
    Ok(Wishes {
        hosts,
        only: list(keys::HOSTS, value(keys::HOSTS))?.into_iter().map(Box::from).collect(),
        colocation: tokens(keys::COLOCATION, value(keys::COLOCATION))?,
        exlocation: tokens(keys::EXLOCATION, value(keys::EXLOCATION))?,
        isolation: isolated.then_some(placement.isolation_scope),
        exclusive_scope: placement.exclusive_scope,
        scheme,
        risk_weight: placement.risk_weight,
    })
}

fn contradiction(key: &'static str, problem: &str) -> Contradiction {
    Contradiction { key, problem: problem.to_owned() }
}

fn scheme(written: &str) -> Result<Scheme, Contradiction> {
    match written {
        "balancedInstance" => Ok(Scheme::BalancedInstance),
        other => Err(contradiction(
            keys::SCHEME,
            &format!("`{other}` is not a scheme of this version; use balancedInstance"),
        )),
    }
}

fn pool(namespace: &Namespace, name: &str) -> Result<PoolId, Contradiction> {
    if name.is_empty() {
        return Err(contradiction(keys::HOST_POOL, "is empty; name a HostPool of this namespace"));
    }
    Ok(PoolId { namespace: namespace.clone(), name: Arc::from(name) })
}

fn tag_list(written: &str) -> Result<Vec<Tag>, Contradiction> {
    let tags = list(keys::HOST_TAGS, Some(written))?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |c: char| c.is_ascii_alphanumeric();
    for tag in &tags {
        if tag.len() > 63 || !tag.chars().all(allowed) || !tag.starts_with(ends) || !tag.ends_with(ends) {
            let problem = format!("`{tag}` cannot be a tag: tags are label names of at most 63 characters");
            return Err(contradiction(keys::HOST_TAGS, &problem));
        }
    }
    Ok(tags.into_iter().map(Tag::from).collect())
}

fn tokens(key: &'static str, written: Option<&str>) -> Result<Vec<Token>, Contradiction> {
    Ok(list(key, written)?.into_iter().map(Token::from).collect())
}

/// Reads `a,b` into its sorted parts, each once.
fn list<'a>(key: &'static str, written: Option<&'a str>) -> Result<Vec<&'a str>, Contradiction> {
    let Some(written) = written else { return Ok(Vec::new()) };
    let mut parts: Vec<&str> = written.split(',').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(contradiction(key, &format!("`{written}` has an empty part; write a list such as `a,b`")));
    }
    parts.sort_unstable();
    parts.dedup();
    Ok(parts)
}
