//! The line and column of a field in its file. They are looked up for errors only: reading goes without them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::Segment;
use serde_saphyr::Spanned;

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
    pub(super) fn parse(written: &str) -> Vec<Self> {
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
pub(super) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
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
    let Ok(documents) = serde_saphyr::from_multiple_with_options::<Spanned<Tree>>(text, options()) else {
        return Position::default();
    };
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

/// A value with the position of each of its parts.
enum Tree {
    Leaf,
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
        visit_f64: f64,
        visit_str: &str,
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
