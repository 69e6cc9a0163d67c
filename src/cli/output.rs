//! Standard output and standard error of the commands.

use std::io::{ErrorKind, Write as _};

use serde::Serialize;

use super::CommandError;

/// Writes to standard output. A reader that closes the pipe early, as `head` does, is no failure.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::failed(error)),
        _ => Ok(()),
    }
}

/// A document for programs, as `-o json` prints it.
pub(super) fn json(document: &impl Serialize) -> Result<String, CommandError> {
    serde_json::to_string_pretty(document).map(|text| text + "\n").map_err(CommandError::failed)
}

/// Writes a line to standard error.
#[expect(clippy::print_stderr, reason = "the one place where a command speaks to its user about errors and progress")]
pub(super) fn say(line: &str) {
    eprintln!("{line}");
}
