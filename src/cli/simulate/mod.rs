//! `outrigger simulate`: where PEs would go, by the functions that the server answers with.

mod command;
mod dot;
mod drawing;
mod read;
mod svg;
mod table;

pub(super) use self::command::{Arguments, run};
