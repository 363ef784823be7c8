//! Erasing what is stored of a user.

// First, so that the page of `Erasure` begins with its setters.
pub(crate) mod builder;

mod calls;
mod history;
mod keys;
pub(crate) mod report;
mod run;
mod settings;
