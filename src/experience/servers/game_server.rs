use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::api::Endpoint;
use crate::error::{Error, Result};
use crate::experience::duration::time_span;
use crate::experience::place::handle::Place;
use crate::open_enum::open_enum;
use crate::page::{PageItem, Pager, Values};
use crate::request::{Paging, Request};
use crate::wire::{self, Json, Unreadable, model};

/// Lists the game servers of a version of a place.
pub const LIST_GAME_SERVERS: Endpoint =
    Endpoint::get("/server-management/v1/universes/{universe}/places/{place}/versions/{version}/game-servers")
        .with_scopes(&["universe:read"])
        .with_budget(100, 100);

/// How many pages in a row without servers are followed. The service was seen to return such pages, with a token, for ever.
const MOST_EMPTY_PAGES: u32 = 3;
const LARGEST_PAGE: u32 = 100;

open_enum! {
    /// The state of a [`GameServer`].
    GameServerStatus {
        /// It runs.
        Active = "active",
        /// It was shut down.
        ShutDown = "shut_down",
        /// A restart has closed it.
        Restarted = "restarted",
        /// Roblox has closed it for a restart.
        RobloxRestarted = "roblox_restarted",
        /// It crashed.
        Crashed = "crashed",
        /// It ran out of memory.
        OutOfMemory = "out_of_memory",
        /// Moderators have closed it.
        Moderated = "moderated",
        /// It is starting.
        Pending = "pending",
    }
}

model! {
    /// A game server, running or shut down, from [`Place::list_game_servers`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    #[derive(Clone, Debug, PartialEq)]
    #[non_exhaustive]
    pub struct GameServer {
        /// The server's id, which scripts know as `game.JobId`.
        pub job_id: String,
        /// The id of the place.
        pub place_id: Option<u64>,
        /// The version of the place.
        pub place_version: Option<u64>,
        /// The version of the engine.
        pub engine_version: Option<String>,
        /// When the server was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// How long it has been running.
        #[with(time_span::read)]
        #[serde(serialize_with = "time_span::serialize")]
        pub uptime: Option<Duration>,
        /// How much memory it uses.
        pub memory_usage_bytes: Option<u64>,
        /// The frames a second. `None` if the service doesn't tell it, for which it writes null or 0.
        #[with(frame_rate)]
        pub frame_rate: Option<f64>,
        /// How many users are on it.
        pub occupancy: Option<u32>,
        /// How many users can be on it.
        pub max_occupancy: Option<u32>,
        /// The type of the server. The reference doesn't name the types.
        #[serde(rename = "type")]
        pub server_type: Option<u32>,
        /// Whether it is full.
        #[with(wire::strict)]
        pub full: Option<bool>,
        /// Whether it has been shut down.
        #[with(wire::strict)]
        pub shut_down: Option<bool>,
        /// Its state, and why it was shut down.
        pub status: Option<GameServerStatus>,
        /// When it was shut down.
        #[serde(rename = "terminationTime")]
        pub terminated_at: Option<Timestamp>,
        /// The ids of the users on it.
        pub player_ids: Option<Vec<u64>>,
    }
}

#[allow(clippy::unnecessary_wraps)]
fn frame_rate(json: Option<Json<'_>>) -> Result<Option<f64>, Unreadable> {
    #[allow(clippy::cast_precision_loss)]
    let rate = match json {
        Some(Json::Float(rate)) => rate,
        Some(Json::Unsigned(rate)) => rate as f64,
        _ => 0.0,
    };
    Ok(Some(rate).filter(|rate| *rate > 0.0))
}

impl GameServer {
    /// Creates a running server without users, for tests.
    #[must_use]
    pub fn new(job_id: impl Into<String>) -> Self {
        Self {
            job_id: job_id.into(),
            place_id: None,
            place_version: None,
            engine_version: None,
            created_at: None,
            uptime: None,
            memory_usage_bytes: None,
            frame_rate: None,
            occupancy: Some(0),
            max_occupancy: None,
            server_type: None,
            full: Some(false),
            shut_down: Some(false),
            status: Some(GameServerStatus::Active),
            terminated_at: None,
            player_ids: Some(Vec::new()),
        }
    }
}

/// `server 8f2c (active)`.
impl fmt::Display for GameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {}", self.job_id)?;
        match &self.status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

impl PageItem for GameServer {
    const FIELD: &'static str = "gameServers";
    const PAGING: Paging = Paging::page_tokens()
        .parameter("PageToken")
        .size_parameter("MaxPageSize")
        .page_size(LARGEST_PAGE)
        .partial_fields(&["activeServersFetchError", "shutdownServersFetchError"])
        .most_empty_pages(MOST_EMPTY_PAGES);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

/// Which game servers to list and how, for [`Place::list_game_servers_with`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct GameServerFilter {
    filter: Option<String>,
    order: Option<String>,
    page_size: Option<u32>,
}

impl GameServerFilter {
    /// Returns a filter that all servers match.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an expression of the service that the servers must match. It compares fields by `<`, `<=`, `>`, `>=`, `==` and `in`,
    /// and joins comparisons by `&&`, as in `shutDown == false && occupancy > 0`.
    pub fn expression(mut self, expression: impl Into<String>) -> Self {
        self.filter = Some(expression.into());
        self
    }

    /// Sets the field by which the servers are sorted, such as `uptime`, or `uptime desc` for the largest first.
    pub fn order_by(mut self, field: impl Into<String>) -> Self {
        self.order = Some(field.into());
        self
    }

    /// Sets how many servers a page has, from 1 to 100. Defaults to 100. Another number is an error of the listing.
    pub fn page_size(mut self, size: u32) -> Self {
        self.page_size = Some(size);
        self
    }
}

model! {
    /// How many game servers there are, from [`Place::count_game_servers`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct GameServerCount {
        /// How many servers there are, running or shut down. `None` if the service couldn't count them.
        #[with(wire::strict)]
        #[serde(rename = "totalCount")]
        pub total: Option<u64>,
        /// Whether the running servers aren't counted, because the service couldn't read them.
        #[with(wire::strict_or_null)]
        #[serde(skip_serializing_if = "wire::is_default")]
        pub active_servers_fetch_error: bool,
        /// Whether the servers that were shut down aren't counted, because the service couldn't read them.
        #[with(wire::strict_or_null)]
        #[serde(skip_serializing_if = "wire::is_default")]
        pub shutdown_servers_fetch_error: bool,
    }
}

impl GameServerCount {
    /// Returns whether some servers aren't counted.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.total.is_none() || self.active_servers_fetch_error || self.shutdown_servers_fetch_error
    }
}

impl Place {
    /// Starts a request about a version of the place.
    pub(super) fn of_version(&self, endpoint: &Endpoint, version: u64) -> Request {
        self.of_place(endpoint).param("version", version)
    }

    /// Lists the game servers that run, or have run, a version of the place. Those that were shut down are among them: see
    /// [`GameServer::shut_down`].
    ///
    /// The service can fail to read a part of the servers. [`Pager::is_partial`] tells so after the last one.
    ///
    /// If the handle doesn't know the experience of the place, it is looked up when the list is created. A failure of that is
    /// the first item.
    ///
    /// Calls [`LIST_GAME_SERVERS`], which needs the scope `universe:read`. A page has 100 servers.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_game_server(13058, 1818, 7, [156]);
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// let mut servers = place.list_game_servers(7);
    /// for server in servers.by_ref() {
    ///     let server = server?;
    ///     println!("{server}: {:?} players for {:?}", server.occupancy, server.uptime);
    /// }
    /// if servers.is_partial() {
    ///     println!("there are more");
    /// }
    /// # assert_eq!(place.list_game_servers(7).count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    pub fn list_game_servers(&self, version: u64) -> Pager<GameServer> {
        self.list_game_servers_with(version, GameServerFilter::new())
    }

    /// Lists the game servers of a version that a filter matches. See [`list_game_servers`](Self::list_game_servers).
    ///
    /// Calls [`LIST_GAME_SERVERS`], which needs the scope `universe:read`.
    ///
    /// ```
    /// use rblxopencloud::experience::GameServerFilter;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_game_server(13058, 1818, 7, [156]);
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// let busy = GameServerFilter::new().expression("shutDown == false && occupancy > 0").order_by("occupancy desc");
    /// for server in place.list_game_servers_with(7, busy) {
    ///     println!("{}", server?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_game_servers_with(&self, version: u64, filter: GameServerFilter) -> Pager<GameServer> {
        let request = self.of_version(&LIST_GAME_SERVERS, version);
        let queries = [("Filter", filter.filter), ("OrderBy", filter.order)];
        let queries = queries.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let request = queries.fold(request, |request, (name, value)| request.query(name, value));
        match filter.page_size {
            // The service responds to 0 with the number of servers, and none of them.
            Some(size) if !(1..=LARGEST_PAGE).contains(&size) => {
                let problem = format!("a page of game servers has 1 to {LARGEST_PAGE} of them, and not {size}");
                request.failed(Error::invalid_input(problem)).pages()
            }
            Some(size) => request.paging(GameServer::PAGING.page_size(size)).pages(),
            None => request.pages(),
        }
    }

    /// Counts the game servers that run, or have run, a version of the place.
    ///
    /// Calls [`LIST_GAME_SERVERS`], which needs the scope `universe:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_game_server(13058, 1818, 7, [156]);
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// assert_eq!(place.count_game_servers(7)?.total, Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the owner of the credentials may not manage the
    /// experience.
    pub fn count_game_servers(&self, version: u64) -> Result<GameServerCount> {
        self.of_version(&LIST_GAME_SERVERS, version).query("MaxPageSize", 0).fetch_model()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_is_read_and_written() {
        let json = json!({
            "jobId": "8f2c", "placeId": "1818", "placeVersion": "7", "engineVersion": "0.1",
            "createTime": "2023-07-05T12:34:56Z", "uptime": "1.02:03:04", "memoryUsageBytes": 5, "frameRate": 59.5,
            "occupancy": 1, "maxOccupancy": 20, "type": 0, "full": false, "shutDown": false, "status": "active",
            "terminationTime": null, "playerIds": [156],
        });
        let server: GameServer = serde_json::from_value(json.clone()).expect("it is a server");
        assert_eq!((server.uptime, server.frame_rate), (Some(Duration::from_secs(93_784)), Some(59.5)));
        assert_eq!(server.to_string(), "server 8f2c (active)");
        assert_eq!(wire::from_value::<GameServer>(&json).expect("it is a server"), server);
        let written = serde_json::to_value(&server).expect("it is JSON");
        assert_eq!((&written["uptime"], &written["placeVersion"]), (&json["uptime"], &json!(7)));
    }

    #[test]
    fn side_fields_can_be_strange() {
        for rate in [json!(null), json!(0), json!(0.0), json!("fast")] {
            let json = json!({ "jobId": "a", "frameRate": rate, "uptime": "long", "status": "melted", "type": {} });
            let server = wire::from_value::<GameServer>(&json).expect("it is a server");
            assert_eq!((server.frame_rate, server.uptime, server.shut_down), (None, None, None));
            assert_eq!(server.status, Some(GameServerStatus::Unknown("melted".to_owned())));
        }
        for unreadable in [json!({}), json!({ "jobId": null }), json!({ "jobId": "a", "shutDown": "perhaps" })] {
            assert!(wire::from_value::<GameServer>(&unreadable).is_err(), "{unreadable}");
        }
    }
}
