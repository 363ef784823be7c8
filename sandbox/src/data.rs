//! Settings of a [`Sandbox`] for data stores.

use rblxopencloud::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Sandbox;
use super::world::data_stores::{Content, EntryId, Stale};

/// An entry in a file.
#[derive(Deserialize)]
struct Line {
    id: String,
    scope: Option<String>,
    value: Box<RawValue>,
    users: Option<Box<RawValue>>,
    attributes: Option<Box<RawValue>>,
}

/// # Data stores
///
/// What isn't known of the service, so that a program can be tested with each answer.
impl Sandbox {
    /// Sets the status with which a write is refused whose `etag` isn't that of the entry: 409 with the code `ABORTED`, 412, or 400
    /// with `FAILED_PRECONDITION`. Any other counts as 409, which is the default.
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// sandbox.set_stale_write_status(412);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_stale_write_status(&self, status: u16) {
        self.world().data_stores.stale = match status {
            412 => Stale::PreconditionFailed,
            400 => Stale::FailedPrecondition,
            _ => Stale::Aborted,
        };
    }

    /// Adds the entries of a file of JSON lines to a data store, and returns how many there are. Each line has `id` and `value`, and
    /// can have `scope`, `users` and `attributes`. Other fields are ignored. Numbers keep their text.
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// let lines = r#"{"id":"user_156","value":{"coins":7},"users":["users/156"]}"#;
    /// assert_eq!(sandbox.load_entries(13058, "Players", lines)?, 1);
    /// let store = sandbox.client().experience(13058).data_store("Players");
    /// assert_eq!(store.fetch::<serde_json::Value>("user_156")?.unwrap().value["coins"], 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if a line isn't an entry. None is added then.
    pub fn load_entries(&self, universe_id: u64, store: &str, lines: &str) -> Result<usize> {
        let lines = lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let entries = lines.map(|(at, line)| {
            serde_json::from_str::<Line>(line).map_err(|error| Error::other(format!("line {}: {error}", at + 1)))
        });
        let entries = entries.collect::<Result<Vec<Line>>>()?;
        let mut world = self.world();
        let (now, count) = (world.clock().timestamp(), entries.len());
        for Line { id, scope, value, users, attributes } in entries {
            let text = |json: Option<Box<RawValue>>, default: &str| {
                json.map_or_else(|| default.to_owned(), |json| json.get().to_owned())
            };
            let content =
                Content { value: value.get().into(), users: text(users, "[]"), attributes: text(attributes, "{}") };
            let scope = scope.unwrap_or_else(|| "global".to_owned());
            let id = EntryId { universe: universe_id, store: store.to_owned(), scope, key: id };
            world.data_stores.write(&id, Some(content), now);
        }
        Ok(count)
    }

    /// Sets the limits of an experience's data stores to those of the service with so many players, of which the game uses so many
    /// requests of each kind each minute. What is beyond is refused with 429 `RESOURCE_EXHAUSTED`. `None` is no limit,
    /// which is the default.
    ///
    /// | | a minute |
    /// |---|---|
    /// | reads, removals | 300 + 40 × players |
    /// | writes | 300 + 20 × players |
    /// | lists | 300 + 2 × players |
    pub fn set_data_store_limits(&self, universe_id: u64, players_and_use: impl Into<Option<(u64, u64)>>) {
        self.world().data_stores.set_limits(universe_id, players_and_use.into());
    }

    /// Sets whether the names of data stores, scopes and keys are measured in bytes, and not in characters. Defaults to `false`.
    pub fn set_names_measured_in_bytes(&self, in_bytes: bool) {
        self.world().data_stores.counts_bytes = in_bytes;
    }
}
