//! The settings with which a [`Sandbox`] starts.

use std::io;

use rblxopencloud::{Error, Result};

use super::Sandbox;
use super::server::Server;
use super::state::{Seed, State};
use super::worlds;

/// Builds a [`Sandbox`].
///
/// ```
/// use rblxopencloud_sandbox::Sandbox;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let sandbox = Sandbox::builder().demo().start()?;
/// let owned = sandbox.client().user(156).list_inventory().count();
/// assert_eq!(owned, 250);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a sandbox has to be started"]
pub struct SandboxBuilder {
    port: u16,
    hosts: Vec<String>,
    demo: bool,
    unknown_kinds: bool,
    world: Option<String>,
    entries: Vec<(Option<(u64, String)>, String)>,
}

impl SandboxBuilder {
    /// Sets the port to listen on. Defaults to 0, which is any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Allows requests for this host, such as "sandbox" for `http://sandbox:4000`, if a proxy or a hosts file leads to the sandbox
    /// by that name. `localhost` and IP addresses are always allowed. Others are refused with 421: a web page can have its own
    /// name resolve to this machine.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Adds sample data: user 156, "builderman", with a profile, 250 items of every kind (among them badges 111 and 222 and game
    /// pass 777), three groups, whose roles have the ranks 255, 10 and 5, each with two entries in its audit log, the experience
    /// 13058, whose root place is 1818, and an OAuth 2.0 app without a secret, with the client id 840974200211308101 and the
    /// redirect URI `http://localhost:4000/callback`.
    pub fn demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// Adds to the sample data an item of a kind, and an asset of a type, that this version doesn't know, as Roblox may add at
    /// any time. They replace two other items. Has no effect without [`demo`](Self::demo).
    pub fn unknown_kinds(mut self) -> Self {
        self.unknown_kinds = true;
        self
    }

    /// Sets what is there at the start, in the form of [world files](crate::guide::world_files), in place of the sample data.
    pub fn world(mut self, json: impl Into<String>) -> Self {
        self.world = Some(json.into());
        self
    }

    /// Adds the entries of JSON lines to a data store. See [`Sandbox::load_entries`]. Can be called several times.
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let lines = r#"{"id":"user_156","value":{"coins":7},"users":["users/156"]}"#;
    /// let sandbox = Sandbox::builder().entries(13058, "Players", lines).start()?;
    /// let store = sandbox.client().experience(13058).data_store("Players");
    /// assert_eq!(store.fetch::<serde_json::Value>("user_156")?.unwrap().value["coins"], 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn entries(mut self, universe_id: u64, store: impl Into<String>, lines: impl Into<String>) -> Self {
        self.entries.push((Some((universe_id, store.into())), lines.into()));
        self
    }

    /// Adds the entries of a back-up to the data store that it names. See [`Sandbox::load_back_up`]. Can be called several times.
    pub fn back_up(mut self, lines: impl Into<String>) -> Self {
        self.entries.push((None, lines.into()));
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if the port is in use, no thread can be started, or the
    /// [world](Self::world) or [entries](Self::entries) can't be read; the message tells where and why.
    pub fn start(self) -> Result<Sandbox> {
        let seed = match (self.world, self.demo) {
            (Some(json), _) => Seed::World(worlds::read(&json).map_err(|problem| Error::other(problem.to_string()))?),
            (None, true) => Seed::Demo { unknown_kinds: self.unknown_kinds },
            (None, false) => Seed::Empty,
        };
        let entries = self.entries.into_iter().map(|(target, lines)| worlds::read_lines(&lines, target));
        let entries = entries.collect::<Result<Vec<_>, String>>().map_err(Error::other)?;
        let state = State { seed, entries, ..State::default() };
        worlds::begin(&state).map_err(|problem| Error::other(problem.to_string()))?;
        let server = Server::start(self.port, self.hosts, state).map_err(|error| {
            let problem = match (self.port, error.kind()) {
                (0, _) => format!("the sandbox can't listen: {error}"),
                (port, io::ErrorKind::AddrInUse) => format!("port {port} is in use; port 0 is any free one"),
                (port, _) => format!("the sandbox can't listen on port {port}: {error}"),
            };
            Error::other(io::Error::new(error.kind(), problem))
        })?;
        let url = format!("http://{}", server.address);
        Ok(Sandbox { server, url })
    }
}
