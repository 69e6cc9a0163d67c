//! Why a command ends without success, and with which exit code.

use std::fmt::Display;
use std::process::ExitCode;

/// Why a command ends without success.
#[derive(Debug)]
pub(super) enum CommandError {
    /// The user's input is wrong: exit code 2.
    Input(String),
    /// Something failed: exit code 1.
    Failed(String),
    /// The command is done, and not every PE has a node: exit code 3.
    NotAllPlaced,
}

impl CommandError {
    pub(super) fn input(error: impl Display) -> Self {
        Self::Input(error.to_string())
    }

    pub(super) fn failed(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// The exit code of the program.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Input(_) => 2,
            Self::NotAllPlaced => 3,
        })
    }

    /// What the user is told; `None` where the output says it.
    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Self::Input(problem) | Self::Failed(problem) => Some(problem),
            Self::NotAllPlaced => None,
        }
    }
}
