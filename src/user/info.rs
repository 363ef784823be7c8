use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;
use crate::wire;

/// A user's profile, from [`User::fetch_info`](crate::User::fetch_info).
///
/// Some fields are there only with a scope: `premium` and `id_verified` need `user.advanced:read`,
/// `social_network_profiles` needs `user.social:read`.
///
/// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_GetUser>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's id.
    #[serde(with = "wire::id")]
    pub id: u64,
    /// The unique name: what `@` shows.
    #[serde(rename = "name", default, deserialize_with = "wire::lenient")]
    pub username: String,
    /// The name that others see; not unique.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub display_name: String,
    /// When the account was made.
    #[serde(
        rename = "createTime",
        default,
        deserialize_with = "wire::timestamp",
        skip_serializing_if = "Option::is_none"
    )]
    pub created_at: Option<Timestamp>,
    /// What the user says of themselves; often empty.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub about: String,
    /// The language that the user chose. The service spells it `en_us` as well as `en-US`.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Whether the user has Premium. `None` without the scope `user.advanced:read`.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub premium: Option<bool>,
    /// Whether the user has proved who they are, by phone or by ID. `None` without the scope `user.advanced:read`.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub id_verified: Option<bool>,
    /// Profiles elsewhere. `None` without the scope `user.social:read`.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub social_network_profiles: Option<SocialNetworkProfiles>,
}

impl UserInfo {
    /// A profile with an id and a name, the display name being the same; for tests and the sandbox.
    #[must_use]
    pub fn new(id: u64, username: impl Into<String>) -> Self {
        let username = username.into();
        Self {
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

    /// The page of the profile on the web.
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

/// A user's profiles elsewhere, and who may see them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SocialNetworkProfiles {
    /// The address on Facebook.
    #[serde(default, deserialize_with = "wire::non_empty", skip_serializing_if = "Option::is_none")]
    pub facebook: Option<String>,
    /// The address on Twitter.
    #[serde(default, deserialize_with = "wire::non_empty", skip_serializing_if = "Option::is_none")]
    pub twitter: Option<String>,
    /// The address on YouTube.
    #[serde(default, deserialize_with = "wire::non_empty", skip_serializing_if = "Option::is_none")]
    pub youtube: Option<String>,
    /// The address on Twitch.
    #[serde(default, deserialize_with = "wire::non_empty", skip_serializing_if = "Option::is_none")]
    pub twitch: Option<String>,
    /// The address on Guilded.
    #[serde(default, deserialize_with = "wire::non_empty", skip_serializing_if = "Option::is_none")]
    pub guilded: Option<String>,
    /// Who may see these.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub visibility: Option<SocialNetworkVisibility>,
}

open_enum! {
    /// Who may see a user's [`SocialNetworkProfiles`].
    SocialNetworkVisibility {
        /// Nobody.
        NoOne = "NO_ONE",
        /// Friends.
        Friends = "FRIENDS",
        /// Friends, and users that the user follows.
        FriendsAndFollowing = "FRIENDS_AND_FOLLOWING",
        /// Friends, users that the user follows, and the user's followers.
        FriendsFollowingAndFollowers = "FRIENDS_FOLLOWING_AND_FOLLOWERS",
        /// Everybody.
        Everyone = "EVERYONE",
    }
}
