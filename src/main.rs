//! `outrigger`: see `outrigger --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    outrigger::cli::run(std::env::args_os())
}
