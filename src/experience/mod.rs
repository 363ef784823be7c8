//! Experiences, which the service calls universes.
//!
//! [`Client::experience`](crate::Client::experience) returns the handle, [`Experience`](crate::Experience).

// First, so that the page of `Experience` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod info;
pub(crate) mod place;

pub use info::{AgeRating, ExperienceVisibility};
pub use place::{PlaceVersion, PlaceVersionHandle, PlaceVersions};
