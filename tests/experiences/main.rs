//! Experiences and their places.

mod bulk;
mod bulk_odd;
mod data_stores;
mod erase;
mod experience;
mod memory;
mod messages;
mod ordered;
mod places;
mod player_data_model;
mod publishing;
mod release_snippet;
mod restrictions;
mod servers;
#[path = "../support/mod.rs"]
mod support;
