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

#[cfg(test)]
#[path = "tests/text.rs"]
mod tests;
