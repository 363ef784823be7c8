//! Changes all entries of a data store, as a migration does:
//! `cargo run --example edit_all -- Players gold.journal --rename coins gold --dry-run`

mod common;

use std::path::Path;
use std::process::ExitCode;

use rblxopencloud::data::{Bulk, Change, DataStoreEntry};
use serde_json::{Map, Value};

const USAGE: &str = "\
Usage: edit_all STORE JOURNAL [--rename OLD NEW | --add FIELD JSON | --increment FIELD AMOUNT]... [OPTION...]

Changes the fields of all values of a data store that are JSON objects. What isn't changed stays as it is, and so do users and
attributes. Each entry is changed once: after Ctrl-C or a crash, the same command goes on where it was, which JOURNAL tells.
Each migration needs a journal of its own.

  --rename OLD NEW         renames a field, unless the entry has one of the new name
  --add FIELD JSON         adds a field with this value, unless the entry has it
  --increment FIELD AMOUNT  adds to a field that is a whole number
  --dry-run                prints what would change, and writes nothing
  --scope SCOPE            changes the entries of this scope; of global without it
  --all-scopes             changes the entries of all scopes
  --prefix TEXT            changes the entries whose keys begin with this text
  --requests-per-minute N  how many requests of each kind are sent in a minute; 100 without it. An experience without players
                           can make 300, which its game servers need too.

If ROBLOX_API_KEY is set, the real store is changed. Make a back-up before: see the example back_up_data.";

/// A step of the migration.
enum Step {
    Rename(String, String),
    Add(String, Value),
    Increment(String, i64),
}

/// What the arguments say.
#[derive(Default)]
struct Job {
    names: Vec<String>,
    steps: Vec<Step>,
    scope: Option<String>,
    dry_run: bool,
    bulk: Bulk,
}

fn main() -> ExitCode {
    common::run_for_experience(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let Job { names, steps, scope, dry_run, bulk } = parse(arguments)?;
    let [store, journal] = names.as_slice() else { return Err("expected STORE JOURNAL; see --help".into()) };
    if steps.is_empty() {
        return Err("expected --rename, --add or --increment; see --help".into());
    }
    if !dry_run && Path::new(journal).exists() {
        eprintln!("going on with {journal}");
    }
    let setup = common::setup_experience()?;
    if let Some(sandbox) = &setup.sandbox {
        common::bulk::add_players(sandbox, store)?;
    }
    let store = setup.experience.data_store(store).with_scope(scope.unwrap_or_else(|| "global".to_owned()));
    let edit = |mut entry: DataStoreEntry<Map<String, Value>>| {
        let changes: Vec<String> = steps.iter().filter_map(|step| step.make(&mut entry.value)).collect();
        if changes.is_empty() {
            return Ok(Change::Keep);
        }
        if dry_run {
            println!("{}: {}", entry.id, changes.join(", "));
        }
        Ok(Change::Set(entry.value))
    };
    let report = store.for_each_with(journal, common::bulk::attended(bulk.dry_run(dry_run))?, edit)?;
    common::bulk::print(&report);
    Ok(())
}

impl Step {
    /// Changes a value. Returns what it has changed.
    fn make(&self, value: &mut Map<String, Value>) -> Option<String> {
        match self {
            Self::Rename(old, new) if !value.contains_key(new) => {
                let field = value.remove(old)?;
                value.insert(new.clone(), field);
                Some(format!("rename {old} to {new}"))
            }
            Self::Add(field, new) if !value.contains_key(field) => {
                value.insert(field.clone(), new.clone());
                Some(format!("add {field} = {new}"))
            }
            Self::Increment(field, amount) => {
                let number = value.get(field)?.as_i64()?;
                let sum = number.checked_add(*amount)?;
                value.insert(field.clone(), sum.into());
                Some(format!("{field}: {number} to {sum}"))
            }
            Self::Rename(..) | Self::Add(..) => None,
        }
    }
}

fn parse(arguments: Vec<String>) -> common::Result<Job> {
    let (mut job, mut arguments) = (Job::default(), arguments.into_iter());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value; see --help"));
        let json = |text: String| serde_json::from_str(&text).map_err(|error| format!("{text:?} isn't JSON: {error}"));
        let bulk = job.bulk.clone();
        match argument.as_str() {
            "--rename" => job.steps.push(Step::Rename(value()?, value()?)),
            "--add" => job.steps.push(Step::Add(value()?, json(value()?)?)),
            "--increment" => job.steps.push(Step::Increment(value()?, common::number(&value()?)?)),
            "--dry-run" => job.dry_run = true,
            "--scope" => job.scope = Some(value()?),
            "--all-scopes" => job.bulk = bulk.all_scopes(true),
            "--prefix" => job.bulk = bulk.prefix(value()?),
            "--requests-per-minute" => job.bulk = bulk.requests_per_minute(common::number(&value()?)?),
            _ if !argument.starts_with('-') => job.names.push(argument),
            _ => return Err(format!("unexpected argument {argument:?}; see --help").into()),
        }
    }
    Ok(job)
}
