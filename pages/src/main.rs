//! Runs a program of the README or the guide: `cargo run -p pages -- first_program_10`. Without a name, lists them.

use std::process::{ExitCode, Termination};

/// The name of a program, and its `main`.
type Program = (&'static str, fn() -> ExitCode);

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

fn run<T: Termination>(program: fn() -> T) -> ExitCode {
    program().report()
}

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        PROGRAMS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    };
    match PROGRAMS.iter().find(|(known, _)| *known == name) {
        Some((_, run)) => run(),
        None => {
            eprintln!("error: no page has the program {name:?}");
            ExitCode::FAILURE
        }
    }
}
