//! Game servers, restrictions and webhooks.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac;
use serde_json::Value;

use super::Sandbox;
use super::world::servers::PublishedMessage;

/// # Game servers and restrictions
///
/// Servers and their restarts, messages to them, and who may join.
impl Sandbox {
    /// Adds a running game server with players, and returns its job id. Its version counts as published.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rblxopencloud::experience::RestartOptions;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// sandbox.add_game_server(13058, 1818, 6, [156, 1007]);
    /// sandbox.set_newest_version(1818, 7);
    ///
    /// let experience = sandbox.client().experience(13058);
    /// experience.restart_servers(RestartOptions::new().bleed_off(Duration::from_secs(600)))?;
    /// sandbox.advance_clock(Duration::from_secs(600));
    /// assert_eq!(sandbox.players(13058), [(1818, 7, vec![156, 1007])]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_game_server(
        &self,
        universe_id: u64,
        place_id: u64,
        version: u64,
        players: impl IntoIterator<Item = u64>,
    ) -> String {
        let mut world = self.world();
        let now = world.settle_servers();
        world.servers.add(universe_id, place_id, version, players.into_iter().collect(), now)
    }

    /// Sets the newest published version of a place, on which players arrive after a restart. An older one than is known has
    /// no effect.
    pub fn set_newest_version(&self, place_id: u64, version: u64) {
        self.world().servers.set_newest(place_id, version);
    }

    /// Adds an entry to the log of a game server: a severity from 0 for output to 3 for errors, and a message.
    pub fn log_on_game_server(&self, job_id: &str, severity: u32, message: &str) {
        let mut world = self.world();
        let now = world.clock().timestamp();
        world.servers.log(job_id, severity, message, now);
    }

    /// Returns the place, the version and the players of each running game server of an experience.
    #[must_use]
    pub fn players(&self, universe_id: u64) -> Vec<(u64, u64, Vec<u64>)> {
        let mut world = self.world();
        world.settle_servers();
        let servers = world.servers.running(universe_id);
        servers.map(|server| (server.place, server.version, server.players.clone())).collect()
    }

    /// Returns the attributes of each restart of an experience, oldest first.
    #[must_use]
    pub fn restart_attributes(&self, universe_id: u64) -> Vec<Option<Value>> {
        self.world().servers.attributes(universe_id)
    }

    /// Sets how long a restart takes to close its servers. Defaults to zero.
    pub fn set_restart_time(&self, time: Duration) {
        self.world().servers.restart_time = time;
    }

    /// Sets whether the statuses of restarts don't tell which versions were chosen. Defaults to `false`.
    pub fn set_restart_filters_hidden(&self, hidden: bool) {
        self.world().servers.hides_filters = hidden;
    }

    /// Sets whether lists of game servers lack the running ones, or those that were shut down, and tell so, because the service
    /// couldn't read them. Defaults to neither.
    pub fn set_game_server_fetch_errors(&self, active: bool, shut_down: bool) {
        let mut world = self.world();
        (world.servers.active_fetch_fails, world.servers.shut_down_fetch_fails) = (active, shut_down);
    }

    /// Sets whether lists of game servers end with an empty page that has its own token, for ever. Defaults to `false`.
    pub fn set_endless_game_servers(&self, endless: bool) {
        self.world().servers.has_endless_pages = endless;
    }

    /// Returns the messages that were published to the servers of an experience, oldest first.
    #[must_use]
    pub fn messages(&self, universe_id: u64) -> Vec<PublishedMessage> {
        self.world().servers.messages.get(&universe_id).cloned().unwrap_or_default()
    }

    /// Sets whether the response to a published message is empty, in place of an empty object. Defaults to `false`.
    pub fn set_message_response_empty(&self, empty: bool) {
        self.world().servers.answers_messages_with_nothing = empty;
    }

    /// Returns how many times the restriction of a user of an experience and its places was changed.
    #[must_use]
    pub fn restriction_changes(&self, universe_id: u64, user_id: u64) -> usize {
        self.world().restrictions.changes(universe_id, user_id)
    }

    /// Sets whether a restriction that has ended is still told to be active. Defaults to `false`.
    pub fn set_ended_restrictions_active(&self, active: bool) {
        self.world().restrictions.stay_active = active;
    }
}

/// Returns the header `roblox-signature` of a notification with this body, as Roblox signs it with a webhook's secret.
///
/// ```
/// use rblxopencloud_sandbox::sign_webhook;
///
/// let header = sign_webhook("secret", b"{\"a\":1}", "2023-11-14T22:13:20Z".parse().expect("a time"));
/// assert_eq!(header, "t=1700000000,v1=SfJOU3QHdD+koCQrtjuUuaR+6Zy74HHM2KIlUK5BFoY=");
/// ```
#[must_use]
pub fn sign_webhook(secret: &str, body: &[u8], sent_at: Timestamp) -> String {
    let time = sent_at.as_second().to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let code = hmac::sign(&key, &[time.as_bytes(), b".", body].concat());
    format!("t={time},v1={}", STANDARD.encode(code))
}
