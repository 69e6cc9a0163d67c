//! Which texts Kubernetes accepts as names.

const LONGEST_LABEL_VALUE: usize = 63;
const LONGEST_OBJECT_NAME: usize = 253;

/// True for what Kubernetes accepts as the value of a label, and as the name part of its key; not for the empty text.
#[must_use]
pub fn is_label_value(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |c: char| c.is_ascii_alphanumeric();
    is_name(text, LONGEST_LABEL_VALUE, inner, ends)
}

/// True for what Kubernetes accepts as the name of most objects: a DNS subdomain.
#[must_use]
pub fn is_object_name(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inner = |c: char| ends(c) || matches!(c, '-' | '.');
    is_name(text, LONGEST_OBJECT_NAME, inner, ends)
}

fn is_name(text: &str, longest: usize, inner: impl Fn(char) -> bool, ends: impl Fn(char) -> bool) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(inner) && text.starts_with(&ends) && text.ends_with(&ends)
}

#[cfg(test)]
#[path = "tests/names.rs"]
mod tests;
