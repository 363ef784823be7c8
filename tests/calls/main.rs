//! Requests and their answers, whichever the call.

mod accepted;
mod bounds;
mod downloads;
mod early_answers;
mod endpoints;
mod errors;
mod every_call;
mod input;
mod models;
mod operation;
mod pager;
mod progress;
mod rate_limit;
mod requests;
mod resume;
mod retry;
mod secrets;
mod strange_pages;
#[path = "../support/mod.rs"]
mod support;
mod timeouts;
mod traits;
