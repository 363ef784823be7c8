use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::handle::User;
use crate::api::Endpoint;
use crate::error::Result;
use crate::open_enum::open_enum;
use crate::wire::{self, model};

/// Fetches a user's profile.
///
/// `premium` and `id_verified` need `user.advanced:read`, `social_network_profiles` needs `user.social:read`.
pub const GET_USER: Endpoint = Endpoint::get("/cloud/v2/users/{user}")
    .with_optional_scopes(&["user.advanced:read", "user.social:read"])
    .with_budget(1000, 10)
    .for_user_keys();

model! {
    /// A user's profile, from [`User::fetch_info`](crate::User::fetch_info).
    ///
    /// Some fields need a scope: `premium` and `id_verified` need `user.advanced:read`, `social_network_profiles` needs
    /// `user.social:read`.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_GetUser>
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[must_use = "the profile is returned; the handle holds only the id"]
    #[non_exhaustive]
    pub struct UserInfo {
        /// The resource path, `users/{user}`.
        #[optional]
        pub path: String,
        /// The user's id.
        #[serde(with = "wire::id")]
        pub id: u64,
        /// The unique name, which is shown with an `@`.
        #[lenient]
        #[serde(rename = "name")]
        pub username: String,
        /// The display name, which isn't unique.
        #[lenient]
        pub display_name: String,
        /// When the account was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// The user's description of themselves; often empty.
        #[lenient]
        pub about: String,
        /// The user's language, as `en_us` or `en-US`.
        pub locale: Option<String>,
        /// Whether the user has Premium. `None` without the scope `user.advanced:read`.
        pub premium: Option<bool>,
        /// Whether the user is verified by phone or ID. `None` without the scope `user.advanced:read`.
        pub id_verified: Option<bool>,
        /// The user's profiles on other sites. `None` without the scope `user.social:read`.
        pub social_network_profiles: Option<SocialNetworkProfiles>,
    }
}

impl UserInfo {
    /// Creates a profile whose display name is the name, for tests.
    pub fn new(id: u64, username: impl Into<String>) -> Self {
        let username = username.into();
        Self {
            path: format!("users/{id}"),
            id,
            display_name: username.clone(),
            username,
            created_at: None,
            about: String::new(),
            locale: None,
            premium: None,
            id_verified: None,
            social_network_profiles: None,
        }
    }

    /// Returns the URL of the profile page.
    #[must_use]
    pub fn profile_url(&self) -> String {
        format!("https://www.roblox.com/users/{}/profile", self.id)
    }
}

/// The display name and the unique name: `Builder (@builderman)`.
impl fmt::Display for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (@{})", self.display_name, self.username)
    }
}

model! {
    /// A user's profiles on other sites, and who can see them.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    pub struct SocialNetworkProfiles {
        /// The URL on Facebook.
        #[serde(deserialize_with = "wire::non_empty")]
        pub facebook: Option<String>,
        /// The URL on Twitter.
        #[serde(deserialize_with = "wire::non_empty")]
        pub twitter: Option<String>,
        /// The URL on YouTube.
        #[serde(deserialize_with = "wire::non_empty")]
        pub youtube: Option<String>,
        /// The URL on Twitch.
        #[serde(deserialize_with = "wire::non_empty")]
        pub twitch: Option<String>,
        /// The URL on Guilded.
        #[serde(deserialize_with = "wire::non_empty")]
        pub guilded: Option<String>,
        /// Who can see the profiles.
        pub visibility: Option<SocialNetworkVisibility>,
    }
}

open_enum! {
    /// Who can see a user's [`SocialNetworkProfiles`].
    SocialNetworkVisibility {
        /// No one.
        NoOne = "NO_ONE",
        /// Friends.
        Friends = "FRIENDS",
        /// Friends, and users whom the user follows.
        FriendsAndFollowing = "FRIENDS_AND_FOLLOWING",
        /// Friends, users whom the user follows, and the user's followers.
        FriendsFollowingAndFollowers = "FRIENDS_FOLLOWING_AND_FOLLOWERS",
        /// Everyone.
        Everyone = "EVERYONE",
    }
}

impl User {
    /// Fetches the user's profile.
    ///
    /// Calls [`GET_USER`], which needs the scopes `user.advanced:read` and `user.social:read` for some fields only: see
    /// [`UserInfo`].
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) also for a key that a group owns.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_GetUser>
    #[doc(alias = "get_user")]
    #[doc(alias = "profile")]
    pub fn fetch_info(&self) -> Result<UserInfo> {
        self.client.call(&GET_USER).param("user", self.id).fetch_model()
    }
}
