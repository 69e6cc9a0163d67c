//! The line and column of a field in its file. They are looked up for errors only: reading goes without them.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_path_to_error::Segment;
use serde_saphyr::{NonFiniteFloatPolicy, Spanned};

use crate::api::Position;

/// One step from an object to one of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Field {
    /// The member of this name.
    Member(String),
    /// The element at this place.
    Element(usize),
}

impl Field {
    pub(super) fn from_segment(segment: &Segment) -> Option<Self> {
        match segment {
            Segment::Seq { index } => Some(Self::Element(*index)),
            Segment::Map { key } => Some(Self::Member(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        }
    }

    /// Parses a path as [`join`](Self::join) writes it; brackets hold an index or a name with dots.
    pub(in crate::cli) fn parse(written: &str) -> Vec<Self> {
        let mut path = Vec::new();
        let mut rest = written;
        while !rest.is_empty() {
            let (part, after) = match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
                Some(bracketed) => bracketed,
                None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
            };
            if !part.is_empty() {
                path.push(part.parse().map_or_else(|_| Self::Member(part.to_owned()), Self::Element));
            }
            rest = after.strip_prefix('.').unwrap_or(after);
        }
        path
    }

    /// The value at a path.
    pub(super) fn find<'v>(path: &[Self], value: &'v Value) -> Option<&'v Value> {
        path.iter().try_fold(value, |value, field| match field {
            Self::Member(name) => value.get(name),
            Self::Element(at) => value.get(at),
        })
    }

    /// A path as users write it: `spec.containers[0].name`.
    pub(super) fn join(path: &[Self]) -> String {
        let written = path.iter().enumerate().map(|(at, field)| match field {
            Self::Element(at) => format!("[{at}]"),
            Self::Member(name) if at == 0 => name.clone(),
            Self::Member(name) if name.contains('.') => format!("[{name}]"),
            Self::Member(name) => format!(".{name}"),
        });
        written.collect()
    }
}

/// The limits of a file: dumps of large clusters are within them.
pub(super) fn options(large_numbers: NonFiniteFloatPolicy) -> serde_saphyr::Options {
    serde_saphyr::options! {
        non_finite_float_policy: large_numbers,
        budget: serde_saphyr::budget! {
            max_events: 100_000_000,
            max_nodes: 50_000_000,
            max_total_scalar_bytes: 1 << 30,
            max_documents: 1_000_000,
        },
    }
}

/// The position of a field; the position of its parent where the field is missing; 0 where neither is known.
pub(super) fn find(text: &str, (document, item): (usize, Option<usize>), path: &[Field]) -> Position {
    let documents = trees(text);
    let Some(mut here) = documents.get(document) else { return Position::default() };
    let to_item = item.into_iter().flat_map(|item| [Field::Member("items".to_owned()), Field::Element(item)]);
    for field in to_item.chain(path.iter().cloned()) {
        match here.value.step(&field) {
            Some(next) => here = next,
            None => break,
        }
    }
    here.referenced.into()
}

/// The bytes of each unquoted number that is too large for a float, in their order.
pub(super) fn large_numbers(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for document in trees(text) {
        document.value.collect_large_numbers(&document, &mut found);
    }
    found.sort_unstable_by_key(|number| number.start);
    found.dedup();
    found
}

fn trees(text: &str) -> Vec<Spanned<Tree>> {
    serde_saphyr::from_multiple_with_options(text, options(NonFiniteFloatPolicy::PassThrough)).unwrap_or_default()
}

/// A value with the position of each of its parts.
enum Tree {
    Leaf,
    LargeNumber,
    List(Vec<Spanned<Self>>),
    Map(Vec<(String, Spanned<Self>)>),
}

impl Tree {
    fn step(&self, field: &Field) -> Option<&Spanned<Self>> {
        match (self, field) {
            (Self::List(items), Field::Element(at)) => items.get(*at),
            (Self::Map(members), Field::Member(name)) => {
                members.iter().find(|(key, _)| key == name).map(|(_, member)| member)
            }
            _ => None,
        }
    }
}

impl Tree {
    fn collect_large_numbers(&self, own: &Spanned<Self>, found: &mut Vec<Range<usize>>) {
        match self {
            Self::Leaf => {}
            Self::LargeNumber => {
                let span = own.defined.span();
                let place = |at: Option<u64>| usize::try_from(at?).ok();
                if let (Some(start), Some(len)) = (place(span.byte_offset()), place(span.byte_len())) {
                    found.push(start..start.saturating_add(len));
                }
            }
            Self::List(items) => items.iter().for_each(|item| item.value.collect_large_numbers(item, found)),
            Self::Map(members) => {
                for (_, member) in members {
                    member.value.collect_large_numbers(member, found);
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

macro_rules! leaves {
    ($($visit:ident: $type:ty,)*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Tree, E> {
            Ok(Tree::Leaf)
        })*
    };
}

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    leaves! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_str: &str,
    }

    fn visit_f64<E>(self, v: f64) -> Result<Tree, E> {
        Ok(if v.is_finite() { Tree::Leaf } else { Tree::LargeNumber })
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Map(members))
    }
}
