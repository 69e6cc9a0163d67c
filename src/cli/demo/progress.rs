//! A line that says what is going on, for people who wait.

use std::io::{IsTerminal as _, Write as _};

/// The line. It is written to standard error, only on a terminal, and leaves nothing behind.
#[derive(Debug)]
pub(super) struct Progress {
    visible: bool,
    columns: usize,
}

impl Progress {
    /// A line of at most this many columns.
    pub(super) fn new(columns: usize) -> Self {
        Self { visible: std::io::stderr().is_terminal(), columns }
    }

    /// Replaces what the line says.
    pub(super) fn say(&self, text: &str) {
        if self.visible {
            let text: String = text.chars().take(self.columns.saturating_sub(1)).collect();
            write(&format!("\r\x1b[2K{text}"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.visible {
            write("\r\x1b[2K");
        }
    }
}

fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    // A terminal that is gone is nobody's fault, and no reason to stop.
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
