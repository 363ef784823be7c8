//! Uploads, and assets after them.

mod batch;
mod batch_callers;
mod changing_files;
mod checks;
mod file_heads;
mod find_upload;
mod handle;
#[path = "../support/mod.rs"]
mod support;
mod upload;
