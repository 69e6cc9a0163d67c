//! The text of a value to what it means. An error names the key.

use std::sync::Arc;

use crate::model::{
    Connection, Gang, InvalidPlacementSpec, Namespace, ObjectId, Resources, ScoringStrategy, Tag, Token,
    is_label_value, keys,
};

type Parsed<T> = Result<T, InvalidPlacementSpec>;

/// Bytes a second of a connection that names no rate.
const DEFAULT_RATE: u64 = 1 << 20;

/// An error of the value of a key.
pub(super) fn invalid(key: &'static str, problem: impl Into<String>) -> InvalidPlacementSpec {
    InvalidPlacementSpec { key, problem: problem.into(), source: None }
}

/// Parses `true` or `false`.
pub(super) fn flag(key: &'static str, text: &str) -> Parsed<bool> {
    match text {
        "false" => Ok(false),
        "true" => Ok(true),
        other => Err(invalid(key, format!("`{other}` is neither `true` nor `false`"))),
    }
}

/// Parses `a,b` into its sorted parts, each once.
pub(super) fn list<'a>(key: &'static str, text: &'a str) -> Parsed<Vec<&'a str>> {
    let mut parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(invalid(key, format!("`{text}` has an empty part; write a list such as `a,b`")));
    }
    parts.sort_unstable();
    parts.dedup();
    Ok(parts)
}

pub(super) fn hosts(text: &str) -> Parsed<Vec<Box<str>>> {
    Ok(list(keys::HOSTS, text)?.into_iter().map(Box::from).collect())
}

/// Parses colocation or exlocation tokens.
pub(super) fn tokens(key: &'static str, text: &str) -> Parsed<Vec<Token>> {
    Ok(list(key, text)?.into_iter().map(Token::from).collect())
}

pub(super) fn tags(text: &str) -> Parsed<Vec<Tag>> {
    let tags = list(keys::HOST_TAGS, text)?;
    // A tag is the name part of the key of a node's label.
    if let Some(tag) = tags.iter().find(|tag| !is_label_value(tag)) {
        let problem = format!("`{tag}` cannot be a tag: tags are label names of at most 63 characters");
        return Err(invalid(keys::HOST_TAGS, problem));
    }
    Ok(tags.into_iter().map(Tag::from).collect())
}

/// Parses the name of a pool in the namespace of the PE.
pub(super) fn pool(namespace: &Namespace, name: &str) -> Parsed<ObjectId> {
    if name.is_empty() {
        return Err(invalid(keys::HOST_POOL, "is empty; name a HostPool of this namespace"));
    }
    Ok(ObjectId { namespace: namespace.clone(), name: Arc::from(name) })
}

pub(super) fn pool_index(text: &str) -> Parsed<u32> {
    let not_a_number = |_| invalid(keys::POOL_INDEX, format!("`{text}` is not a number from 0"));
    text.parse().map_err(not_a_number)
}

/// Parses `true`, `false` or the least number of members.
pub(super) fn gang(text: &str) -> Parsed<Option<Gang>> {
    let neither = |_| invalid(keys::GANG, format!("`{text}` is neither `true`, `false` nor a number from 1"));
    match text {
        "false" => Ok(None),
        "true" => Ok(Some(Gang::All)),
        count => count.parse().map(|count| Some(Gang::AtLeast(count))).map_err(neither),
    }
}

pub(super) fn scoring_strategy(text: &str) -> Parsed<ScoringStrategy> {
    ScoringStrategy::ALL.into_iter().find(|strategy| strategy.as_str() == text).ok_or_else(|| {
        let known = ScoringStrategy::ALL.map(ScoringStrategy::as_str).join(", ");
        invalid(keys::SCHEME, format!("`{text}` is not a scheme; use one of {known}"))
    })
}

/// Parses `pe=12Mi,other`.
pub(super) fn connections(text: &str) -> Parsed<Vec<Connection>> {
    const KEY: &str = keys::CONNECTS_TO;
    let mut connections: Vec<Connection> = Vec::new();
    for part in list(KEY, text)? {
        let (to, rate) = part.split_once('=').map_or((part, None), |(to, rate)| (to.trim(), Some(rate.trim())));
        let rate = match rate {
            None => DEFAULT_RATE,
            Some(rate) => {
                bytes(rate).ok_or_else(|| invalid(KEY, format!("`{rate}` is not bytes a second, such as `12Mi`")))?
            }
        };
        if to.is_empty() {
            return Err(invalid(KEY, format!("`{part}` names no PE; write `pe=12Mi`")));
        }
        if connections.iter().any(|known| *known.to == *to) {
            return Err(invalid(KEY, format!("names PE `{to}` twice")));
        }
        connections.push(Connection { to: Arc::from(to), rate });
    }
    connections.sort_unstable();
    Ok(connections)
}

fn bytes(text: &str) -> Option<u64> {
    let mut amount = Resources::default();
    amount.set("memory", text).ok()?;
    Some(amount.memory.0)
}

/// True where two different texts of one key mean the same.
pub(super) fn mean_the_same(key: &str, one: &str, other: &str) -> bool {
    match key {
        keys::CONNECTS_TO => matches!((connections(one), connections(other)), (Ok(one), Ok(other)) if one == other),
        keys::COLOCATION | keys::EXLOCATION | keys::HOSTS | keys::HOST_TAGS => {
            matches!((list("", one), list("", other)), (Ok(one), Ok(other)) if one == other)
        }
        _ => false,
    }
}
