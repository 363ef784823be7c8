//! Experiences, which the service calls universes.
//!
//! [`Client::experience`](crate::Client::experience) returns the handle, [`Experience`](crate::Experience).

// First, so that the page of `Experience` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod info;
pub(crate) mod luau;
pub(crate) mod place;

pub use info::{AgeRating, ExperienceVisibility};
pub use luau::input::LuauInput;
pub use luau::log::{LuauLog, LuauMessage, LuauMessageType};
pub use luau::outcome::{LuauError, LuauErrorCode, LuauOutcome, LuauState};
pub use luau::run::LuauRun;
pub use place::{PlaceVersion, PlaceVersionHandle, PlaceVersions};
