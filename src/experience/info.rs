use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::handle::Experience;
use crate::api::Endpoint;
use crate::asset::SocialLink;
use crate::error::Result;
use crate::open_enum::open_enum;
use crate::wire::{self, model};

/// Fetches an experience.
pub const GET_EXPERIENCE: Endpoint = Endpoint::get("/cloud/v2/universes/{universe}").with_budget(100, 100);

impl Experience {
    /// Fetches the experience.
    ///
    /// Calls [`GET_EXPERIENCE`], which needs no scope.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let experience = client.experience(13058).fetch_info()?;
    /// println!("{} starts at place {:?}", experience.display_name, experience.root_place_id());
    /// # assert_eq!(experience.root_place_id(), Some(1818));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the experience doesn't exist.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/universes#Cloud_GetUniverse>
    pub fn fetch_info(&self) -> Result<ExperienceInfo> {
        self.client.call(&GET_EXPERIENCE).param("universe", self.id).fetch_model()
    }
}

model! {
    /// An experience, from [`Experience::fetch_info`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/universes#Cloud_GetUniverse>
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[must_use = "the experience's data is returned; the handle holds only the id"]
    #[non_exhaustive]
    pub struct ExperienceInfo {
        /// The resource path, `universes/{universe}`.
        #[serde(deserialize_with = "wire::strict")]
        pub path: String,
        /// The name, which is that of the root place.
        #[lenient]
        pub display_name: String,
        /// The description, which is that of the root place; often empty.
        #[lenient]
        pub description: String,
        /// The resource path of the user who owns the experience, `users/{user}`.
        #[serde(deserialize_with = "wire::non_empty")]
        pub user: Option<String>,
        /// The resource path of the group that owns the experience, `groups/{group}`.
        #[serde(deserialize_with = "wire::non_empty")]
        pub group: Option<String>,
        /// Whether users can join. `None` if the response doesn't tell it.
        #[serde(deserialize_with = "wire::strict")]
        pub visibility: Option<ExperienceVisibility>,
        /// The ages that it is for.
        #[serde(deserialize_with = "wire::strict")]
        pub age_rating: Option<AgeRating>,
        /// Whether voice chat is enabled. As with the devices below, `None` if the response doesn't tell it.
        #[serde(deserialize_with = "wire::strict")]
        pub voice_chat_enabled: Option<bool>,
        /// Whether it can be joined from computers.
        #[serde(deserialize_with = "wire::strict")]
        pub desktop_enabled: Option<bool>,
        /// Whether it can be joined from phones.
        #[serde(deserialize_with = "wire::strict")]
        pub mobile_enabled: Option<bool>,
        /// Whether it can be joined from tablets.
        #[serde(deserialize_with = "wire::strict")]
        pub tablet_enabled: Option<bool>,
        /// Whether it can be joined from consoles.
        #[serde(deserialize_with = "wire::strict")]
        pub console_enabled: Option<bool>,
        /// Whether it can be joined with VR headsets.
        #[serde(deserialize_with = "wire::strict")]
        pub vr_enabled: Option<bool>,
        /// The price of a private server in Robux. `None` if there are no private servers, which isn't the same as free
        /// ones.
        #[serde(deserialize_with = "wire::strict")]
        pub private_server_price_robux: Option<u32>,
        /// The resource path of the root place, `universes/{universe}/places/{place}`.
        #[serde(deserialize_with = "wire::non_empty")]
        pub root_place: Option<String>,
        /// The link to Facebook.
        pub facebook_social_link: Option<SocialLink>,
        /// The link to Twitter.
        pub twitter_social_link: Option<SocialLink>,
        /// The link to YouTube.
        pub youtube_social_link: Option<SocialLink>,
        /// The link to Twitch.
        pub twitch_social_link: Option<SocialLink>,
        /// The link to Discord.
        pub discord_social_link: Option<SocialLink>,
        /// The link to a group on Roblox.
        pub roblox_group_social_link: Option<SocialLink>,
        /// The link to Guilded.
        pub guilded_social_link: Option<SocialLink>,
        /// When the experience was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When the experience last changed.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
    }
}

impl ExperienceInfo {
    /// Creates an experience without an owner, for tests.
    pub fn new(universe_id: u64, display_name: impl Into<String>) -> Self {
        Self {
            path: format!("universes/{universe_id}"),
            display_name: display_name.into(),
            description: String::new(),
            user: None,
            group: None,
            visibility: None,
            age_rating: None,
            voice_chat_enabled: None,
            desktop_enabled: None,
            mobile_enabled: None,
            tablet_enabled: None,
            console_enabled: None,
            vr_enabled: None,
            private_server_price_robux: None,
            root_place: None,
            facebook_social_link: None,
            twitter_social_link: None,
            youtube_social_link: None,
            twitch_social_link: None,
            discord_social_link: None,
            roblox_group_social_link: None,
            guilded_social_link: None,
            created_at: None,
            updated_at: None,
        }
    }

    /// Returns the universe id. `None` if the path doesn't name it.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        wire::path_id(&self.path, "universes")
    }

    /// Returns the id of the root place, in which users arrive. `None` if the response doesn't tell it.
    #[must_use]
    pub fn root_place_id(&self) -> Option<u64> {
        self.root_place.as_deref().and_then(|path| wire::path_id(path, "places"))
    }
}

/// `universes/13058 (Classic: Crossroads)`.
impl fmt::Display for ExperienceInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path, self.display_name)
    }
}

open_enum! {
    /// Whether users can join an experience.
    ExperienceVisibility {
        /// The experience is public.
        Public = "PUBLIC",
        /// The experience is private.
        Private = "PRIVATE",
    }
}

open_enum! {
    /// The ages that an experience is for.
    AgeRating {
        /// All ages.
        All = "AGE_RATING_ALL",
        /// 9 and up.
        From9 = "AGE_RATING_9_PLUS",
        /// 13 and up.
        From13 = "AGE_RATING_13_PLUS",
        /// 17 and up.
        From17 = "AGE_RATING_17_PLUS",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_experience_is_read_and_written() {
        let json = json!({
            "path": "universes/13058", "displayName": "Crossroads", "description": "A place.", "user": "users/1",
            "visibility": "PUBLIC", "ageRating": "AGE_RATING_9_PLUS", "voiceChatEnabled": false, "desktopEnabled": true,
            "mobileEnabled": true, "tabletEnabled": true, "consoleEnabled": false, "vrEnabled": false,
            "privateServerPriceRobux": 0, "rootPlace": "universes/13058/places/1818",
            "discordSocialLink": { "title": "Chat", "uri": "https://discord.gg/a" },
            "createTime": "2023-07-05T12:34:56Z", "updateTime": "2023-07-05T12:34:56Z",
        });
        let experience: ExperienceInfo = serde_json::from_value(json.clone()).expect("it is an experience");
        assert_eq!((experience.id(), experience.root_place_id()), (Some(13058), Some(1818)));
        assert_eq!(experience.age_rating, Some(AgeRating::From9));
        assert_eq!(experience.private_server_price_robux, Some(0), "free isn't disabled");
        assert_eq!(experience.to_string(), "universes/13058 (Crossroads)");
        assert_eq!(serde_json::to_value(&experience).expect("it is JSON"), json);
    }

    #[test]
    fn unreadable_experiences_are_refused() {
        let strange = json!({ "path": "universes/1", "user": null, "createTime": "soon", "visibility": "HIDDEN" });
        let experience: ExperienceInfo = serde_json::from_value(strange).expect("it is an experience");
        assert_eq!((experience.user, experience.created_at, experience.desktop_enabled), (None, None, None));
        assert_eq!(experience.visibility, Some(ExperienceVisibility::Unknown("HIDDEN".to_owned())));
        for unreadable in [json!({}), json!({ "path": "universes/1", "privateServerPriceRobux": "many" })] {
            assert!(serde_json::from_value::<ExperienceInfo>(unreadable.clone()).is_err(), "{unreadable}");
        }
    }
}
