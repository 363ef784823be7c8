//! What the scripts of Luau tasks do.

use std::sync::Arc;
use std::time::Duration;

use super::Sandbox;
use crate::world::LuauAnswer;

/// # Luau tasks
///
/// What their scripts do, and how long they wait for a server.
impl Sandbox {
    /// Whether this build runs the scripts of Luau tasks: whether the feature `luau` of this crate is enabled.
    ///
    /// With it, a script without a [handler](Self::on_luau) is run by Luau, without a place and without Roblox's own globals:
    /// `print` and `warn` become the log, what it returns the results, and an error the script error. A script has 512 MiB, and a
    /// time limit as on the service. Without it, such a task fails.
    pub const RUNS_LUAU: bool = cfg!(feature = "luau");

    /// Sets what the scripts of Luau tasks do: a function of the script and the binary input, which is empty if there is none.
    /// It is called on a thread of its own for each task, and may use the sandbox.
    ///
    /// ```
    /// use rblxopencloud::LuauScript;
    /// use rblxopencloud_sandbox::{LuauAnswer, Sandbox};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// sandbox.on_luau(|script, _| match script.contains("error") {
    ///     true => LuauAnswer::error("TaskScript:1: no").print("before"),
    ///     false => LuauAnswer::results([2]),
    /// });
    /// let place = sandbox.client().experience(13058).place(1818);
    /// assert_eq!(place.run_luau(LuauScript::new("return 1 + 1"))?.wait()?.results, [2]);
    /// assert!(!place.run_luau(LuauScript::new("error('no')"))?.wait()?.is_success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_luau<A: Into<LuauAnswer>>(&self, f: impl Fn(&str, &[u8]) -> A + Send + Sync + 'static) {
        self.world()
            .luau
            .set_runner(Arc::new(move |job| f(&job.script, job.input.as_deref().unwrap_or_default()).into()));
    }

    /// Sets how long a task waits for its server. Defaults to zero. The live service takes 4 to 7 seconds, and up to 45 for a
    /// version that nobody has run.
    pub fn set_luau_boot_time(&self, time: Duration) {
        self.world().luau.boot = time;
    }

    /// Sets how long after its end a task counts among the 10 unfinished ones of its place. Defaults to zero. The live service
    /// takes some 10 seconds.
    pub fn set_luau_slot_recovery(&self, time: Duration) {
        self.world().luau.recovery = time;
    }

    /// Sets whether the log of a task can be listed while the script runs. Defaults to `false`. What the live service does isn't
    /// known.
    pub fn set_luau_logs_shown_early(&self, shows: bool) {
        self.world().luau.shows_logs_early = shows;
    }
}
