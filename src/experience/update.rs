use serde_json::{Map, Value, json};

use super::handle::Experience;
use super::info::ExperienceInfo;
use crate::api::Endpoint;
use crate::asset::SocialLink;
use crate::call::DecodeError;
use crate::error::{Error, Result};
use crate::json;
use crate::open_enum::open_enum;
use crate::request::Request;
use crate::wire::{self, Model};

/// Updates an experience.
pub const UPDATE_EXPERIENCE: Endpoint =
    Endpoint::patch("/cloud/v2/universes/{universe}").with_scopes(&["universe:write"]).with_budget(100, 100);

/// The field whose change costs subscriptions.
const PRICE: &str = "privateServerPriceRobux";
/// The lowest price of a private server that isn't free.
const LOWEST_PRICE: u32 = 10;

impl Experience {
    /// Updates the experience. Returns it; the response may have the updated fields only.
    ///
    /// Calls [`UPDATE_EXPERIENCE`], which needs the scope `universe:write`. The name and the description are those of the root
    /// place: see [`Place::update`](crate::Place::update). [`activate`](Self::activate) changes the visibility.
    ///
    /// ```
    /// use rblxopencloud::asset::SocialLink;
    /// use rblxopencloud::experience::{ExperienceLink, ExperienceUpdate};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// let update = ExperienceUpdate::new()
    ///     .console(true)
    ///     .social_link(ExperienceLink::Discord, SocialLink::new("https://discord.gg/a").title("Chat"))
    ///     .remove_social_link(ExperienceLink::Twitter);
    /// let updated = experience.update(update)?;
    /// # assert_eq!(updated.console_enabled, Some(true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the update changes nothing, a link has no URL, or private servers would
    /// cost 1 to 9 Robux. If [`outcome_unknown`](crate::Error::outcome_unknown) is true, [`fetch_info`](Self::fetch_info) shows what
    /// happened.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/universes#Cloud_UpdateUniverse>
    pub fn update(&self, update: ExperienceUpdate) -> Result<ExperienceInfo> {
        update.check()?;
        let request = self.client.call(&UPDATE_EXPERIENCE).param("universe", self.id);
        updated(request, update.fields, format!("universes/{}", self.id))
    }
}

/// Sends an update. `null` removes a field: the mask names it, and the body leaves it out. `path` is the resource, which a
/// response with only the updated fields doesn't name.
pub(super) fn updated<T: Model>(request: Request, fields: Map<String, Value>, path: String) -> Result<T> {
    let (request, may_be_empty) = with_update(request, fields)?;
    request.read(|body| Ok(wire::from_value(&read_updated(body, may_be_empty, &path)?)?))
}

/// Returns the request with an update, and whether the response may be empty: of a removed field, one with only the updated fields
/// has nothing.
fn with_update(request: Request, fields: Map<String, Value>) -> Result<(Request, bool)> {
    if fields.is_empty() {
        return Err(Error::invalid_input("the update changes nothing"));
    }
    let mask: Vec<&str> = fields.keys().map(String::as_str).collect();
    let mut request = request.query("updateMask", mask.join(","));
    let mut set = Map::new();
    for (name, value) in fields {
        if let Some(text) = value.as_str() {
            request = request.echo(text);
        }
        if !value.is_null() {
            set.insert(name, value);
        }
    }
    let removes_only = set.is_empty();
    Ok((request.json(&Value::Object(set)), removes_only))
}

fn read_updated(body: &[u8], may_be_empty: bool, path: &str) -> std::result::Result<Value, DecodeError> {
    let mut found: Map<String, Value> = json::from_slice(body)?;
    if found.is_empty() && !may_be_empty {
        return Err(DecodeError::expected("the updated fields"));
    }
    found.entry("path").or_insert_with(|| json!(path));
    Ok(Value::Object(found))
}

/// An update of an experience, for [`Experience::update`]. Fields that aren't set stay unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "an update does nothing until it is handed to an experience"]
pub struct ExperienceUpdate {
    /// `null` removes a field.
    fields: Map<String, Value>,
}

impl ExperienceUpdate {
    /// Creates an update that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether voice chat is enabled. Running servers aren't affected.
    pub fn voice_chat(self, enabled: bool) -> Self {
        self.set("voiceChatEnabled", json!(enabled))
    }

    /// Sets whether the experience can be joined from computers.
    pub fn desktop(self, enabled: bool) -> Self {
        self.set("desktopEnabled", json!(enabled))
    }

    /// Sets whether the experience can be joined from phones.
    pub fn mobile(self, enabled: bool) -> Self {
        self.set("mobileEnabled", json!(enabled))
    }

    /// Sets whether the experience can be joined from tablets.
    pub fn tablet(self, enabled: bool) -> Self {
        self.set("tabletEnabled", json!(enabled))
    }

    /// Sets whether the experience can be joined from consoles.
    pub fn console(self, enabled: bool) -> Self {
        self.set("consoleEnabled", json!(enabled))
    }

    /// Sets whether the experience can be joined with VR headsets.
    pub fn vr(self, enabled: bool) -> Self {
        self.set("vrEnabled", json!(enabled))
    }

    /// Sets a link. An experience has at most one of each kind.
    pub fn social_link(self, kind: ExperienceLink, link: SocialLink) -> Self {
        self.set(format!("{kind}SocialLink"), json!(link))
    }

    /// Removes a link.
    pub fn remove_social_link(self, kind: ExperienceLink) -> Self {
        self.set(format!("{kind}SocialLink"), Value::Null)
    }

    /// Sets the price of a private server in Robux, 0 for free ones, and **cancels all subscriptions of private servers**: every
    /// change of the price does, also a lower one. The service refuses a price of 1 to 9 Robux.
    #[doc(alias = "private_server_price_robux")]
    pub fn private_server_price_canceling_subscriptions(self, robux: u32) -> Self {
        self.set(PRICE, json!(robux))
    }

    /// Disables private servers: **shuts down the active ones and cancels all subscriptions**.
    pub fn no_private_servers_canceling_subscriptions(self) -> Self {
        self.set(PRICE, Value::Null)
    }

    fn set(mut self, field: impl Into<String>, value: Value) -> Self {
        self.fields.insert(field.into(), value);
        self
    }

    fn check(&self) -> Result<()> {
        let uri = |value: &Value| value.get("uri").and_then(Value::as_str).map(str::to_owned);
        let empty = self.fields.iter().find(|(_, value)| uri(value).is_some_and(|uri| uri.trim().is_empty()));
        if let Some((field, _)) = empty {
            return Err(
                Error::invalid_input(format!("the link {field} has no URL")).advise("set it, or remove the link")
            );
        }
        if let Some(field) = self.fields.keys().find(|field| !field.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return Err(Error::invalid_input(format!("{field:?} can't be a field of an experience")));
        }
        let price = self.fields.get(PRICE).and_then(Value::as_u64).unwrap_or_default();
        if (1..u64::from(LOWEST_PRICE)).contains(&price) {
            let problem = format!("private servers can't cost {price} Robux");
            return Err(
                Error::invalid_input(problem).advise(format!("set 0 for free ones, or at least {LOWEST_PRICE}"))
            );
        }
        Ok(())
    }
}

open_enum! {
    /// What a link of an experience leads to.
    ExperienceLink {
        /// A page on Facebook.
        Facebook = "facebook",
        /// A profile on Twitter.
        Twitter = "twitter",
        /// A channel on YouTube.
        YouTube = "youtube",
        /// A channel on Twitch.
        Twitch = "twitch",
        /// A server on Discord.
        Discord = "discord",
        /// A group on Roblox.
        RobloxGroup = "robloxGroup",
        /// A server on Guilded.
        Guilded = "guilded",
    }
}
