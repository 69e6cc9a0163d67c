//! The text of a value to what it means. An error names the key.

use std::sync::Arc;

use crate::model::{
    Connection, Gang, InvalidPlacementSpec, Namespace, ObjectId, OversizedValue, Resources, ScoringStrategy, Tag,
    Token, is_label_value, keys,
};

type Parsed<T> = Result<T, InvalidPlacementSpec>;

/// The longest part of a list, in bytes: the longest name of an object.
const LONGEST_PART: usize = 253;
/// The longest name of a pool: that of an object, after the name of its group.
const LONGEST_POOL_NAME: usize = 2 * LONGEST_PART;
/// How much of a value a message shows.
const MOST_CHARACTERS: usize = 64;
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
        other => Err(invalid(key, format!("`{}` is neither `true` nor `false`", shortened(other)))),
    }
}

/// Parses `a,b` into its sorted parts, each once. The number and the length of the parts are bounded: each part is
/// compared with those of other PEs.
pub(super) fn list<'a>(key: &'static str, text: &'a str) -> Parsed<Vec<&'a str>> {
    let most = most_parts(key);
    let count = text.split(',').count();
    if count > most {
        return Err(invalid(key, format!("lists {count} values; at most {most} are allowed")));
    }
    let mut parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(invalid(key, format!("`{}` has an empty part; write a list such as `a,b`", shortened(text))));
    }
    if let Some(long) = parts.iter().find(|part| part.len() > LONGEST_PART) {
        let problem = format!("`{}` has {} bytes; at most {LONGEST_PART} are allowed", shortened(long), long.len());
        return Err(invalid(key, problem));
    }
    parts.sort_unstable();
    parts.dedup();
    Ok(parts)
}

/// The most parts of the list of a key (`docs/placement.md`).
fn most_parts(key: &str) -> usize {
    match key {
        keys::COLOCATION | keys::EXLOCATION => 16,
        keys::HOST_TAGS => 32,
        _ => 64,
    }
}

/// The error of a value that is too large to be kept.
pub(super) fn oversized(value: &OversizedValue) -> InvalidPlacementSpec {
    let OversizedValue { key, parts, bytes } = *value;
    let most = most_parts(key);
    invalid(key, format!("lists {parts} values in {bytes} bytes; at most {most} values are allowed"))
}

/// The beginning of a text, for messages.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
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
    if name.len() > LONGEST_POOL_NAME {
        return Err(invalid(keys::HOST_POOL, format!("`{}` is longer than a name can be", shortened(name))));
    }
    Ok(ObjectId { namespace: namespace.clone(), name: Arc::from(name) })
}

pub(super) fn pool_index(text: &str) -> Parsed<u32> {
    let not_a_number = |_| invalid(keys::POOL_INDEX, format!("`{}` is not a number from 0", shortened(text)));
    text.parse().map_err(not_a_number)
}

/// Parses `true`, `false` or the least number of members.
pub(super) fn gang(text: &str) -> Parsed<Option<Gang>> {
    let neither =
        |_| invalid(keys::GANG, format!("`{}` is neither `true`, `false` nor a number from 1", shortened(text)));
    match text {
        "false" => Ok(None),
        "true" => Ok(Some(Gang::All)),
        count => count.parse().map(|count| Some(Gang::AtLeast(count))).map_err(neither),
    }
}

pub(super) fn scoring_strategy(text: &str) -> Parsed<ScoringStrategy> {
    ScoringStrategy::ALL.into_iter().find(|strategy| strategy.as_str() == text).ok_or_else(|| {
        let known = ScoringStrategy::ALL.map(ScoringStrategy::as_str).join(", ");
        invalid(keys::SCHEME, format!("`{}` is not a scheme; use one of {known}", shortened(text)))
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
            Some(rate) => bytes(rate)
                .ok_or_else(|| invalid(KEY, format!("`{}` is not bytes a second, such as `12Mi`", shortened(rate))))?,
        };
        if to.is_empty() {
            return Err(invalid(KEY, format!("`{}` names no PE; write `pe=12Mi`", shortened(part))));
        }
        if connections.iter().any(|known| *known.to == *to) {
            return Err(invalid(KEY, format!("names PE `{}` twice", shortened(to))));
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
            matches!((list(keys::HOSTS, one), list(keys::HOSTS, other)), (Ok(one), Ok(other)) if one == other)
        }
        _ => false,
    }
}
