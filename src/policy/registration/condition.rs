//! The match conditions of a webhook, as far as they compare labels and annotations.
//!
//! Conditions are written in CEL. What is no comparison of a label or annotation is unknown here, and so is every result
//! that depends on it.

use crate::model::Labels;

/// What a condition may ask of a pod.
#[derive(Clone, Copy)]
pub(super) struct Metadata<'a> {
    pub(super) labels: &'a Labels,
    pub(super) annotations: &'a Labels,
}

/// Compares the value of a member with what is written behind an operator.
type Compare = fn(&str, &str) -> Option<bool>;

/// The value of a member that a pod may lack.
enum Member<'a> {
    Present(&'a str),
    Absent,
}

/// True or false where the condition is known to be so for a pod; `None` where it is not known.
pub(super) fn holds(condition: &str, pod: Metadata<'_>) -> Option<bool> {
    let condition = condition.trim();
    if has_ternary(condition) {
        return None;
    }
    if let Some((left, right)) = split(condition, "||") {
        return match (holds(left, pod), holds(right, pod)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
    if let Some((left, right)) = split(condition, "&&") {
        return match (holds(left, pod), holds(right, pod)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
    }
    comparison(condition, pod).or_else(|| unary(condition, pod))
}

fn unary(condition: &str, pod: Metadata<'_>) -> Option<bool> {
    if let Some(negated) = condition.strip_prefix('!') {
        return holds(negated, pod).map(|holds| !holds);
    }
    if let Some(inner) = enclosed(condition, '(', ')') {
        return holds(inner, pod);
    }
    match condition {
        "true" => return Some(true),
        "false" => return Some(false),
        _ => {}
    }
    let member = condition.strip_suffix(".hasValue()")?;
    Some(matches!(optional(member, pod)?, Member::Present(_)))
}

/// `object.metadata.?labels[?'key'].orValue('') == 'value'`, and the same with `!=` and `in`.
fn comparison(condition: &str, pod: Metadata<'_>) -> Option<bool> {
    let operators: [(&str, Compare); 3] = [
        ("==", |value, written| Some(value == text(written)?)),
        ("!=", |value, written| Some(value != text(written)?)),
        (" in ", |value, written| {
            let texts: Option<Vec<&str>> =
                enclosed(written, '[', ']')?.split(',').map(|one| text(one.trim())).collect();
            Some(texts?.contains(&value))
        }),
    ];
    let (left, right, compare) = operators
        .into_iter()
        .find_map(|(operator, compare)| split(condition, operator).map(|(left, right)| (left, right, compare)))?;
    let (member, default) = left.trim().strip_suffix(')')?.rsplit_once(".orValue(")?;
    let value = match optional(member, pod)? {
        Member::Present(value) => value,
        Member::Absent => text(default)?,
    };
    compare(value, right.trim())
}

/// The value of `object.metadata.?labels[?'key']`.
fn optional<'a>(member: &str, pod: Metadata<'a>) -> Option<Member<'a>> {
    let (list, key) = member.strip_prefix("object.metadata.?")?.split_once("[?")?;
    let key = text(key.strip_suffix(']')?)?;
    let value = match list {
        "labels" => pod.labels.get(key),
        "annotations" => pod.annotations.get(key),
        _ => return None,
    };
    Some(value.map_or(Member::Absent, Member::Present))
}

/// A text in quotes, without escapes.
fn text(written: &str) -> Option<&str> {
    let inner = ['\'', '"'].into_iter().find_map(|quote| enclosed(written, quote, quote))?;
    (!inner.contains(['\\', '\'', '"'])).then_some(inner)
}

fn enclosed(written: &str, open: char, close: char) -> Option<&str> {
    let inner = written.strip_prefix(open)?.strip_suffix(close)?;
    let ends_early = open != close && outside(inner).any(|(_, _, depth)| depth < 0);
    (!ends_early).then_some(inner)
}

/// The parts before and after the first operator that stands in no quotes and no brackets.
fn split<'c>(condition: &'c str, operator: &str) -> Option<(&'c str, &'c str)> {
    let at = outside(condition).find(|(_, rest, depth)| *depth == 0 && rest.starts_with(operator));
    let (at, ..) = at?;
    Some((condition.get(..at)?, condition.get(at.checked_add(operator.len())?..)?))
}

/// True where `a ? b : c` stands in no brackets. The marks of optional members are no such question marks.
fn has_ternary(condition: &str) -> bool {
    outside(condition).any(|(at, rest, depth)| {
        let before = condition.get(..at).and_then(|before| before.chars().next_back());
        depth == 0 && rest.starts_with('?') && before != Some('.') && before != Some('[')
    })
}

/// Each place that stands in no quotes, with the rest of the text from there and the depth of brackets.
fn outside(condition: &str) -> impl Iterator<Item = (usize, &str, i32)> {
    let mut quote = None;
    let mut depth = 0_i32;
    condition.char_indices().filter_map(move |(at, letter)| {
        if let Some(open) = quote {
            if letter == open {
                quote = None;
            }
            return None;
        }
        match letter {
            '\'' | '"' => {
                quote = Some(letter);
                return None;
            }
            '(' | '[' | '{' => depth = depth.saturating_add(1),
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        Some((at, condition.get(at..)?, depth))
    })
}

#[cfg(test)]
#[path = "tests/condition.rs"]
mod tests;
