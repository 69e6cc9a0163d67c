//! Objects that are not read, because they would take too much memory.

use serde_json::value::RawValue;

/// The API server accepts objects of at most this size in a request, and stores half as much.
const LARGEST_OBJECT: usize = 3 << 20;
/// An object of at most this size is parsed whatever it holds: that takes 6 MiB at most.
const SMALL_OBJECT: usize = 64 << 10;
/// The most memory that a parsed object may take, in bytes: three times as much as a pod with 10,000 environment variables.
/// A parsed value takes up to 90 times the memory of its text.
const MOST_MEMORY: usize = 32 << 20;

/// True if the object is too large to scan for labels.
pub(super) fn is_too_large(object: &RawValue) -> bool {
    object.get().len() > LARGEST_OBJECT
}

/// True if the parsed object would take too much memory.
pub(super) fn takes_too_much_memory(object: &RawValue) -> bool {
    object.get().len() > SMALL_OBJECT && memory(object.get()) > MOST_MEMORY
}

/// An upper estimate of the bytes that JSON takes once it is parsed: that of its texts, and that of its values, each of
/// which has a comma, bracket or brace of its own outside of texts.
fn memory(json: &str) -> usize {
    /// A map allocates room for eleven members at its first.
    const MAP: usize = 640;
    /// A list allocates room for four elements at its first, and doubles it.
    const LIST: usize = 128;
    const VALUE: usize = 112;
    const TEXT: usize = 32;
    let mut bytes = json.len();
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        let is_mark = !is_escaped && byte == b'"';
        is_escaped = in_text && !is_escaped && byte == b'\\';
        in_text ^= is_mark;
        bytes = bytes.saturating_add(match byte {
            _ if is_mark && in_text => TEXT,
            _ if in_text => 0,
            b'{' => MAP,
            b'[' => LIST,
            b',' => VALUE,
            _ => 0,
        });
    }
    bytes
}

#[cfg(test)]
#[path = "tests/size_limit.rs"]
mod tests;
