//! Experiences and their places.

mod experience;
mod places;
mod publishing;
#[path = "../support/mod.rs"]
mod support;
