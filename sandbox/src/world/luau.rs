//! Luau tasks: their states over time, their slots, their logs, and their binary inputs and outputs.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{Clock, written};
use super::luau_answer::{End, LuauAnswer, Message};
use super::luau_job::{Job, Work};
use super::random::uuid;

/// The longest time limit, and that of a task that sets none.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);
/// The unfinished tasks of a place.
const MOST_UNFINISHED: usize = 10;
/// How long tasks are kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long the URLs of inputs and outputs are good.
const URL_LASTS: Duration = Duration::from_secs(15 * 60);
/// How long the response to a create waits for the end of the script.
const AT_ONCE: Duration = Duration::from_millis(10);
/// How many messages a part of a log has.
const MESSAGES: usize = 100;

/// What runs scripts.
pub(crate) type Runner = dyn Fn(&Job) -> LuauAnswer + Send + Sync;

/// What a task is made of.
#[derive(Debug)]
pub(crate) struct NewTask {
    pub(crate) universe: u64,
    pub(crate) place: u64,
    pub(crate) version: u64,
    pub(crate) user: String,
    pub(crate) script: String,
    pub(crate) timeout: Option<Duration>,
    /// As it was sent.
    pub(crate) timeout_text: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) has_output: bool,
    /// Whether servers can load the place.
    pub(crate) loads: bool,
}

#[derive(Debug)]
struct Task {
    made: NewTask,
    path: String,
    began: Instant,
    began_at: Timestamp,
    /// How long the server takes to start. `None` if none ever does.
    boot: Option<Duration>,
    work: Arc<Work>,
    output: String,
}

/// How a task stands.
enum Stand {
    Queued,
    Processing,
    Ended { answer: LuauAnswer, after: Duration },
}

impl Task {
    fn stand(&self, now: Instant) -> Stand {
        let age = now.saturating_duration_since(self.began);
        let Some(boot) = self.boot else {
            return if age < Duration::from_secs(1) { Stand::Queued } else { Stand::Processing };
        };
        if age < boot {
            return Stand::Queued;
        }
        let limit = self.made.timeout.unwrap_or(LONGEST);
        let ended = self.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let late = |log: Vec<Message>| {
            let mut answer = LuauAnswer::failure("DEADLINE_EXCEEDED", format!("The script ran longer than {limit:?}."));
            answer.log = log;
            Stand::Ended { answer, after: boot + limit }
        };
        match ended {
            Some((answer, ran)) => match answer.takes.max(ran) {
                time if time > limit && age >= boot + limit => late(answer.log),
                time if time <= limit && age >= boot + time => Stand::Ended { answer, after: boot + time },
                _ => Stand::Processing,
            },
            None if age >= boot + limit => late(Vec::new()),
            None => Stand::Processing,
        }
    }

    /// Returns it as the service writes it.
    fn json(&self, now: Instant, with_script: bool, delivery_url: &str) -> Value {
        let made = &self.made;
        let mut json = json!({
            "path": self.path,
            "createTime": written(self.began_at),
            "updateTime": written(self.began_at),
            "user": made.user,
            "timeout": made.timeout_text.as_deref().unwrap_or("300s"),
            "binaryInput": made.input.as_deref().unwrap_or_default(),
            "enableBinaryOutput": made.has_output,
            "binaryOutputUri": "",
        });
        if with_script {
            json["script"] = json!(made.script);
        }
        json["state"] = json!("PROCESSING");
        match self.stand(now) {
            Stand::Queued => json["state"] = json!("QUEUED"),
            Stand::Processing => {}
            Stand::Ended { answer, after } => {
                json["updateTime"] = json!(written(self.began_at + after));
                match answer.end {
                    End::Complete => {
                        json["state"] = json!("COMPLETE");
                        json["output"] = json!({ "results": answer.results });
                        if made.has_output && answer.binary_output.is_some() {
                            let uri = format!("{delivery_url}/luau-outputs/{}?signature=sandbox", self.output);
                            json["binaryOutputUri"] = json!(uri);
                        }
                    }
                    End::Cancelled => json["state"] = json!("CANCELLED"),
                    End::Failed { code, message } => {
                        json["state"] = json!("FAILED");
                        json["error"] = json!({ "code": code, "message": message });
                    }
                }
            }
        }
        json
    }
}

/// A binary input.
#[derive(Debug)]
struct Input {
    universe: u64,
    size: u64,
    began: Instant,
    content: Option<Arc<[u8]>>,
}

/// All tasks.
#[derive(Default)]
pub(crate) struct Luau {
    tasks: HashMap<String, Task>,
    inputs: HashMap<String, Input>,
    runner: Option<Arc<Runner>>,
    pub(crate) clock: Clock,
    pub(crate) boot: Duration,
    /// How long after its end a task takes a slot.
    pub(crate) recovery: Duration,
    pub(crate) shows_logs_early: bool,
}

impl fmt::Debug for Luau {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Luau").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

impl Luau {
    pub(crate) fn set_runner(&mut self, runner: Arc<Runner>) {
        self.runner = Some(runner);
    }

    /// Runs scripts as others are run.
    pub(crate) fn share_runner(&mut self, other: &Self) {
        self.runner.clone_from(&other.runner);
    }

    /// Returns how long ago something was, by the sandbox's clock.
    fn age(&self, began: Instant) -> Duration {
        self.clock.instant().saturating_duration_since(began)
    }

    /// Whether another task of a place can begin.
    pub(crate) fn has_slot(&self, universe: u64, place: u64) -> bool {
        let now = self.clock.instant();
        let takes_slot = |task: &&Task| {
            let is_of_place = (task.made.universe, task.made.place) == (universe, place);
            is_of_place
                && match task.stand(now) {
                    Stand::Ended { after, .. } => now.saturating_duration_since(task.began) < after + self.recovery,
                    _ => true,
                }
        };
        self.tasks.values().filter(takes_slot).count() < MOST_UNFINISHED
    }

    /// Starts a task, and returns it as the service writes it.
    pub(crate) fn begin(&mut self, made: NewTask) -> Value {
        let (universe, place, version) = (made.universe, made.place, made.version);
        let (session, id) = (uuid(), uuid());
        let parent = format!("universes/{universe}/places/{place}/versions/{version}");
        let path = format!("{parent}/luau-execution-sessions/{session}/tasks/{id}");
        let work = Arc::<Work>::default();
        let input = made.input.as_ref().and_then(|path| self.inputs.get(path)?.content.clone());
        if made.loads {
            let job = Job {
                script: made.script.clone(),
                input,
                timeout: made.timeout.unwrap_or(LONGEST),
                has_output: made.has_output,
                work: Arc::downgrade(&work),
            };
            self.run(job);
        }
        let boot = Some(self.boot).filter(|_| made.loads);
        let (began, began_at) = (self.clock.instant(), self.clock.timestamp());
        let task = Task { made, path: path.clone(), began, began_at, boot, work, output: uuid() };
        let mut answer = task.json(began, false, "");
        // No script ends before the response is sent.
        answer["state"] = json!("QUEUED");
        ["output", "error"].iter().for_each(|field| drop(answer.as_object_mut().and_then(|task| task.remove(*field))));
        self.tasks.insert(path, task);
        answer
    }

    /// Runs a script on a thread of its own: it may take its time, or use the sandbox.
    fn run(&self, job: Job) {
        let runner = self.runner.clone().unwrap_or_else(|| Arc::new(default_runner));
        let (done, ended) = mpsc::channel();
        let run = move || {
            let began = Instant::now();
            let answer = catch_unwind(AssertUnwindSafe(|| runner(&job)));
            let answer = answer.unwrap_or_else(|_| LuauAnswer::failure("INTERNAL_ERROR", "The handler has panicked."));
            if let Some(work) = job.work.upgrade() {
                let ended = Some((answer.limited(), began.elapsed()));
                *work.lock().unwrap_or_else(PoisonError::into_inner) = ended;
            }
            // Nobody waits any more.
            let _ = done.send(());
        };
        // Without a thread, the task runs into its time limit.
        if thread::Builder::new().name("sandbox-luau".to_owned()).spawn(run).is_ok() {
            // Most scripts end at once, so that the first poll sees it.
            let _ = ended.recv_timeout(AT_ONCE);
        }
    }

    fn known(&self, path: &str) -> Option<&Task> {
        self.tasks.get(path).filter(|task| self.age(task.began) < KEPT)
    }

    /// Returns a task as the service writes it.
    pub(crate) fn get(&self, path: &str, with_script: bool, delivery_url: &str) -> Option<Value> {
        Some(self.known(path)?.json(self.clock.instant(), with_script, delivery_url))
    }

    /// Returns the parts of a task's log. `None` if the task isn't known.
    pub(crate) fn logs(&self, path: &str, is_flat: bool) -> Option<Vec<Value>> {
        let task = self.known(path)?;
        let log = match task.stand(self.clock.instant()) {
            Stand::Ended { answer, .. } => answer.log,
            Stand::Processing if self.shows_logs_early => {
                let ended = task.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
                ended.map(|(answer, _)| answer.log).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let part = |(number, messages): (usize, &[Message])| {
            let mut part = json!({ "path": format!("{path}/logs/{}", number + 1) });
            if is_flat {
                part["messages"] = messages.iter().map(|message| json!(message.text)).collect();
            } else {
                part["structuredMessages"] = messages.iter().map(Message::json).collect();
            }
            part
        };
        Some(log.chunks(MESSAGES).enumerate().map(part).collect())
    }

    /// Adds an input of so many bytes, and returns its path and its id.
    pub(crate) fn add_input(&mut self, universe: u64, size: u64) -> (String, String) {
        let id = uuid();
        let path = format!("universes/{universe}/luau-execution-session-task-binary-inputs/{id}");
        let began = self.clock.instant();
        self.inputs.insert(path.clone(), Input { universe, size, began, content: None });
        (path, id)
    }

    /// Stores the content of an input. Fails with what is wrong.
    pub(crate) fn upload_input(&mut self, id: &str, content: Vec<u8>) -> Result<(), &'static str> {
        let now = self.clock.instant();
        let input = self.inputs.iter_mut().find(|(path, _)| path.rsplit('/').next() == Some(id));
        let (_, input) = input.ok_or("NoSuchKey")?;
        if now.saturating_duration_since(input.began) >= URL_LASTS {
            return Err("ExpiredToken");
        }
        if input.size != content.len() as u64 {
            return Err("EntityTooLarge");
        }
        input.content = Some(content.into());
        Ok(())
    }

    /// Whether tasks of an experience can use an input.
    pub(crate) fn has_input(&self, universe: u64, path: &str) -> bool {
        self.inputs.get(path).is_some_and(|input| {
            input.universe == universe && input.content.is_some() && self.age(input.began) < URL_LASTS
        })
    }

    /// Returns a binary output.
    pub(crate) fn output(&self, id: &str) -> Option<Vec<u8>> {
        let now = self.clock.instant();
        let task = self.tasks.values().find(|task| task.output == id && task.made.has_output)?;
        match task.stand(now) {
            Stand::Ended { answer, after } if now.saturating_duration_since(task.began) < after + URL_LASTS => {
                answer.binary_output
            }
            _ => None,
        }
    }
}

#[cfg(feature = "luau")]
fn default_runner(job: &Job) -> LuauAnswer {
    super::luau_run::run(job)
}

#[cfg(not(feature = "luau"))]
fn default_runner(_: &Job) -> LuauAnswer {
    let message =
        "The sandbox doesn't run scripts: set Sandbox::on_luau, or enable the feature luau of rblxopencloud-sandbox.";
    LuauAnswer::failure("INTERNAL_ERROR", message)
}
