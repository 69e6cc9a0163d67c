//! `outrigger forecast`: forecasts one series of a file, and says how good such forecasts were.

mod chart;
mod command;
mod outcome;
mod report;
mod series;

pub(super) use command::{Arguments, run};
