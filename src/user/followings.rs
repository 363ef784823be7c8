use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::handle::User;
use crate::api::Endpoint;
use crate::call::DecodeError;
use crate::error::Result;
use crate::json;
use crate::request::Request;
use crate::wire::{self, Field, model};

/// Lists the experiences that a user follows.
pub const LIST_EXPERIENCE_FOLLOWINGS: Endpoint = Endpoint::get("/legacy-followings/v2/users/{user}/universes")
    .with_scopes(&["legacy-universe.following:read"])
    .with_budget(100, 100);

/// Tells whether a user follows an experience.
pub const GET_EXPERIENCE_FOLLOWING: Endpoint =
    Endpoint::get("/legacy-followings/v1/users/{user}/universes/{universe}/status")
        .with_scopes(&["legacy-universe.following:read"])
        .with_budget(100, 100);

/// Follows an experience.
pub const FOLLOW_EXPERIENCE: Endpoint = Endpoint::post("/legacy-followings/v1/users/{user}/universes/{universe}")
    .with_scopes(&["legacy-universe.following:write"])
    .with_budget(100, 100);

/// Stops following an experience.
pub const UNFOLLOW_EXPERIENCE: Endpoint = Endpoint::delete("/legacy-followings/v1/users/{user}/universes/{universe}")
    .with_scopes(&["legacy-universe.following:write"])
    .with_budget(100, 100)
    .harmless();

model! {
    /// An experience that a user follows, from [`User::fetch_experience_followings`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct ExperienceFollowing {
        /// The id of the experience's universe.
        #[serde(serialize_with = "wire::id::serialize")]
        pub universe_id: u64,
        /// Since when the user has followed it.
        pub followed_at: Option<Timestamp>,
    }
}

/// `universe 13058`.
impl fmt::Display for ExperienceFollowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "universe {}", self.universe_id)
    }
}

model! {
    /// Whether a user follows an experience, from [`User::fetch_experience_following`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct ExperienceFollowingStatus {
        /// The id of the experience's universe.
        #[lenient]
        #[serde(rename = "UniverseId", alias = "universeId")]
        pub universe_id: u64,
        /// The id of the user.
        #[lenient]
        #[serde(rename = "UserId", alias = "userId")]
        pub user_id: u64,
        /// Whether the user follows the experience.
        #[serde(rename = "IsFollowing", alias = "isFollowing")]
        pub is_following: bool,
        /// Whether the user can follow the experience. `None` if the response doesn't tell it.
        #[serde(rename = "CanFollow", alias = "canFollow")]
        pub can_follow: Option<bool>,
        /// How many experiences the user follows. `None` if the response doesn't tell it.
        #[serde(rename = "FollowingCountByType", alias = "followingCountByType")]
        pub following_count: Option<u64>,
        /// How many experiences the user can follow. `None` if the response doesn't tell it.
        #[serde(rename = "FollowingLimitByType", alias = "followingLimitByType")]
        pub following_limit: Option<u64>,
    }
}

impl User {
    /// Returns the experiences that the user follows, by id.
    ///
    /// Calls [`LIST_EXPERIENCE_FOLLOWINGS`], which needs the scope `legacy-universe.following:read`, with a key or an
    /// authorization of the user.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// user.follow_experience(13058)?;
    /// for following in user.fetch_experience_followings()? {
    ///     println!("{following} since {:?}", following.followed_at);
    /// }
    /// assert!(user.fetch_experience_following(13058)?.is_following);
    /// user.unfollow_experience(13058)?;
    /// # assert!(user.fetch_experience_followings()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) for another user's followings.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users>
    pub fn fetch_experience_followings(&self) -> Result<Vec<ExperienceFollowing>> {
        self.client.call(&LIST_EXPERIENCE_FOLLOWINGS).param("user", self.id).read(|body| {
            // The followed universes, by id, with the time of each.
            let mut fields: Map<String, Value> = json::from_slice(body)?;
            let followed_sources = match fields.get_mut("followedSources").map(Value::take) {
                Some(Value::Object(sources)) => sources,
                Some(Value::Null) => Map::new(),
                _ => return Err(DecodeError::expected("the followed universes")),
            };
            let mut followings = Vec::with_capacity(followed_sources.len());
            for (id, time) in followed_sources {
                let universe_id = wire::decimal(&id).ok_or_else(|| DecodeError::expected("the ids of universes"))?;
                followings.push(ExperienceFollowing { universe_id, followed_at: Timestamp::of(time.into()) });
            }
            followings.sort_unstable_by_key(|following| following.universe_id);
            Ok(followings)
        })
    }

    /// Fetches whether the user follows an experience, by the id of its universe.
    ///
    /// Calls [`GET_EXPERIENCE_FOLLOWING`], which needs the scope `legacy-universe.following:read`, with a key or an
    /// authorization of the user.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let status = user.fetch_experience_following(13058)?;
    /// assert!(!status.is_following && status.can_follow == Some(true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`fetch_experience_followings`](Self::fetch_experience_followings).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users>
    pub fn fetch_experience_following(&self, universe_id: u64) -> Result<ExperienceFollowingStatus> {
        self.following(&GET_EXPERIENCE_FOLLOWING, universe_id).fetch_model()
    }

    /// Follows an experience, by the id of its universe.
    ///
    /// Calls [`FOLLOW_EXPERIENCE`], which needs the scope `legacy-universe.following:write`, with a key or an
    /// authorization of the user.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// user.follow_experience(13058)?;
    /// # assert!(user.fetch_experience_following(13058)?.is_following);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Rejected`](crate::ErrorKind::Rejected) if the user follows as many experiences as they can, and
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) for another user.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users>
    pub fn follow_experience(&self, universe_id: u64) -> Result<()> {
        self.following(&FOLLOW_EXPERIENCE, universe_id).send()
    }

    /// Stops following an experience, by the id of its universe.
    ///
    /// Calls [`UNFOLLOW_EXPERIENCE`], which needs the scope `legacy-universe.following:write`, with a key or an
    /// authorization of the user.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// user.follow_experience(13058)?;
    /// user.unfollow_experience(13058)?;
    /// # assert!(!user.fetch_experience_following(13058)?.is_following);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) for another user.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users>
    pub fn unfollow_experience(&self, universe_id: u64) -> Result<()> {
        self.following(&UNFOLLOW_EXPERIENCE, universe_id).send()
    }

    fn following(&self, endpoint: &Endpoint, universe_id: u64) -> Request {
        self.client.call(endpoint).param("user", self.id).param("universe", universe_id)
    }
}
