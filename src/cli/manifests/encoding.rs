//! The encoding of a file: UTF-8, or UTF-16 as PowerShell writes it.

use crate::cli::CommandError;

/// Byte order marks.
const UTF_8: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF_16_LITTLE: [u8; 2] = [0xff, 0xfe];
const UTF_16_BIG: [u8; 2] = [0xfe, 0xff];

/// The text in the bytes of a file. A byte order mark names the encoding, as for kubectl; without one it is UTF-8.
pub(super) fn decode(file: &str, bytes: Vec<u8>) -> Result<String, CommandError> {
    if let Some(rest) = bytes.strip_prefix(&UTF_16_LITTLE) {
        return utf_16(file, rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&UTF_16_BIG) {
        return utf_16(file, rest, u16::from_be_bytes);
    }
    let bytes = match bytes.strip_prefix(&UTF_8) {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = valid.split(|byte| *byte == b'\n').count();
        CommandError::input(format!("{file}:{line}: the encoding is not UTF-8; save the file as UTF-8"))
    })
}

fn utf_16(file: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, CommandError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().copied().map(unit)).collect::<Result<String, _>>().ok();
    text.filter(|_| rest.is_empty()).ok_or_else(|| {
        CommandError::input(format!(
            "{file}: the file begins as UTF-16 and is not valid in this encoding; save the file as UTF-8"
        ))
    })
}

#[cfg(test)]
#[path = "tests/encoding.rs"]
mod tests;
