//! Encodes responses by hand, because a response of up to 5,000 nodes is encoded for every pod.

use crate::model::Reason;

/// Appends a JSON string.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        let escaped = serde_json::Value::from(text).to_string();
        out.extend(escaped.bytes().skip(1).take(escaped.len().saturating_sub(2)));
    }
    out.push(b'"');
}

/// True where JSON needs no escape in a text, as in all names of nodes: printable ASCII without quotes and backslashes.
fn is_plain(text: &[u8]) -> bool {
    let every = |byte: u8| u64::from_ne_bytes([byte; 8]);
    // Eight bytes a step: the highest bit of a byte is set where the byte is out of range.
    let eight = |bytes: &[u8; 8]| {
        let word = u64::from_ne_bytes(*bytes);
        let has_zero = |word: u64| word.wrapping_sub(every(1)) & !word;
        let has = |byte: u8| has_zero(word ^ every(byte));
        let odd = word | (word.wrapping_sub(every(0x21)) & !word) | has(b'"') | has(b'\\') | has(0x7f);
        odd & every(0x80) == 0
    };
    let one = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    match text.last_chunk() {
        // The last eight bytes may overlap the chunks.
        Some(last) => text.as_chunks().0.iter().all(eight) && eight(last),
        None => text.iter().all(one),
    }
}

/// Encodes the response of filter. Rejected nodes go into `FailedAndUnresolvableNodes`, each with its reason code alone
/// (D7): kube-scheduler retries at once for other texts and for nodes in `FailedNodes`.
pub(super) fn filter_result<'a>(
    passed: impl Iterator<Item = &'a str>,
    rejected: impl Iterator<Item = (&'a str, Reason)>,
    capacity: usize,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + capacity * 64);
    out.extend_from_slice(br#"{"Nodes":null,"NodeNames":["#);
    for (place, name) in passed.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_string(&mut out, name);
    }
    out.push(b']');
    push_rejected(&mut out, rejected);
    out
}

/// Encodes the response of filter for whole nodes: the nodes that passed go back with their JSON.
pub(super) fn filter_result_whole<'a>(
    passed: impl Iterator<Item = &'a str>,
    rejected: impl Iterator<Item = (&'a str, Reason)>,
) -> Vec<u8> {
    let mut out = br#"{"Nodes":{"metadata":{},"items":["#.to_vec();
    for (place, written) in passed.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(written.as_bytes());
    }
    out.extend_from_slice(br#"]},"NodeNames":null"#);
    push_rejected(&mut out, rejected);
    out
}

/// Appends the rejected nodes, and the end of a response of filter.
fn push_rejected(out: &mut Vec<u8>, rejected: impl Iterator<Item = (impl AsRef<str>, Reason)>) {
    out.extend_from_slice(br#","FailedNodes":null,"FailedAndUnresolvableNodes":{"#);
    for (place, (name, reason)) in rejected.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_string(out, name.as_ref());
        out.push(b':');
        push_string(out, reason.as_str());
    }
    out.extend_from_slice(br#"},"Error":""}"#);
}

/// Encodes an error of filter. kube-scheduler retries the pod after its error back-off.
#[must_use]
pub fn filter_error(problem: &str) -> Vec<u8> {
    let mut out =
        br#"{"Nodes":null,"NodeNames":null,"FailedNodes":null,"FailedAndUnresolvableNodes":null,"Error":"#.to_vec();
    push_string(&mut out, problem);
    out.push(b'}');
    out
}

/// Encodes the response of prioritize.
pub(super) fn host_priorities<'a, I: Iterator<Item = (&'a str, u8)>>(scores: I, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 + capacity * 72);
    let mut digits = itoa::Buffer::new();
    out.push(b'[');
    for (place, (host, score)) in scores.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"Host":"#);
        push_string(&mut out, host);
        out.extend_from_slice(br#","Score":"#);
        out.extend_from_slice(digits.format(score).as_bytes());
        out.push(b'}');
    }
    out.push(b']');
    out
}

/// Encodes the response of bind; an empty error means that the pod is bound.
#[must_use]
pub(super) fn binding_result(problem: Option<&str>) -> Vec<u8> {
    let mut out = br#"{"Error":"#.to_vec();
    push_string(&mut out, problem.unwrap_or_default());
    out.push(b'}');
    out
}

#[cfg(test)]
#[path = "tests/encode.rs"]
mod tests;
