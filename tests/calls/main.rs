//! Requests and their answers, whichever the call.

mod accepted;
mod bodies;
mod bounds;
mod downloads;
mod early_answers;
mod endpoints;
mod errors;
mod errors_in_successes;
mod every_call;
mod input;
mod models;
mod operation;
mod pager;
mod paging;
mod progress;
mod public_names;
mod rate_limit;
mod requests;
mod resume;
mod retry;
mod routes;
mod search_words;
mod secrets;
mod strange_pages;
#[path = "../support/mod.rs"]
mod support;
mod timeouts;
mod traits;
mod work;
