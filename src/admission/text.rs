//! Text of users that is quoted in warnings, or written as a label.

/// `text` on one line, with at most `most` characters.
///
/// Control characters become spaces: the API server drops a warning with a control character.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let mut line: String = text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// True if Kubernetes accepts the text as a label value, or as the name part of a label key: 1 to 63 characters.
pub(super) fn is_label_text(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len()) && text.chars().all(inner) && text.starts_with(ends) && text.ends_with(ends)
}

#[cfg(test)]
#[path = "tests/text.rs"]
mod tests;
