//! Settings of a [`Sandbox`] for data stores, and the limits of all player data.

use rblxopencloud::{Error, Result};

use super::Sandbox;
use super::world::data_stores::Stale;
use super::world::throttles::{Game, Kind};
use super::worlds;

/// # Data stores, and the limits of player data
///
/// What isn't known of the service can be set, so that a program can be tested with each answer.
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
        self.world().data_stores.stale = Stale::of_status(status.into());
    }

    /// Adds the entries of JSON lines to a data store, and returns how many there are. Each line has `id` and `value`, and can have
    /// `scope`, `users` and `attributes`. Other fields are ignored, and numbers keep their text. An experience that doesn't exist is
    /// added.
    ///
    /// The lines can be a [back-up](Self::load_back_up), whatever experience and data store it names.
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
        self.load(Some((universe_id, store.to_owned())), lines)
    }

    /// Adds the entries of a back-up to the data store that it names, and returns how many there are. A back-up is JSON lines, the first
    /// of which names the experience and the data store, and the last of which tells how many entries there are, and can have the
    /// `sha256` of what stands before it. Entries that the back-up has skipped are left out.
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// let entries = sandbox.load_back_up(
    ///     r#"{"format":"rblxopencloud-data-store","version":1,"universe":13058,"dataStore":"Players","scope":null}
    ///     {"scope":"global","id":"user_156","value":{"coins":7},"users":["users/156"],"attributes":{}}
    ///     {"end":{"entries":1}}"#,
    /// )?;
    /// assert_eq!(entries, 1);
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # assert_eq!(store.fetch::<serde_json::Value>("user_156")?.unwrap().user_ids(), [156]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if it isn't a whole back-up, or was changed. No entry is added then.
    pub fn load_back_up(&self, lines: &str) -> Result<usize> {
        self.load(None, lines)
    }

    fn load(&self, target: Option<(u64, String)>, lines: &str) -> Result<usize> {
        let entries = worlds::read_lines(lines, target).map_err(Error::other)?;
        self.world().add_entries(&entries);
        Ok(entries.entries.len())
    }

    /// Sets the limits of an experience's data stores to those of the service with so many players, of which the game uses so many
    /// requests of each kind each minute. What is beyond is refused with 429 `RESOURCE_EXHAUSTED`, and a message that begins with
    /// the name of the limit. `None` is no limit, which is the default.
    ///
    /// | limit | a minute |
    /// |---|---|
    /// | `StandardReadExperienceThrottled` | 300 + 40 × players |
    /// | `StandardWriteExperienceThrottled` | 300 + 20 × players |
    /// | `StandardListExperienceThrottled` | 300 + 2 × players |
    /// | `StandardRemoveExperienceThrottled` | 300 + 40 × players |
    /// | `KeyThrottled` | 25 MiB of values that are read, and 4 MiB that are written, of each key |
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// // Of 700 reads, 320 are left.
    /// sandbox.set_data_store_limits(13058, (10, 380));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_data_store_limits(&self, universe_id: u64, players_and_use: impl Into<Option<(u64, u64)>>) {
        self.set_limits(Kind::DataStores, universe_id, players_and_use.into());
    }

    /// Sets the limits of an experience's ordered data stores, as [`set_data_store_limits`](Self::set_data_store_limits) does. Their
    /// names begin with `Ordered`, such as `OrderedWriteExperienceThrottled`, and keys have none.
    pub fn set_ordered_data_store_limits(&self, universe_id: u64, players_and_use: impl Into<Option<(u64, u64)>>) {
        self.set_limits(Kind::Ordered, universe_id, players_and_use.into());
    }

    /// Sets the limit of an experience's memory stores to that of the service with so many players, of which the game uses so many
    /// requests each minute: 1000 + 120 × players a minute. Each request counts as one, and all of them count together. `None` is no
    /// limit, which is the default.
    pub fn set_memory_store_limits(&self, universe_id: u64, players_and_use: impl Into<Option<(u64, u64)>>) {
        self.set_limits(Kind::Memory, universe_id, players_and_use.into());
    }

    fn set_limits(&self, kind: Kind, universe: u64, players_and_use: Option<(u64, u64)>) {
        let game = players_and_use.map(|(players, used)| Game { players, used });
        self.world().throttles.set(kind, universe, game);
    }

    /// Sets how many requests a minute each data store of an experience takes. What is beyond is refused with 429
    /// `RESOURCE_EXHAUSTED` and a message that begins with `DatastoreThrottled`. `None` is any number, which is the default. The service
    /// has such a limit, but doesn't document it.
    pub fn set_requests_of_each_data_store(&self, universe_id: u64, requests: impl Into<Option<u64>>) {
        self.world().throttles.set_of_each_store(universe_id, requests.into());
    }

    /// Sets whether the names of data stores, scopes and keys are measured in bytes, and not in characters. Defaults to `false`.
    pub fn set_names_measured_in_bytes(&self, in_bytes: bool) {
        self.world().data_stores.counts_bytes = in_bytes;
    }
}
