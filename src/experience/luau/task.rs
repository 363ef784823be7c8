use std::fmt::{self, Display};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::log::{LIST_LUAU_TASK_LOGS, LuauLog, LuauMessage};
use super::run::LuauRun;
use super::script::{LONGEST, LuauScript};
use crate::api::{Budget, Endpoint, OperationName, Slots};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::experience::place::PlaceVersionHandle;
use crate::experience::place::handle::Place;
use crate::operation::{Operation, Polls, Tasks, WaitOptions};
use crate::page::Pager;
use crate::request::Request;
use crate::wire;

/// The unfinished tasks of a place. A task runs for at most 5 minutes, and starts within 45 seconds.
const TASKS: Slots = Slots::new("Luau tasks", &["universe", "place"], 10, Duration::from_secs(345))
    .with_recovery(Duration::from_secs(10));

/// Starts a Luau task in the newest version of a place.
pub const CREATE_LUAU_TASK: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/places/{place}/luau-execution-session-tasks")
        .with_scopes(&["universe.place.luau-execution-session:write"])
        .with_key_budget(Budget::per_minute(40))
        .with_slots(TASKS)
        .with_patience(2)
        .for_keys_only();

/// Starts a Luau task in a version of a place.
pub const CREATE_LUAU_VERSION_TASK: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/places/{place}/versions/{version}/luau-execution-session-tasks")
        .with_scopes(&["universe.place.luau-execution-session:write"])
        .with_key_budget(Budget::per_minute(5))
        .with_slots(TASKS)
        .with_patience(2)
        .for_keys_only();

/// Polls a Luau task.
pub const GET_LUAU_TASK: Endpoint = Endpoint::get(
    "/cloud/v2/universes/{universe}/places/{place}/versions/{version}/luau-execution-sessions/{session}/tasks/{task}",
)
.with_any_scope(&["universe.place.luau-execution-session:read", "universe.place.luau-execution-session:write"])
.with_key_budget(Budget::per_minute(200))
.for_keys_only()
.polling();

/// The binary output that is downloaded at the most.
const LARGEST_OUTPUT: u64 = 256 * 1024 * 1024;

/// The log that is kept in memory at the most, several times that of the service.
const LARGEST_LOG: usize = 16 * 1024 * 1024;
/// What a message takes beside its text.
const OF_MESSAGE: usize = 64;

/// A script that runs, or has run, in a place, from [`Place::run_luau`].
///
/// ```
/// use rblxopencloud::LuauScript;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # sandbox.on_luau(|_, _| rblxopencloud_sandbox::LuauAnswer::results([2]).print("adding"));
/// # let client = sandbox.client();
/// let place = client.experience(13058).place(1818);
/// let task = place.run_luau(LuauScript::new("print('adding') return 1 + 1"))?;
/// // Save the name: `client.luau_task(name)?` resumes the wait, also in another process.
/// println!("{}", task.name().unwrap());
///
/// let run = task.wait()?;
/// for line in &run.logs {
///     println!("{line}");
/// }
/// let (sum,): (u32,) = run.results_as()?;
/// assert_eq!(sum, 2);
/// # Ok(())
/// # }
/// ```
///
/// Dropping it doesn't cancel the task. The service forgets a task after a day.
#[must_use = "whether the script succeeds shows only in `wait` or `poll`"]
pub struct LuauTask {
    operation: Operation<LuauRun>,
    client: Client,
    leaves_out_logs: bool,
    logs: OnceLock<Vec<LuauMessage>>,
}

impl LuauTask {
    fn of(operation: Operation<LuauRun>, client: &Client) -> Self {
        Self { operation, client: client.clone(), leaves_out_logs: false, logs: OnceLock::new() }
    }

    /// Returns the name of the task, which is its full resource path. `None` if the first response was its end and had no path.
    #[must_use]
    pub fn name(&self) -> Option<&OperationName> {
        self.operation.name()
    }

    /// Returns whether the task is known to have ended, successfully or not. Makes no request.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.operation.is_done()
    }

    /// Leaves the log out of what [`poll`](Self::poll) and [`wait`](Self::wait) return, which saves a request for each task. The
    /// service accepts 45 requests a minute for logs, and 200 polls.
    pub fn without_logs(mut self) -> Self {
        self.leaves_out_logs = true;
        self
    }

    /// Polls the task once. Returns `None` while it is pending. Once it has ended, its log is listed, and further calls make no
    /// request.
    ///
    /// Calls [`GET_LUAU_TASK`] and, once the task has ended, [`LIST_LUAU_TASK_LOGS`], which both need the scope
    /// `universe.place.luau-execution-session:read` or `universe.place.luau-execution-session:write`.
    ///
    /// # Errors
    /// See [`wait_with`](Self::wait_with).
    pub fn poll(&self) -> Result<Option<LuauRun>> {
        self.operation.poll()?.map(|run| self.with_log(run)).transpose()
    }

    /// Waits until the task has ended, for 45 seconds longer than its time limit, and lists its log. A task that was resumed by
    /// its name has the longest limit, 5 minutes.
    ///
    /// Calls [`GET_LUAU_TASK`] and then [`LIST_LUAU_TASK_LOGS`], which both need the scope
    /// `universe.place.luau-execution-session:read` or `universe.place.luau-execution-session:write`.
    ///
    /// # Errors
    /// See [`wait_with`](Self::wait_with).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/luau-execution#Cloud_GetLuauExecutionSessionTask>
    pub fn wait(&self) -> Result<LuauRun> {
        self.with_log(self.operation.wait()?)
    }

    /// Waits until the task has ended, and lists its log. It is polled as [`Operation::wait_with`] says.
    ///
    /// Calls [`GET_LUAU_TASK`] and then [`LIST_LUAU_TASK_LOGS`], which both need the scope
    /// `universe.place.luau-execution-session:read` or `universe.place.luau-execution-session:write`.
    ///
    /// # Errors
    /// That the script has failed isn't an error; see [`LuauRun::outcome`]. Returns
    /// [`OperationPending`](crate::ErrorKind::OperationPending) at the end of the wait;
    /// [`NeverScheduled`](crate::ErrorKind::NeverScheduled) if the task was still pending 45 seconds after its time limit; and
    /// errors of a poll that aren't transient. After each of them, and if the log can't be listed, you
    /// [can wait again](crate::Error::can_wait_again), with this task or by its [name](Self::name).
    pub fn wait_with(&self, options: &WaitOptions) -> Result<LuauRun> {
        self.with_log(self.operation.wait_with(options)?)
    }

    /// Lists the log, with the time and the type of each message, at most 450 KB. While the task runs, the service may have no
    /// log of it yet.
    ///
    /// Calls [`LIST_LUAU_TASK_LOGS`], which needs the scope `universe.place.luau-execution-session:read` or
    /// `universe.place.luau-execution-session:write`. Most logs are one page.
    ///
    /// # Errors
    /// The first item is an [`InvalidInput`](crate::ErrorKind::InvalidInput) error if the task has no [name](Self::name).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/luau-execution#Cloud_ListLuauExecutionSessionTaskLogs>
    pub fn list_logs(&self) -> Pager<LuauLog> {
        self.logs_of(&LIST_LUAU_TASK_LOGS, "STRUCTURED").pages()
    }

    /// Lists the log as texts. See [`list_logs`](Self::list_logs).
    ///
    /// Calls [`LIST_LUAU_TASK_LOGS`], which needs the scope `universe.place.luau-execution-session:read` or
    /// `universe.place.luau-execution-session:write`.
    ///
    /// # Errors
    /// See [`list_logs`](Self::list_logs).
    pub fn list_flat_logs(&self) -> Pager<LuauLog> {
        self.logs_of(&LIST_LUAU_TASK_LOGS, "FLAT").pages()
    }

    /// Downloads the [binary output](LuauScript::binary_output) of a task that has ended to `writer`, at most 256 MiB. Returns the
    /// number of bytes. The service keeps it for 15 minutes.
    ///
    /// Calls [`GET_LUAU_TASK`] unless the task is known to have ended, which needs the scope
    /// `universe.place.luau-execution-session:read` or `universe.place.luau-execution-session:write`. The output comes from another
    /// host, which never sees the credentials.
    ///
    /// ```
    /// use rblxopencloud::LuauScript;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.on_luau(|_, _| rblxopencloud_sandbox::LuauAnswer::default().binary_output(*b"data"));
    /// # let client = sandbox.client();
    /// let script = LuauScript::new("return { BinaryOutput = buffer.fromstring('data') }").binary_output(true);
    /// let task = client.experience(13058).place(1818).run_luau(script)?;
    /// task.wait()?;
    /// let mut output = Vec::new();
    /// task.download_output(&mut output)?;
    /// assert_eq!(output, b"data");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the task hasn't ended or has no binary output. See also
    /// [`Request::download`].
    pub fn download_output(&self, writer: &mut dyn Write) -> Result<u64> {
        self.output()?.download(writer)
    }

    /// Saves the binary output as a file. Returns the number of bytes. See [`download_output`](Self::download_output).
    ///
    /// The file appears under its name only when it is complete; see [`Request::download_to`].
    ///
    /// Calls [`GET_LUAU_TASK`] unless the task is known to have ended, which needs the scope
    /// `universe.place.luau-execution-session:read` or `universe.place.luau-execution-session:write`.
    ///
    /// # Errors
    /// See [`download_output`](Self::download_output) and [`Request::download_to`].
    pub fn save_output(&self, path: impl AsRef<Path>) -> Result<u64> {
        self.output()?.download_to(path)
    }

    fn output(&self) -> Result<Request> {
        let run =
            self.operation.poll()?.ok_or_else(|| Error::invalid_input("the task hasn't ended; wait for it first"))?;
        let problem = || Error::invalid_input(format!("the task has no binary output: {run}"));
        let location = run.binary_output_uri.as_deref().ok_or_else(problem)?;
        let subject = format!("{} {}", GET_LUAU_TASK.method(), run.path);
        Ok(self.client.located(&subject, location)?.max_size(LARGEST_OUTPUT))
    }

    fn logs_of(&self, endpoint: &Endpoint, view: &str) -> Request {
        let request = self.client.call(endpoint).query("view", view);
        match self.name().and_then(|name| Polls::At(GET_LUAU_TASK).parameters(name)) {
            Some(parameters) => parameters.into_iter().fold(request, |request, (name, id)| request.param(name, id)),
            None => request.failed(Error::invalid_input("the task has no name, by which its log could be listed")),
        }
    }

    /// Adds the log of a task that has ended.
    fn with_log(&self, mut run: LuauRun) -> Result<LuauRun> {
        if self.leaves_out_logs || self.name().is_none() {
            return Ok(run);
        }
        if self.logs.get().is_none() {
            // Another thread may have stored the same messages first.
            let _ = self.logs.set(self.fetch_log()?);
        }
        run.logs = self.logs.get().cloned().unwrap_or_default();
        Ok(run)
    }

    fn fetch_log(&self) -> Result<Vec<LuauMessage>> {
        let (mut messages, mut size) = (Vec::new(), 0);
        let mut logs = self.list_logs();
        for log in &mut logs {
            match log {
                Ok(log) => {
                    let part = log.into_messages();
                    size += part.iter().map(|message| message.message.len() + OF_MESSAGE).sum::<usize>() + OF_MESSAGE;
                    if size > LARGEST_LOG {
                        return Err(self.without_log(Error::invalid_response(
                            LIST_LUAU_TASK_LOGS.to_string(),
                            "the log is too large, as if it had no end",
                        )));
                    }
                    messages.extend(part);
                }
                // A script that never ran has no log.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(self.without_log(error)),
            }
        }
        logs.check_all_read("what the script has logged").map_err(|error| self.without_log(error))?;
        Ok(messages)
    }

    /// The error of a task that has ended, and whose log can't be listed.
    fn without_log(&self, error: Error) -> Error {
        let advice = "the task has ended: wait again for its log, or without_logs";
        error.advise(advice).about_operation(self.name().cloned())
    }
}

impl fmt::Debug for LuauTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LuauTask").field("operation", &self.operation).finish_non_exhaustive()
    }
}

fn work() -> Tasks {
    Tasks { poll: Polls::At(GET_LUAU_TASK) }
}

impl Client {
    /// Resumes waiting for a task by its full path, such as a [`name`](LuauTask::name) that another process has written down. Makes
    /// no request.
    ///
    /// Polling it calls [`GET_LUAU_TASK`], which needs the scope `universe.place.luau-execution-session:read` or
    /// `universe.place.luau-execution-session:write`.
    ///
    /// ```
    /// # use rblxopencloud::{Client, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let path = "universes/13058/places/1818/versions/7/luau-execution-sessions/8f2c/tasks/8f2c";
    /// let run = client.luau_task(path)?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for anything but a full path. The service has shorter forms of it,
    /// but doesn't know a task by them.
    pub fn luau_task(&self, path: impl Display) -> Result<LuauTask> {
        let path = path.to_string();
        let name = OperationName::parse(&path).filter(|name| Polls::At(GET_LUAU_TASK).fits(name)).ok_or_else(|| {
            let form = GET_LUAU_TASK.path().trim_start_matches("/cloud/v2/").replace(['{', '}'], "");
            Error::invalid_text("path of a Luau task", &path, format!("expected the full form {}", numbered(&form)))
        })?;
        let operation = Operation::resume(self.session(), name, work(), Arc::new(wire::from_value));
        Ok(LuauTask::of(operation.with_limit(LONGEST), self))
    }
}

/// Returns an example of a path: numbers in place of the names of its ids.
fn numbered(template: &str) -> String {
    let segments = template.split('/').enumerate().map(|(at, segment)| match at % 2 {
        0 => segment.to_owned(),
        _ => (at / 2 + 1).to_string(),
    });
    segments.collect::<Vec<_>>().join("/")
}

impl Place {
    /// Runs a script in the newest version of the place. Returns once the service has accepted it.
    ///
    /// A script in a [place file](LuauScript::in_place_file) is run in the version as which the file is saved first.
    ///
    /// Calls [`CREATE_LUAU_TASK`] or, in a place file, [`CREATE_LUAU_VERSION_TASK`], which need the scope
    /// `universe.place.luau-execution-session:write`. The service accepts API keys only. It takes at most 10 unfinished tasks of a place: the call waits for one of them to end, whichever thread has
    /// started it; see [`Slots`](crate::endpoints::Slots). It is never repeated if the task may exist.
    ///
    /// ```
    /// use rblxopencloud::LuauScript;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.on_luau(|_, _| rblxopencloud_sandbox::LuauAnswer::error("TaskScript:1: no"));
    /// # let client = sandbox.client();
    /// let place = client.experience(13058).place(1818);
    /// let run = place.run_luau(LuauScript::new("error('no')"))?.wait()?;
    /// assert!(!run.is_success());
    /// println!("{run}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput), before anything is sent, for an invalid script and for an access
    /// token; [`RateLimited`](crate::ErrorKind::RateLimited) if none of the unfinished tasks ends soon enough; errors of the
    /// upload of a binary input; and those of [`save`](Self::save) for a place file. After an error whose [outcome is unknown](crate::Error::outcome_unknown), the task may run.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/luau-execution#Cloud_CreateLuauExecutionSessionTask__Using_Universes>
    pub fn run_luau(&self, mut script: LuauScript) -> Result<LuauTask> {
        script.check()?;
        match script.take_place_file() {
            Some(file) => self.start(&CREATE_LUAU_VERSION_TASK, Some(self.save(file)?.number), script),
            None => self.start(&CREATE_LUAU_TASK, None, script),
        }
    }

    fn start(&self, endpoint: &Endpoint, version: Option<u64>, script: LuauScript) -> Result<LuauTask> {
        let universe = self.experience_id_for(endpoint)?;
        let request = self.client.call(endpoint).param("universe", universe).param("place", self.id);
        let request = match version {
            Some(version) => request.param("version", version),
            None => request,
        };
        let limit = script.limit();
        let body = script.into_body(&self.client.experience(universe))?;
        let operation = request.body(body).work_limit(limit).start(work(), Arc::new(wire::from_value))?;
        Ok(LuauTask::of(operation, &self.client))
    }
}

impl PlaceVersionHandle {
    /// Runs a script in this version of the place, also if it was only saved. See [`Place::run_luau`].
    ///
    /// Calls [`CREATE_LUAU_VERSION_TASK`], which needs the scope `universe.place.luau-execution-session:write`. The service starts
    /// fewer tasks of given versions a minute than of the newest one.
    ///
    /// ```
    /// use rblxopencloud::LuauScript;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.on_luau(|_, _| rblxopencloud_sandbox::LuauAnswer::results([true]));
    /// # let client = sandbox.client();
    /// let place = client.experience(13058).place(1818);
    /// let saved = place.save(b"<roblox!\x89\xff\r\n\x1a\n")?;
    /// let run = place.version(saved.number).run_luau(LuauScript::new("return true"))?.wait()?;
    /// assert!(run.is_success());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Place::run_luau`]. Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for a script in a place file, too.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/luau-execution#Cloud_CreateLuauExecutionSessionTask__Using_Universes_Places>
    pub fn run_luau(&self, mut script: LuauScript) -> Result<LuauTask> {
        script.check()?;
        if script.take_place_file().is_some() {
            return Err(Error::invalid_input("a script in a place file is run by the place, not by a version of it"));
        }
        self.place.start(&CREATE_LUAU_VERSION_TASK, Some(self.number), script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_full_path_of_a_task_is_accepted() {
        let client = Client::new("key");
        let full = "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5";
        assert_eq!(client.luau_task(full).expect("it is full").name().expect("it has one").to_string(), full);
        for other in [
            "",
            "5",
            "tasks/5",
            "operations/5",
            "universes/1/places/2/luau-execution-session-tasks/5",
            "universes/1/places/2/versions/3/luau-execution-session-tasks/5",
            "universes/1/places/2/luau-execution-sessions/4/tasks/5",
            "/universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5",
            "universes/1/places/2/versions/../luau-execution-sessions/4/tasks/5",
            "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5/logs/6",
            "https://elsewhere.example/universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5",
        ] {
            let error = client.luau_task(other).expect_err(other);
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(full), "{error}");
        }
    }
}
