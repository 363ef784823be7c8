//! Releases a place, and undoes it: `cargo run --example release -- game.rbxl tests.luau`
//!
//! Without a key, Luau itself runs the tests on this machine if this is built with `--features rblxopencloud-sandbox/luau`.

mod common;

use std::fmt::{self, Display};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use rblxopencloud::experience::{PlaceVersion, RestartOptions};
use rblxopencloud::{ErrorKind, LuauScript, Place};
use rblxopencloud_sandbox::{LuauAnswer, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::json;

const USAGE: &str = "\
Usage: release FILE TESTS
       release FILE --rollback

Saves a place file as a version, runs the tests, a Luau script, in that version, publishes it if they pass, restarts the servers
of older versions, and tells all servers by a message on the topic `updates`. With --rollback, the version that was live before
is live again, and servers are restarted and told.

It can be killed at any time and run again: where it stands is written into FILE's `.release.json`, and nothing is published,
restarted or told twice. Of one place, only one release may run at a time. Versions of others that came in between are
downloaded and compared, which needs the scope legacy-asset:manage.

If ROBLOX_API_KEY is set, a real place is published, and its players are moved. Otherwise, FILE and TESTS may be left out.";

/// How long servers go on after a restart is scheduled.
const BLEED_OFF: Duration = Duration::from_secs(600);
const TOPIC: &str = "updates";
const TESTS_LIMIT: Duration = Duration::from_secs(300);
/// How long the last request of a run that was killed may still be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    common::run_for_place(USAGE, run)
}

fn run(mut arguments: Vec<String>) -> common::Result<()> {
    let undoes = arguments.iter().position(|argument| argument == "--rollback");
    let undoes = undoes.map(|at| arguments.remove(at)).is_some();
    common::at_most(2, &arguments)?;
    let [file, tests] = [0, 1].map(|at| arguments.get(at).map(PathBuf::from));
    let setup = common::setup_place()?;
    match (&setup.sandbox, file, tests) {
        (Some(sandbox), file, tests) => show(sandbox, &setup.place, file, tests, undoes),
        (None, Some(file), None) if undoes => roll_back(&setup.place, &file),
        (None, Some(file), Some(tests)) if !undoes => release(&setup.place, &file, &tests),
        _ => Err("expected FILE TESTS, or FILE --rollback; see --help".into()),
    }
}

/// A step of a release. It is written down as begun before its request, and as done after the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Step<T> {
    #[default]
    Open,
    /// Also if its outcome isn't known.
    Begun,
    Done(T),
}

/// Where a release stands: what is written down beside the place file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    place: u64,
    /// Which of two names the copy of the place file has. The file itself may be built anew at any time.
    copy: u8,
    saved: Step<u64>,
    /// The name of the task that runs the tests.
    task: Step<String>,
    tests: Option<bool>,
    /// The version that was live before this one, to which a rollback goes.
    live_before: Option<u64>,
    release: Rollout,
    /// The newest version when a rollback began.
    undone_from: Option<u64>,
    undo: Rollout,
}

/// A version that becomes live, and how its servers come to it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Rollout {
    live: Step<u64>,
    /// The restarts that there were before.
    restarts_before: Vec<String>,
    restart: Step<String>,
    message: Step<()>,
}

/// The state, and the file that holds it.
struct Journal {
    path: PathBuf,
    state: State,
}

impl Journal {
    /// Reads the journal of a place file, if there is one.
    fn open(file: &Path, place: &Place) -> common::Result<Option<Self>> {
        let path = file.with_extension("release.json");
        let state: State = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        if state.place != place.id() {
            return Err(format!("{} is that of place {}, not {}", path.display(), state.place, place.id()).into());
        }
        Ok(Some(Self { path, state }))
    }

    /// Begins a release of the file as it is now. The copy of the release before stays until the journal is written.
    fn begin(file: &Path, place: &Place, before: Option<&Self>) -> common::Result<Self> {
        let copy = before.map_or(0, |journal| 1 - journal.state.copy.min(1));
        let state = State { place: place.id(), copy, ..State::default() };
        let mut journal = Self { path: file.with_extension("release.json"), state };
        fs::copy(file, journal.copy(file)).map_err(|error| format!("{}: {error}", file.display()))?;
        File::options().write(true).open(journal.copy(file))?.sync_all()?;
        journal.write(|_| ())?;
        Ok(journal)
    }

    /// Changes the state, and writes it down whole: it is the old one or the new one if this is killed.
    fn write(&mut self, change: impl FnOnce(&mut State)) -> common::Result<()> {
        change(&mut self.state);
        let unfinished = self.path.with_extension("json.part");
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(&self.state)?)?;
        file.sync_all()?;
        Ok(fs::rename(&unfinished, &self.path)?)
    }

    /// Returns the copy of the place file.
    fn copy(&self, file: &Path) -> PathBuf {
        let ending = file.extension().unwrap_or_default().to_string_lossy();
        file.with_extension(format!("release-{}.{ending}", self.state.copy))
    }
}

/// `saved as version 2, tests passed, perhaps published, servers not restarted, not announced`.
impl Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.saved {
            Step::Open => write!(f, "not saved")?,
            Step::Begun => write!(f, "perhaps saved")?,
            Step::Done(version) => write!(f, "saved as version {version}")?,
        }
        match (self.tests, &self.task) {
            (Some(true), _) => write!(f, ", tests passed")?,
            (Some(false), _) => write!(f, ", tests failed")?,
            (None, Step::Open) => write!(f, ", not tested")?,
            (None, Step::Begun) => write!(f, ", perhaps being tested")?,
            (None, Step::Done(task)) => write!(f, ", being tested as {task}")?,
        }
        self.release.describe("published", f)?;
        match self.undone_from {
            Some(_) => self.undo.describe("rolled back", f),
            None => Ok(()),
        }
    }
}

impl Rollout {
    fn describe(&self, made_live: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.live {
            Step::Open => write!(f, ", not {made_live}")?,
            Step::Begun => write!(f, ", perhaps {made_live}")?,
            Step::Done(version) => write!(f, ", {made_live} as version {version}")?,
        }
        match &self.restart {
            Step::Open => write!(f, ", servers not restarted")?,
            Step::Begun => write!(f, ", servers perhaps restarted")?,
            Step::Done(id) => write!(f, ", servers restarted by {id}")?,
        }
        f.write_str(match self.message {
            Step::Open => ", not announced",
            Step::Begun => ", perhaps announced",
            Step::Done(()) => ", announced",
        })
    }

    /// Whether the outcome of a request that changes what players see isn't known.
    fn is_in_doubt(&self) -> bool {
        self.live == Step::Begun || self.restart == Step::Begun
    }
}

fn release(place: &Place, file: &Path, tests: &Path) -> common::Result<()> {
    let mut journal = match Journal::open(file, place)? {
        Some(journal) => resume(journal, place, file)?,
        None => Journal::begin(file, place, None)?,
    };
    let copy = journal.copy(file);
    let saved = save(&mut journal, place, &copy)?;
    if !test(&mut journal, place, saved, tests)? {
        return Err(format!("the tests fail in version {saved}, which isn't published").into());
    }
    publish(&mut journal, place, saved, &copy)?;
    roll_out(&mut journal, place, |state| &mut state.release)
}

/// Says where the last run stood, and begins anew if that is done with and the file has changed since.
fn resume(journal: Journal, place: &Place, file: &Path) -> common::Result<Journal> {
    let state = &journal.state;
    println!("before: {state}");
    let is_changed = !is_same(open(file)?, open(&journal.copy(file))?)?;
    let is_released = matches!(state.release.message, Step::Done(()));
    let is_undone = matches!(state.undo.message, Step::Done(()));
    match state.undone_from {
        Some(_) if !is_undone => return Err("a rollback has begun; complete it with --rollback".into()),
        Some(_) if !is_changed => {
            let path = journal.path.display();
            return Err(format!("this file was rolled back; change it, or remove {path} to release it again").into());
        }
        _ => {}
    }
    // Before that, nothing of it is seen by players.
    let is_begun = state.release.live != Step::Open;
    match is_changed && (is_undone || is_released || !is_begun) {
        true => Journal::begin(file, place, Some(&journal)),
        false => {
            if is_changed {
                println!("{} has changed; the release of the earlier content is completed first", file.display());
            }
            if state.release.is_in_doubt() {
                thread::sleep(ON_ITS_WAY);
            }
            Ok(journal)
        }
    }
}

/// Saving the same content again makes no second version, unless somebody else has saved one.
fn save(journal: &mut Journal, place: &Place, copy: &Path) -> common::Result<u64> {
    if let Step::Done(version) = journal.state.saved {
        return Ok(version);
    }
    journal.write(|state| state.saved = Step::Begun)?;
    let saved = place.save(copy)?;
    journal.write(|state| state.saved = Step::Done(saved.number))?;
    println!("saved as version {}", saved.number);
    Ok(saved.number)
}

/// Returns whether the tests pass. Tests that have failed are run again by the next run.
fn test(journal: &mut Journal, place: &Place, version: u64, tests: &Path) -> common::Result<bool> {
    if journal.state.tests == Some(true) {
        return Ok(true);
    }
    let started = match &journal.state.task {
        Step::Done(name) if journal.state.tests.is_none() => Some(place.client().luau_task(name)?.wait()),
        _ => None,
    };
    let run = match started {
        // The service forgets tasks after a day.
        Some(Err(error)) if error.kind() == ErrorKind::NotFound => None,
        started => started,
    };
    let run = match run {
        Some(run) => run,
        None => {
            // If this is killed now, the next run starts the tests once more.
            journal.write(|state| (state.task, state.tests) = (Step::Begun, None))?;
            let task = place.version(version).run_luau(LuauScript::file(tests)?.timeout(TESTS_LIMIT))?;
            let name = task.name().map_or(Step::Begun, |name| Step::Done(name.to_string()));
            journal.write(|state| state.task = name)?;
            task.wait()
        }
    };
    let run = match run {
        Err(error) if error.kind() == ErrorKind::NeverScheduled => {
            journal.write(|state| state.task = Step::Open)?;
            return Err(error.into());
        }
        run => run?,
    };
    for line in &run.logs {
        println!("  {line}");
    }
    println!("tests: {run}");
    journal.write(|state| state.tests = Some(run.is_success()))?;
    Ok(run.is_success())
}

fn publish(journal: &mut Journal, place: &Place, saved: u64, copy: &Path) -> common::Result<()> {
    if let Step::Done(_) = journal.state.release.live {
        return Ok(());
    }
    let live = live_version(place)?.map(|live| live.number);
    let found = match journal.state.release.live {
        Step::Begun => find_published(place, saved, copy)?,
        _ => None,
    };
    let version = match found {
        Some(version) => version,
        None => {
            journal.write(|state| (state.live_before, state.release.live) = (live, Step::Begun))?;
            place.publish(copy)?.number
        }
    };
    journal.write(|state| state.release.live = Step::Done(version))?;
    println!("published as version {version}");
    Ok(())
}

/// Looks for the version that a run before has published: the saved one, or a newer one with the same content.
fn find_published(place: &Place, saved: u64, copy: &Path) -> common::Result<Option<u64>> {
    for version in published_since(place, saved)? {
        if version == saved || is_same(open(copy)?, &content(place, version)?[..])? {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

fn live_version(place: &Place) -> rblxopencloud::Result<Option<PlaceVersion>> {
    place.list_versions().published().next().transpose()
}

/// Returns the published versions from this one on, newest first.
fn published_since(place: &Place, first: u64) -> rblxopencloud::Result<Vec<u64>> {
    let mut found = Vec::new();
    for version in place.list_versions() {
        let version = version?;
        if version.number < first {
            break;
        }
        if version.is_published == Some(true) {
            found.push(version.number);
        }
    }
    Ok(found)
}

fn content(place: &Place, version: u64) -> rblxopencloud::Result<Vec<u8>> {
    let mut content = Vec::new();
    place.version(version).download(&mut content)?;
    Ok(content)
}

/// Opens a file, and names it in the error.
fn open(path: &Path) -> common::Result<File> {
    File::open(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn is_same(a: impl Read, b: impl Read) -> io::Result<bool> {
    let (mut a, mut b) = (BufReader::new(a), BufReader::new(b));
    loop {
        let (left, right) = (a.fill_buf()?, b.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 || left[..length] != right[..length] {
            return Ok(left.is_empty() && right.is_empty());
        }
        a.consume(length);
        b.consume(length);
    }
}

/// Restarts the servers of older versions, and tells all servers.
fn roll_out(journal: &mut Journal, place: &Place, of: fn(&mut State) -> &mut Rollout) -> common::Result<()> {
    let experience = place.experience()?;
    let Step::Done(version) = of(&mut journal.state).live else { return Err("no version was made live".into()) };
    if of(&mut journal.state).restart == Step::Open {
        println!("{} players to move", experience.forecast_restart()?.players_impacted());
        let known = experience.list_restarts()?.into_iter().map(|restart| restart.id).collect();
        journal.write(|state| {
            let rollout = of(state);
            (rollout.restarts_before, rollout.restart) = (known, Step::Begun);
        })?;
    }
    if of(&mut journal.state).restart == Step::Begun {
        let options = RestartOptions::new().bleed_off(BLEED_OFF).outdated(place.id());
        // A restart that a run before has begun is found by those that there were before it.
        let known = of(&mut journal.state).restarts_before.clone();
        let restart = experience.restart_servers(options.after(known))?;
        println!("{restart} within {} minutes", BLEED_OFF.as_secs() / 60);
        journal.write(|state| of(state).restart = Step::Done(restart.id))?;
    }
    if of(&mut journal.state).message == Step::Open {
        journal.write(|state| of(state).message = Step::Begun)?;
        match experience.publish_message(TOPIC, &json!({ "version": version })) {
            Ok(()) => println!("announced"),
            Err(error) if error.outcome_unknown() => println!("perhaps announced: {error}"),
            Err(error) => {
                journal.write(|state| of(state).message = Step::Open)?;
                return Err(error.into());
            }
        }
    } else if of(&mut journal.state).message == Step::Begun {
        // No list tells which messages were published. Servers that have missed it learn of the version from the restart.
        println!("perhaps announced by an earlier run, and not announced again");
    }
    journal.write(|state| of(state).message = Step::Done(()))?;
    println!("now: {}", journal.state);
    Ok(())
}

fn roll_back(place: &Place, file: &Path) -> common::Result<()> {
    let mut journal = Journal::open(file, place)?.ok_or("no release is written down; see --help")?;
    println!("before: {}", journal.state);
    if journal.state.release.is_in_doubt() || journal.state.undo.is_in_doubt() {
        thread::sleep(ON_ITS_WAY);
    }
    if let (Step::Begun, Step::Done(saved)) = (journal.state.release.live, journal.state.saved) {
        let found = find_published(place, saved, &journal.copy(file))?;
        journal.write(|state| state.release.live = found.map_or(Step::Open, Step::Done))?;
    }
    let Step::Done(released) = journal.state.release.live else {
        return Err("the release hasn't published anything, so there is nothing to roll back".into());
    };
    let before = journal.state.live_before.ok_or("no version was live before, so there is none to go back to")?;
    if before == released {
        return Err(format!("version {released} was live before the release, too").into());
    }
    let found = match journal.state.undo.live {
        Step::Open => None,
        Step::Begun => find_rolled_back(place, &journal.state, before)?,
        Step::Done(version) => Some(version),
    };
    let version = match found {
        Some(version) => version,
        None => {
            let live = live_version(place)?.map_or(0, |live| live.number);
            if live != released {
                return Err(format!("version {live} is live, which this release hasn't published").into());
            }
            let newest = place.list_versions().next().transpose()?.map(|newest| newest.number);
            journal.write(|state| (state.undone_from, state.undo.live) = (newest, Step::Begun))?;
            place.rollback(before)?.number
        }
    };
    journal.write(|state| state.undo.live = Step::Done(version))?;
    println!("version {before} is live again, as version {version}");
    roll_out(&mut journal, place, |state| &mut state.undo)
}

/// Looks for the version that a run before has made by rolling back.
fn find_rolled_back(place: &Place, state: &State, before: u64) -> common::Result<Option<u64>> {
    let newer = published_since(place, state.undone_from.unwrap_or(0) + 1)?;
    let wanted = if newer.is_empty() { Vec::new() } else { content(place, before)? };
    for version in newer {
        if content(place, version)? == wanted {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// Shows a release in a sandbox. What it writes down is removed, because the sandbox ends too.
fn show(
    sandbox: &Sandbox,
    place: &Place,
    file: Option<PathBuf>,
    tests: Option<PathBuf>,
    undoes: bool,
) -> common::Result<()> {
    let live = place.publish([common::PLACE, b"the version before"].concat())?;
    sandbox.add_game_server(place.experience_id()?, place.id(), live.number, [156]);
    if !Sandbox::RUNS_LUAU {
        sandbox.on_luau(|script, _| match script.contains("error(") {
            true => LuauAnswer::error("TaskScript:1: made up: this build doesn't run Luau"),
            false => LuauAnswer::results([true]).print("made up: this build doesn't run Luau"),
        });
    }
    let folder = std::env::temp_dir().join(format!("rblxopencloud-release-{}", process::id()));
    fs::create_dir(&folder)?;
    let shown = || {
        let (copy, script) = (folder.join("game.rbxl"), folder.join("tests.luau"));
        match &file {
            Some(file) => fs::copy(file, &copy).map_err(|error| format!("{}: {error}", file.display()))?,
            None => fs::write(&copy, [common::PLACE, b"the new version"].concat()).map(|()| 0)?,
        };
        fs::write(&script, "assert(1 + 1 == 2)\nprint('all tests passed')\n")?;
        release(place, &copy, tests.as_ref().unwrap_or(&script))?;
        if undoes { roll_back(place, &copy) } else { Ok(()) }
    };
    let result = shown();
    fs::remove_dir_all(&folder)?;
    result
}
