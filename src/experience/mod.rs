//! Experiences, which the service calls universes.
//!
//! [`Client::experience`](crate::Client::experience) returns the handle, [`Experience`](crate::Experience), and
//! [`Client::place`](crate::Client::place) that of a place, [`Place`](crate::Place), which is published, rolled back and listed by
//! its versions.

// First, so that the page of `Experience` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod activation;
pub(crate) mod info;
pub(crate) mod luau;
pub(crate) mod place;
pub(crate) mod places;
pub(crate) mod team_create;
pub(crate) mod update;

pub use info::{AgeRating, ExperienceVisibility};
pub use luau::input::LuauInput;
pub use luau::log::{LuauLog, LuauMessage, LuauMessageType};
pub use luau::outcome::{LuauError, LuauErrorCode, LuauOutcome, LuauState};
pub use luau::run::LuauRun;
pub use place::{
    PlaceFile, PlaceHistory, PlaceHistoryEntry, PlaceInfo, PlaceUpdate, PlaceVersion, PlaceVersionHandle,
    PlaceVersions, TeamCreateMember,
};
pub use places::ListedPlace;
pub use update::{ExperienceLink, ExperienceUpdate};
