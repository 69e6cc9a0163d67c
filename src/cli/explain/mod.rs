//! `outrigger explain`.

mod ask;
mod command;
mod report;

pub(super) use self::command::{Arguments, run};
