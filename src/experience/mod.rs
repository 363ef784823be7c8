//! Experiences, which the service calls universes.
//!
//! [`Client::experience`](crate::Client::experience) returns the handle, [`Experience`](crate::Experience).
//!
//! A program restarts game servers with [`RestartOptions`], publishes a [`Message`] to them, and keeps users out with a
//! [`Restriction`], for many users at once with a [`RestrictionSync`].

// First, so that the page of `Experience` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod info;
pub(crate) mod place;

mod duration;
pub(crate) mod message;
pub(crate) mod restriction;
pub(crate) mod servers;

pub use info::{AgeRating, ExperienceVisibility};
pub use message::Message;
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
