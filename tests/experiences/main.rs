//! Experiences and their places.

mod messages;
mod restrictions;
mod servers;
#[path = "../support/mod.rs"]
mod support;
