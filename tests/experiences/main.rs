//! Experiences and their places.

mod experience;
mod messages;
mod places;
mod publishing;
mod restrictions;
mod servers;
#[path = "../support/mod.rs"]
mod support;
