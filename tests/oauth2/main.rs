//! OAuth 2.0: signing in, and staying signed in.

mod app;
mod loopback;
mod many_users;
mod resume;
mod secrets;
mod signed_in;
#[path = "../support/mod.rs"]
mod support;
mod token_files;
