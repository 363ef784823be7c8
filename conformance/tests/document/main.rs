//! The client and the sandbox against Roblox's own document.

mod contract;
mod every_operation;
mod examples;
mod models;
mod properties;
#[path = "../support/mod.rs"]
mod support;
