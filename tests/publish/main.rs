//! Publishing folders, and every file that is written.

mod doubts;
mod faults;
mod files;
mod folders;
mod histories;
mod lock_file;
mod modules;
#[path = "../support/mod.rs"]
mod support;
mod written_files;
