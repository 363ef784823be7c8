//! The sandbox as a server of its own.

mod assets;
mod endpoints;
mod faults;
mod python_page;
mod reads;
mod routes;
mod rules;
mod store;
#[path = "../support/mod.rs"]
mod support;
