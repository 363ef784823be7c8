//! The sandbox as a server of its own.

mod assets;
mod control;
mod endpoints;
mod faults;
mod luau;
mod python_page;
mod reads;
mod routes;
mod rules;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod worlds;
