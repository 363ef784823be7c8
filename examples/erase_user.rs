//! Erases what is stored of a user: `cargo run --example erase_user -- --experience 13058 --user 156 --key 'user_{id}' --dry-run`

mod common;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common::erasing::{self, What};
use rblxopencloud::CancelToken;
use rblxopencloud::data::ErasureReport;

const USAGE: &str = "\
Usage: erase_user --experience ID --user ID --key TEMPLATE [options] [--dry-run] [--report FILE]

Deletes the entries of a user from all data stores of an experience, as the right to erasure requires, and prints what became of
each. The run can be repeated. Revisions of deleted entries can be read for 30 more days.

  --experience ID       the universe id of the experience
  --user ID             the id of the user
";
const MORE: &str = "
  --dry-run             deletes nothing, and prints what is there
  --report FILE         writes the report to a new file too, as JSON

If ROBLOX_API_KEY is set, it deletes entries of the real experience.";

struct Job {
    experience: u64,
    user: u64,
    what: What,
    is_dry_run: bool,
    report: Option<PathBuf>,
}

fn main() -> ExitCode {
    common::run_for_client(&format!("{USAGE}{}{MORE}", erasing::OPTIONS), run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let job = parse(arguments)?;
    // The report of an earlier run says more than that of its repetition.
    if let Some(path) = job.report.as_deref().filter(|path| path.exists()) {
        return Err(format!("{} exists; name another file for the report", path.display()).into());
    }
    let (client, sandbox) = common::client()?;
    if let Some(sandbox) = &sandbox {
        erasing::fill(sandbox)?;
    }
    let cancel = CancelToken::new();
    let token = cancel.clone();
    ctrlc::set_handler(move || token.cancel())?;
    let erasure = job.what.set(client.experience(job.experience).erase_user(job.user)).dry_run(job.is_dry_run);
    let report = erasure.cancel_by(&cancel).on_progress(|progress| eprintln!("{progress}")).run()?;
    println!("{report}");
    if let Some(path) = &job.report {
        write(path, &report).map_err(|error| format!("{} can't be written: {error}", path.display()))?;
    }
    match report.is_complete() || report.is_dry_run {
        true => Ok(()),
        false => Err("not everything is erased; repeat the run".into()),
    }
}

fn write(path: &Path, report: &ErasureReport) -> common::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(serde_json::to_string_pretty(report)?.as_bytes())?;
    file.write_all(b"\n")?;
    Ok(file.sync_all()?)
}

fn parse(arguments: Vec<String>) -> common::Result<Job> {
    let (mut experience, mut user, mut report) = (None, None, None);
    let (mut what, mut is_dry_run, mut arguments) = (What::default(), false, arguments.into_iter());
    while let Some(option) = arguments.next() {
        if what.read(&option, &mut arguments)? {
            continue;
        }
        let mut value = || arguments.next().ok_or_else(|| format!("{option} needs a value; see --help"));
        let id = |text: String| text.parse::<u64>().map_err(|_| format!("{text:?} isn't an id"));
        match option.as_str() {
            "--experience" => experience = Some(id(value()?)?),
            "--user" => user = Some(id(value()?)?),
            "--report" => report = Some(PathBuf::from(value()?)),
            "--dry-run" => is_dry_run = true,
            _ => return Err(format!("unexpected argument {option:?}; see --help").into()),
        }
    }
    let missing = |option: &str| format!("expected {option}; see --help");
    Ok(Job {
        experience: experience.ok_or_else(|| missing("--experience"))?,
        user: user.ok_or_else(|| missing("--user"))?,
        what,
        is_dry_run,
        report,
    })
}
