//! Experiences, which the service calls universes.
//!
//! [`Client::experience`](crate::Client::experience) returns the handle, [`Experience`](crate::Experience), and
//! [`Client::place`](crate::Client::place) that of a place, [`Place`](crate::Place), which is published, rolled back and listed by
//! its versions.
//!
//! A program restarts game servers with [`RestartOptions`], publishes a [`Message`] to them, and keeps users out with a
//! [`Restriction`], for many users at once with a [`RestrictionSync`].

// First, so that the page of `Experience` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod activation;
pub(crate) mod info;
pub(crate) mod luau;
pub(crate) mod place;
pub(crate) mod places;
pub(crate) mod team_create;
pub(crate) mod update;

pub(crate) mod duration;
pub(crate) mod message;
pub(crate) mod restriction;
pub(crate) mod servers;

pub use info::{AgeRating, ExperienceVisibility};
pub use luau::input::LuauInput;
pub use luau::log::{LuauLog, LuauMessage, LuauMessageType};
pub use luau::outcome::{LuauError, LuauErrorCode, LuauOutcome, LuauState};
pub use luau::run::LuauRun;
pub use message::Message;
pub use place::{
    PlaceFile, PlaceHistory, PlaceHistoryEntry, PlaceInfo, PlaceUpdate, PlaceVersion, PlaceVersionHandle,
    PlaceVersions, TeamCreateMember,
};
pub use places::ListedPlace;
pub use restriction::desired::Restriction;
pub use restriction::log::{RestrictionLog, RestrictionLogFilter, RestrictionModerator};
pub use restriction::model::{GameJoinRestriction, UserRestriction};
pub use restriction::plan::{RestrictionPlan, RestrictionStep};
pub use restriction::sync::{RestrictionChanges, RestrictionOutcome, RestrictionSync};
pub use servers::filter::{GameServerFilterField, GameServerFilters};
pub use servers::forecast::{PlaceForecast, RestartForecast};
pub use servers::game_server::{GameServer, GameServerCount, GameServerFilter, GameServerStatus};
pub use servers::log::{GameServerLog, LogSeverity};
pub use servers::restart::Restart;
pub use servers::restart_all::UniverseRestartOptions;
pub use servers::restart_options::RestartOptions;
pub use servers::restart_status::{PlaceRestartFilter, PlaceRestartStatus, RestartState, RestartStatus};
pub use update::{ExperienceLink, ExperienceUpdate};
