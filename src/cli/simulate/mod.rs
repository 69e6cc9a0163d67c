//! `outrigger simulate`: where PEs would go, by the functions that the server answers with.

mod command;
mod demand_file;
mod dot;
mod drawing;
mod files;
mod gather;
mod notes;
mod read;
mod settings;
mod svg;
mod table;
mod workload;

pub(super) use self::command::{Arguments, run};
