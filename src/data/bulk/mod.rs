//! Many entries at once: back-ups, restores, copies and edits.

pub(crate) mod options;

mod back_up;
mod copy;
mod digest;
mod each_key;
mod failure;
mod for_each;
mod format;
mod journal;
mod keys;
mod order;
mod put;
mod reader;
pub(crate) mod report;
mod restore;
mod resume;
mod run;
mod writer;
