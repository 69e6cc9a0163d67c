//! Somebody else's text within ours.

/// `text` on one line, with at most `most` characters.
///
/// Control characters become spaces: a warning that holds one is dropped by the API server.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let mut line: String = text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        line.pop();
        line.push('…');
    }
    line
}

#[cfg(test)]
#[path = "tests/text.rs"]
mod tests;
