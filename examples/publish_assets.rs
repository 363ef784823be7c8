//! Publishes a folder, as a build step does: `cargo run --example publish_assets -- DIR`

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use common::show::{INTERVAL, bar};
use indicatif::{ProgressBar, ProgressStyle};
use rblxopencloud::AssetType;
use rblxopencloud::publish::{Plan, PlannedQuota, PublishEvent, PublishOwner, Publisher};

const USAGE: &str = "\
Usage: publish_assets DIR [--plan | --check | --prune] [OPTION...]

Uploads what is new or has changed in DIR, and writes the ids to DIR/assets.luau. Commit it and DIR/assets.lock. With
--plan, it only tells what it would do; with --check, it fails if it would do something; with --prune, it only forgets the
names of files that are gone. Files that DIR/.assetignore names are left out. Without a key, it publishes to a sandbox on this
machine, and writes both files to DIR/.sandbox instead.

  --group ID         publishes for a group
  --decals           makes images decals
  --adopt FILE ID    takes an asset that exists as that of a file
  --send-again FILE  uploads a file again whose upload is in doubt, for it may have arrived
  --send-lost-again  does so for all of which nothing like is to be seen
  --accept-journal   uses the journal of a run on another machine, which can change the ids of files

If ROBLOX_API_KEY is set, this creates real assets, which Roblox moderates.

Exit codes: 0 published, 1 problems, 2 an upload is in doubt, 3 stopped, 130 cancelled";

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    match common::run(USAGE, |arguments| run(arguments).map(|exit| code = exit)) {
        ExitCode::SUCCESS => code,
        failure => failure,
    }
}

fn id(text: &str) -> common::Result<u64> {
    text.parse().map_err(|_| format!("{text:?} is not an id; expected a number such as 156").into())
}

fn run(arguments: Vec<String>) -> common::Result<ExitCode> {
    let (mut dir, mut mode, mut group, mut decals) = (None, None, None, false);
    let (mut send_lost_again, mut accept_journal) = (false, false);
    let (mut adopted, mut again) = (Vec::new(), Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value; see --help"));
        match argument.as_str() {
            "--plan" | "--check" | "--prune" => {
                if let Some(other) = mode.replace(argument.clone()).filter(|other| *other != argument) {
                    return Err(format!("{other} has no effect with {argument}; see --help").into());
                }
            }
            "--decals" => decals = true,
            "--send-lost-again" => send_lost_again = true,
            "--accept-journal" => accept_journal = true,
            "--group" if group.is_some() => return Err("--group is given twice; see --help".into()),
            "--group" => group = Some(id(&value()?)?),
            "--adopt" => adopted.push((value()?, id(&value()?)?)),
            "--send-again" => again.push(value()?),
            _ if argument.starts_with("--") || dir.is_some() => {
                return Err(format!("unexpected argument {argument:?}; see --help").into());
            }
            _ => dir = Some(PathBuf::from(argument)),
        }
    }
    let mode = mode.as_deref();
    if mode == Some("--prune") && (send_lost_again || !adopted.is_empty() || !again.is_empty()) {
        return Err("--adopt, --send-again and --send-lost-again have no effect with --prune; see --help".into());
    }
    let dir = dir.ok_or("no folder is given; see --help")?;
    let setup = common::setup()?;
    let place = if setup.sandbox.is_some() { dir.join(".sandbox") } else { dir.clone() };
    if let Some(sandbox) = &setup.sandbox {
        let lock = place.join("assets.lock");
        if mode.is_some() {
            set_service(&lock, sandbox.url())?;
        } else {
            // This sandbox is new and has none of the assets of an earlier run.
            let _ = fs::remove_file(place.join("assets.luau"));
            let _ = fs::remove_file(place.join("assets.lock.journal"));
            let _ = fs::remove_file(lock);
        }
    }
    let owner = match group {
        Some(id) => PublishOwner::from(&setup.user.client().group(id)),
        None => PublishOwner::from(&setup.user),
    };
    let lock = place.join("assets.lock");
    let mut publisher = Publisher::new(owner).lock_file(lock).folder(&dir).luau(place.join("assets.luau"));
    publisher = if decals { publisher.images_as(AssetType::Decal) } else { publisher };
    publisher = adopted.into_iter().fold(publisher, |publisher, (file, id)| publisher.adopt(file, id));
    publisher = again.into_iter().fold(publisher, Publisher::send_again);
    publisher = publisher.send_lost_again(send_lost_again).accept_journal(accept_journal);
    match mode {
        Some("--prune") => {
            let forgotten = publisher.prune()?;
            forgotten.iter().for_each(|name| println!("{name}: forgotten"));
            println!("{} forgotten", forgotten.len());
        }
        Some("--check") => {
            publisher.check()?;
            println!("everything is published");
        }
        Some(_) => print_plan(&publisher.plan()?),
        None => return publish(publisher),
    }
    Ok(ExitCode::SUCCESS)
}

/// Publishes, and shows how far it is.
fn publish(publisher: Publisher) -> common::Result<ExitCode> {
    // Ctrl-C ends the run after the uploads that are being sent.
    let stop = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&stop);
    ctrlc::set_handler(move || pressed.store(true, Ordering::Relaxed))?;
    let progress = Arc::new(Progress::new()?);
    let shown = Arc::clone(&progress);
    let publisher = publisher.on_event(move |event| shown.show(event));
    let report = publisher.stop_when(move || stop.load(Ordering::Relaxed)).run()?;
    progress.end();
    match report.problems.len().saturating_sub(SHOWN) {
        0 => {}
        more => eprintln!("and {more} more problems"),
    }
    report.notes.iter().for_each(|note| println!("{note}"));
    println!("{report}");
    Ok(ExitCode::from(report.exit_code()))
}

/// Prints the files first and the counts last, where people look.
fn print_plan(plan: &Plan) {
    plan.changes().for_each(|file| println!("{}: {}", file.path, file.action));
    plan.stale_modules.iter().for_each(|path| println!("{}: write", path.display()));
    plan.problems.iter().for_each(|problem| println!("{problem}"));
    plan.notes.iter().for_each(|note| println!("{note}"));

    let mut types: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    plan.files.iter().for_each(|file| types.entry(file.asset_type.as_str()).or_default().1 += 1);
    plan.uploads().for_each(|file| types.entry(file.asset_type.as_str()).or_default().0 += 1);
    types.retain(|_, (uploads, _)| *uploads > 0);
    for (asset_type, (uploads, files)) in types {
        println!("{asset_type:<12} {} {uploads:>5} of {files:>5} files to upload", bar(uploads, files));
    }
    for PlannedQuota { asset_type, uploads, left, .. } in &plan.quotas {
        let shown = if uploads > left { ": too few" } else { "" };
        println!(
            "{:<12} {} {uploads:>5} of {left:>5} uploads that are left{shown}",
            asset_type.as_str(),
            bar(*uploads, *left)
        );
    }
    println!("{plan}");
}

/// How many problems are printed.
const SHOWN: usize = 20;

/// How far the run is: a bar on a terminal, a line every ten seconds elsewhere.
struct Progress {
    bar: ProgressBar,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    uploads: usize,
    published: usize,
    problems: usize,
    /// How long all uploads take at least.
    shortest_time: Duration,
    has_ended: bool,
}

impl Progress {
    fn new() -> common::Result<Self> {
        let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}")?);
        Ok(Self { bar, state: Mutex::default(), ended: Condvar::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(self: &Arc<Self>, event: &PublishEvent<'_>) {
        match event {
            PublishEvent::Begun { uploads, shortest_time, .. } => {
                self.bar.set_length(*uploads as u64);
                let mut state = self.state();
                (state.uploads, state.shortest_time) = (*uploads, *shortest_time);
                drop(state);
                if self.bar.is_hidden() && *uploads > 0 {
                    let progress = Arc::clone(self);
                    thread::spawn(move || progress.print_lines());
                }
            }
            PublishEvent::Progress { path, .. } | PublishEvent::Resolving { path } => {
                self.bar.set_message((*path).to_owned());
            }
            PublishEvent::Published { .. } => {
                self.bar.inc(1);
                self.state().published += 1;
            }
            PublishEvent::Problem { path, message } => {
                let mut state = self.state();
                state.problems += 1;
                if state.problems <= SHOWN {
                    self.bar.suspend(|| eprintln!("{path}: {message}"));
                }
            }
            _ => {}
        }
    }

    fn print_lines(&self) {
        let mut state = self.state();
        loop {
            let waited = self.ended.wait_timeout_while(state, INTERVAL, |state| !state.has_ended);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.has_ended {
                return;
            }
            let State { uploads, published, shortest_time, .. } = *state;
            let left = shortest_time.mul_f64(uploads.saturating_sub(published) as f64 / uploads as f64);
            eprintln!("{published} of {uploads} published, at least {} min left", left.as_secs().div_ceil(60));
        }
    }

    fn end(&self) {
        self.state().has_ended = true;
        self.ended.notify_all();
        self.bar.finish_and_clear();
    }
}

/// Sets the service that a lock file names to this sandbox. That of the earlier run had another port.
fn set_service(lock: &Path, url: &str) -> common::Result<()> {
    let text = match fs::read_to_string(lock) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    let lines = text.lines().map(|line| match line.strip_prefix("owner ").and_then(|owner| owner.split_once(" at ")) {
        Some((owner, _)) => format!("owner {owner} at {url}\n"),
        None => format!("{line}\n"),
    });
    fs::write(lock, lines.collect::<String>())?;
    Ok(())
}
