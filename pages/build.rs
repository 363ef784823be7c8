//! Writes each Rust block of the README and of the guide as a file, and a module for each, which `src/main.rs` includes.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "fences.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod fences;

fn main() {
    println!("cargo::rerun-if-changed=../README.md");
    println!("cargo::rerun-if-changed=../src/guide");
    println!("cargo::rerun-if-changed=fences.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let (mut modules, mut programs) = (String::new(), String::new());
    for (page, text) in fences::pages() {
        for block in fences::blocks(&page, &text).into_iter().filter(fences::Block::is_rust) {
            let (name, text) = (block.name(), block.program());
            let file = out.join(format!("{name}.rs"));
            write_if_changed(&file, &text);
            let run = "pub fn run() -> std::process::ExitCode { crate::run(main) }";
            writeln!(modules, "mod {name} {{\n    {run}\n    include!({file:?});\n}}").expect("a string takes all");
            writeln!(programs, "    ({name:?}, {name}::run),").expect("a string takes all");
        }
    }
    let programs = format!("const PROGRAMS: &[Program] = &[\n{programs}];\n");
    write_if_changed(&out.join("programs.rs"), &(modules + &programs));
}

/// Leaves a file that is up to date alone.
fn write_if_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).expect("the file can be written");
    }
}
