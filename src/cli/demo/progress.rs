//! The progress line of the demo.

use std::io::{IsTerminal as _, Write as _};

/// The progress line. It is written to standard error if that is a terminal, and removed at the end.
#[derive(Debug)]
pub(super) struct Progress {
    visible: bool,
    columns: usize,
}

impl Progress {
    /// A line of at most so many columns.
    pub(super) fn new(columns: usize) -> Self {
        Self { visible: std::io::stderr().is_terminal(), columns }
    }

    /// Replaces the text of the line.
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
    // The demo goes on where the terminal is gone.
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
