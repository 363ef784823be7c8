//! Who may not join an experience or one of its places.

pub(crate) mod desired;
pub(crate) mod log;
pub(crate) mod model;
pub(crate) mod of_experience;
pub(crate) mod of_place;
pub(crate) mod plan;
pub(crate) mod sync;
mod target;
