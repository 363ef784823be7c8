//! Backs up a data store, and restores it: `cargo run --example back_up_data -- Players players.jsonl.gz`

mod common;

use std::process::ExitCode;

use rblxopencloud::data::{Bulk, Overwrite};

const USAGE: &str = "\
Usage: back_up_data STORE FILE [--scope SCOPE | --all-scopes] [--prefix TEXT]
       back_up_data --restore FILE --into STORE [--overwrite older|never|always] [--from-experience ID] [--dry-run]

Writes the entries of a data store to a file of JSON Lines, or writes those of such a file to a data store. A file whose name
ends in .gz is compressed. After Ctrl-C or a crash, the same command goes on where it was.

  --scope SCOPE            backs up the entries of this scope; of global without it
  --all-scopes             backs up the entries of all scopes
  --prefix TEXT            backs up the entries whose keys begin with this text
  --restore FILE           restores this file
  --into STORE             the data store that is restored
  --overwrite RULE         which entries are overwritten: those that are older than the ones of the file, which is the
                           default, none (never), or all (always)
  --from-experience ID     restores a file of another experience
  --dry-run                counts what would be restored, and writes nothing
  --requests-per-minute N  how many requests of each kind are sent in a minute; 100 without it. An experience without players
                           can make 300, which its game servers need too.

If ROBLOX_API_KEY is set, --restore writes to the real store.";

/// What the arguments say.
#[derive(Default)]
struct Job {
    /// The arguments that aren't options: the store and the file of a back-up.
    names: Vec<String>,
    restore: Option<String>,
    into: Option<String>,
    scope: Option<String>,
    bulk: Bulk,
}

fn main() -> ExitCode {
    common::run_for_experience(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let Job { names, restore, into, scope, bulk } = parse(arguments)?;
    let (store, file, restores) = match (names.as_slice(), restore, into) {
        ([store, file], None, None) => (store.clone(), file.clone(), false),
        ([], Some(file), Some(store)) if scope.is_none() => (store, file, true),
        _ => return Err("expected STORE FILE, or --restore FILE --into STORE; see --help".into()),
    };
    let setup = common::setup_experience()?;
    if let Some(sandbox) = &setup.sandbox {
        common::bulk::add_players(sandbox, &store)?;
    }
    let store = setup.experience.data_store(store).with_scope(scope.unwrap_or_else(|| "global".to_owned()));
    let bulk = common::bulk::attended(bulk)?;
    let report = if restores { store.restore_with(file, bulk)? } else { store.back_up_with(file, bulk)? };
    common::bulk::print(&report);
    Ok(())
}

fn parse(arguments: Vec<String>) -> common::Result<Job> {
    let (mut job, mut arguments) = (Job::default(), arguments.into_iter());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value; see --help"));
        let bulk = job.bulk.clone();
        match argument.as_str() {
            "--restore" => job.restore = Some(value()?),
            "--into" => job.into = Some(value()?),
            "--scope" => job.scope = Some(value()?),
            "--all-scopes" => job.bulk = bulk.all_scopes(true),
            "--prefix" => job.bulk = bulk.prefix(value()?),
            "--dry-run" => job.bulk = bulk.dry_run(true),
            "--overwrite" => job.bulk = bulk.overwrite(rule(&value()?)?),
            "--from-experience" => job.bulk = bulk.from_experience(common::number(&value()?)?),
            "--requests-per-minute" => job.bulk = bulk.requests_per_minute(common::number(&value()?)?),
            _ if !argument.starts_with('-') => job.names.push(argument),
            _ => return Err(format!("unexpected argument {argument:?}; see --help").into()),
        }
    }
    Ok(job)
}

fn rule(text: &str) -> common::Result<Overwrite> {
    match text {
        "older" => Ok(Overwrite::Older),
        "never" => Ok(Overwrite::Never),
        "always" => Ok(Overwrite::Always),
        _ => Err(format!("{text:?} is neither older nor never nor always").into()),
    }
}
