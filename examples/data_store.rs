//! Shows and changes the entries of a data store: `cargo run --example data_store -- get Players user_156`

mod common;

use std::process::ExitCode;

use rblxopencloud::data::{Change, DataStore, DataStoreEntry, EntryMetadata};
use serde_json::value::RawValue;

const USAGE: &str = "\
Usage: data_store list STORE [--prefix PREFIX] [--deleted]
       data_store get STORE KEY [--revision ID | --as-of TIME]
       data_store set STORE KEY JSON [--user ID]...
       data_store delete STORE KEY
       data_store undelete STORE KEY
       data_store history STORE KEY

Shows the keys of a data store, an entry as it is or was, or the revisions of an entry, the newest first. `set` creates an entry or
replaces its value, prints the value before it, and keeps the users and the attributes.

  --scope SCOPE    the scope of the entries; global without it
  --prefix PREFIX  only keys that begin with it
  --deleted        also keys that were deleted in the last 30 days
  --revision ID    the entry as it was in this revision
  --as-of TIME     the entry as it was at this time, such as 2024-02-29T12:00:00Z
  --user ID        a user whom the entry is about, in place of those that it has; can be given several times

If ROBLOX_API_KEY is set, `set`, `delete` and `undelete` change the real store.";

/// What the sandbox has.
const SAMPLE: &str = r#"{"id":"user_156","value":{"coins":1500,"pets":["cat","dog"]},"users":["users/156"],"attributes":{"level":3}}
{"id":"user_1007","value":{"coins":700,"pets":[]},"users":["users/1007"]}"#;

/// The commands, and how many words follow the name of the store.
const COMMANDS: &[(&str, usize)] =
    &[("list", 0), ("get", 1), ("set", 2), ("delete", 1), ("undelete", 1), ("history", 1)];

/// A value as its text, which has all digits and the order of the keys.
type Text = Box<RawValue>;

#[derive(Default)]
struct Options {
    scope: Option<String>,
    prefix: String,
    deleted: bool,
    revision: Option<String>,
    as_of: Option<String>,
    users: Vec<u64>,
}

fn main() -> ExitCode {
    common::run_for_experience(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let (words, options) = parse(arguments)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (command, name, words) = match words.as_slice() {
        [command, name, words @ ..] if COMMANDS.contains(&(*command, words.len())) => (*command, *name, words),
        _ => return Err("unknown arguments; see --help".into()),
    };
    let setup = common::setup_experience()?;
    if let Some(sandbox) = &setup.sandbox {
        sandbox.load_entries(13058, "Players", SAMPLE)?;
    }
    let store = setup.experience.data_store(name);
    let store = options.scope.as_ref().map_or(store.clone(), |scope| store.with_scope(scope));
    match (command, words) {
        ("get", [key]) => get(&store, key, &options)?,
        ("set", [key, json]) => set(&store, key, json, &options)?,
        ("delete", [key]) => {
            store.delete(key)?;
            println!("deleted {key}; it can be brought back for 30 days");
        }
        ("undelete", [key]) => println!("brought back {key} as revision {}", store.undelete(key)?.id),
        ("history", [key]) => history(&store, key)?,
        _ => list(&store, &options)?,
    }
    Ok(())
}

fn list(store: &DataStore, options: &Options) -> common::Result<()> {
    let mut count = 0;
    for entry in store.list_entries().prefix(&options.prefix).deleted(options.deleted) {
        println!("{}", entry?.id);
        count += 1;
    }
    eprintln!("{count} keys");
    Ok(())
}

fn get(store: &DataStore, key: &str, options: &Options) -> common::Result<()> {
    let entry = match (&options.revision, &options.as_of) {
        (Some(revision), None) => store.fetch_revision::<Text>(key, revision)?,
        (None, Some(time)) => {
            let time = time.parse().map_err(|_| format!("{time:?} isn't a time; see --help"))?;
            store.fetch_as_of::<Text>(key, time)?
        }
        (None, None) => store.fetch::<Text>(key)?,
        _ => return Err("--revision and --as-of exclude each other; see --help".into()),
    };
    let entry = entry.ok_or_else(|| format!("there is no entry {key:?}"))?;
    println!("{}", entry.value);
    // The standard output has only the value.
    eprintln!("{}", about(&entry));
    Ok(())
}

/// Tells all of an entry but its value.
fn about(entry: &DataStoreEntry<Text>) -> String {
    let users: Vec<String> = entry.user_ids().iter().map(u64::to_string).collect();
    let users = if users.is_empty() { "nobody".to_owned() } else { users.join(", ") };
    let written = entry.revision_created_at.map(|time| time.to_string()).unwrap_or_default();
    let attributes = serde_json::Value::from(entry.attributes.clone());
    let revision = entry.revision.as_deref().unwrap_or_default();
    format!("about {users}; attributes {attributes}; revision {revision} of {written}")
}

fn set(store: &DataStore, key: &str, json: &str, options: &Options) -> common::Result<()> {
    let value = RawValue::from_string(json.to_owned()).map_err(|error| format!("{json:?} isn't JSON: {error}"))?;
    let mut metadata = EntryMetadata::new();
    if !options.users.is_empty() {
        metadata = metadata.users(options.users.iter().copied());
    }
    // The service keeps no value that is overwritten in the hour in which it was written. Here it can be read.
    let mut before = None;
    let entry = store.update_with(key, metadata, |old: Option<Text>| {
        before = old;
        Ok(Change::Set(value.clone()))
    })?;
    match before {
        Some(before) => println!("was {before}"),
        None => println!("was not there"),
    }
    if let Some(entry) = entry {
        println!("now {}", entry.value);
        eprintln!("{}", about(&entry));
    }
    Ok(())
}

fn history(store: &DataStore, key: &str) -> common::Result<()> {
    let mut count = 0;
    for revision in store.list_revisions(key) {
        let revision = revision?;
        let time = revision.created_at.map(|time| time.to_string()).unwrap_or_default();
        // A revision that marks a deletion has no value.
        let value = match store.fetch_revision::<Text>(key, &revision.id)? {
            Some(entry) => entry.value.to_string(),
            None => "deleted".to_owned(),
        };
        println!("{time}  {}  {value}", revision.id);
        count += 1;
    }
    match count {
        0 => Err(format!("{key:?} has no revisions").into()),
        _ => Ok(()),
    }
}

fn parse(arguments: Vec<String>) -> common::Result<(Vec<String>, Options)> {
    let (mut words, mut options, mut arguments) = (Vec::new(), Options::default(), arguments.into_iter());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value; see --help"));
        match argument.as_str() {
            "--scope" => options.scope = Some(value()?),
            "--prefix" => options.prefix = value()?,
            "--deleted" => options.deleted = true,
            "--revision" => options.revision = Some(value()?),
            "--as-of" => options.as_of = Some(value()?),
            "--user" => {
                let id = value()?;
                options.users.push(id.parse().map_err(|_| format!("{id:?} isn't the id of a user"))?);
            }
            // A negative number is a value.
            _ if argument.starts_with("--") => {
                return Err(format!("unexpected argument {argument:?}; see --help").into());
            }
            _ => words.push(argument),
        }
    }
    let takes = |name: &str, is_given: bool, commands: &[&str]| match words.first() {
        Some(command) if is_given && !commands.contains(&command.as_str()) => {
            Err(format!("{command} doesn't take {name}; see --help"))
        }
        _ => Ok(()),
    };
    takes("--prefix", !options.prefix.is_empty(), &["list"])?;
    takes("--deleted", options.deleted, &["list"])?;
    takes("--revision", options.revision.is_some(), &["get"])?;
    takes("--as-of", options.as_of.is_some(), &["get"])?;
    takes("--user", !options.users.is_empty(), &["set"])?;
    Ok((words, options))
}
