//! Publishing folders, and every file that is written.

mod doubts;
mod faults;
mod files;
mod folders;
mod histories;
mod links;
mod lock_file;
mod modules;
mod names;
mod prepare;
mod selection;
#[path = "../support/mod.rs"]
mod support;
mod written_files;
