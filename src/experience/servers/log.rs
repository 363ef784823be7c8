use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::game_server::GameServer;
use crate::api::Endpoint;
use crate::experience::place::handle::Place;
use crate::page::{PageItem, Pager, Values};
use crate::request::Paging;
use crate::wire::{Field, Json, model};

/// Lists what a game server has logged.
pub const LIST_GAME_SERVER_LOGS: Endpoint = Endpoint::get(
    "/server-management/v1/universes/{universe}/places/{place}/versions/{version}/game-servers/{server}/logs",
)
.with_scopes(&["universe:read"])
.with_budget(100, 100);

/// How severe a [`GameServerLog`] is. The service writes it as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogSeverity {
    /// `print`.
    Output,
    /// An information.
    Info,
    /// `warn`.
    Warning,
    /// An error.
    Error,
    /// A severity that this version doesn't know, as the service sent it.
    Unknown(u32),
}

impl LogSeverity {
    fn number(self) -> u32 {
        match self {
            Self::Output => 0,
            Self::Info => 1,
            Self::Warning => 2,
            Self::Error => 3,
            Self::Unknown(number) => number,
        }
    }
}

impl From<u32> for LogSeverity {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::Output,
            1 => Self::Info,
            2 => Self::Warning,
            3 => Self::Error,
            number => Self::Unknown(number),
        }
    }
}

impl Field for LogSeverity {
    const EXPECTED: &'static str = u32::EXPECTED;

    fn of(json: Json<'_>) -> Option<Self> {
        u32::of(json).map(Self::from)
    }
}

impl fmt::Display for LogSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => f.pad("output"),
            Self::Info => f.pad("info"),
            Self::Warning => f.pad("warning"),
            Self::Error => f.pad("error"),
            Self::Unknown(number) => write!(f, "severity {number}"),
        }
    }
}

impl Serialize for LogSeverity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.number())
    }
}

impl<'de> Deserialize<'de> for LogSeverity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::from)
    }
}

model! {
    /// What a game server has logged, from [`Place::list_game_server_logs`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct GameServerLog {
        /// The message.
        #[lenient]
        pub message: String,
        /// How severe it is.
        pub severity: Option<LogSeverity>,
        /// When the service received it.
        #[serde(rename = "messageTimestampMs")]
        pub logged_at: Option<Timestamp>,
        /// Where in the scripts it was logged.
        pub stack_trace: Option<String>,
        /// The template of a structured message.
        pub message_template: Option<String>,
        /// The context of a structured message.
        pub context: Option<String>,
        /// How many equal messages were logged at about the same time.
        pub skipped_count: Option<u32>,
        /// How many more messages were dropped at about the same time, because there were too many.
        pub rate_limited_count: Option<u32>,
        /// The universe id.
        pub universe_id: Option<u64>,
        /// The id of the place.
        pub place_id: Option<u64>,
        /// The version of the place.
        pub place_version: Option<u64>,
        /// The id of the server.
        pub job_id: Option<String>,
    }
}

/// `error: attempt to index nil`.
impl fmt::Display for GameServerLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.severity {
            Some(severity) => write!(f, "{severity}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl PageItem for GameServerLog {
    const FIELD: &'static str = "gameServerLogs";
    const PAGING: Paging = GameServer::PAGING.partial_fields(&[]);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

impl Place {
    /// Lists what a game server has logged, by the version that it runs and its [`job_id`](GameServer::job_id). See
    /// [`list_game_servers`](Self::list_game_servers).
    ///
    /// Calls [`LIST_GAME_SERVER_LOGS`], which needs the scope `universe:read`. A page has 100 entries.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let job_id = sandbox.add_game_server(13058, 1818, 7, [156]);
    /// # sandbox.log_on_game_server(&job_id, 3, "attempt to index nil");
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// for server in place.list_game_servers(7) {
    ///     for entry in place.list_game_server_logs(7, &server?.job_id) {
    ///         println!("{}", entry?);
    ///     }
    /// }
    /// # let first = place.list_game_server_logs(7, &job_id).next().transpose()?.expect("it has logged");
    /// # assert_eq!(first.to_string(), "error: attempt to index nil");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    pub fn list_game_server_logs(&self, version: u64, job_id: &str) -> Pager<GameServerLog> {
        self.of_version(&LIST_GAME_SERVER_LOGS, version).param("server", job_id).pages()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_read_and_written() {
        let json = json!({
            "message": "attempt to index nil", "severity": 3, "messageTimestampMs": "2023-07-05T12:34:56Z",
            "stackTrace": "line 1", "skippedCount": 2, "rateLimitedCount": 0, "jobId": "8f2c",
        });
        let entry: GameServerLog = serde_json::from_value(json.clone()).expect("it is an entry");
        assert_eq!(entry.to_string(), "error: attempt to index nil");
        assert_eq!(serde_json::to_value(&entry).expect("it is JSON"), json);
        for number in 0..6 {
            let severity = LogSeverity::from(number);
            assert_eq!(severity.number(), number);
            assert_eq!(severity == LogSeverity::Unknown(number), number > 3);
        }
    }
}
