//! Writes a lock file with the assets that Asphalt or Tarmac has published: `cargo run -- --user ID DIR LOCK_FILE`

mod formats;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use formats::Entry;
use rblxopencloud::publish::{PublishOwner, Publisher};
use rblxopencloud::{Client, Credentials};

const USAGE: &str = "\
Usage: import-lock-example (--user ID | --group ID) [--decals] DIR LOCK_FILE

Writes DIR/assets.lock with the assets that Asphalt (asphalt.lock.toml) or Tarmac (tarmac-manifest.toml) has published for the
files in DIR, so that they aren't uploaded again. Sends nothing. With --decals, images are decals, as in a publisher with
images_as(AssetType::Decal).";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<()> {
    let client = Client::new(Credentials::none());
    let (mut owner, mut decals, mut paths) = (None, false, Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut id = || -> Result<u64> {
            let text = arguments.next().ok_or(format!("{argument} needs an id; see --help"))?;
            text.parse().map_err(|_| format!("{text:?} is not an id; expected a number such as 156").into())
        };
        match argument.as_str() {
            "--user" => owner = Some(PublishOwner::from(&client.user(id()?))),
            "--group" => owner = Some(PublishOwner::from(&client.group(id()?))),
            "--decals" => decals = true,
            _ if argument.starts_with("--") => {
                return Err(format!("unexpected argument {argument:?}; see --help").into());
            }
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    let owner = owner.ok_or("no owner is given: add --user ID or --group ID; see --help")?;
    let [folder, lock_file] = paths.as_slice() else {
        return Err("expected a folder and a lock file; see --help".into());
    };
    let text = fs::read_to_string(lock_file).map_err(|error| format!("{lock_file:?}: {error}"))?;
    let entries = formats::parse(&text).map_err(|error| format!("{lock_file:?}: {}", one_line(&error.to_string())))?;

    let mut publisher = Publisher::new(owner).lock_file(folder.join("assets.lock")).folder(folder);
    if decals {
        publisher = publisher.images_as(rblxopencloud::AssetType::Decal);
    }
    let report = publisher.published()?;
    let known: BTreeSet<&str> = report.files.iter().map(|file| file.path.as_str()).collect();
    let new = report.unpublished.iter().filter(|path| !known.contains(path.as_str()));
    let (adopted, left) = compare(folder, new, &entries)?;
    let publisher = adopted.iter().fold(publisher, |publisher, (path, id)| publisher.adopt(*path, *id));
    let report = publisher.write_adopted()?;
    left.iter().chain(&report.notes).for_each(|line| println!("{}", one_line(line)));
    report.problems.iter().for_each(|problem| println!("{problem}"));
    println!("{} taken over, {} known before, {} left", adopted.len(), known.len(), report.unpublished.len());
    Ok(())
}

/// Returns which files get which ids, and what is left.
fn compare<'a>(
    folder: &Path,
    files: impl Iterator<Item = &'a String>,
    entries: &[Entry],
) -> Result<(Vec<(&'a str, u64)>, Vec<String>)> {
    let mut of_hash: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    entries.iter().for_each(|entry| of_hash.entry(entry.hash.as_str()).or_default().push(entry));
    let (mut adopted, mut left, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for path in files {
        let content = fs::read(folder.join(path)).map_err(|error| format!("{path:?}: {error}"))?;
        let hash = blake3::hash(&content).to_hex();
        let Some(same) = of_hash.get(hash.as_str()) else {
            let name = |entry: &&Entry| entry.path.as_ref().is_some_and(|known| is_same_file(known, path));
            left.push(match entries.iter().find(name) {
                Some(entry) => format!("{path}: left, because it has changed since it became asset {}", entry.id),
                None => format!("{path}: left, because its content was not published"),
            });
            continue;
        };
        // One content has one asset here, also where the tool has one for each path.
        let of_path = || same.iter().find(|entry| entry.path.as_ref().is_some_and(|known| is_same_file(known, path)));
        let entry = *seen.entry(hash.to_string()).or_insert_with(|| *of_path().unwrap_or(&same[0]));
        let others: BTreeSet<u64> = same.iter().map(|other| other.id).filter(|id| *id != entry.id).collect();
        if entry.is_part {
            left.push(format!("{path}: left, because it is a part of the sprite sheet {}", entry.id));
            continue;
        }
        if !others.is_empty() {
            left.push(format!("{path}: asset {} is taken over; its content has also become {others:?}", entry.id));
        }
        adopted.push((path.as_str(), entry.id));
    }
    for entry in entries.iter().filter(|entry| !seen.contains_key(&entry.hash)) {
        let name = entry.path.as_deref().unwrap_or(&entry.hash);
        left.push(format!("asset {}: left, because no file has the content of {name}", entry.id));
    }
    Ok((adopted, left))
}

/// Whether a path of the tool, which begins in the project, is that of a file in the folder.
fn is_same_file(known: &str, path: &str) -> bool {
    let known = known.replace('\\', "/");
    known.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Escapes control characters, because names come from others and must not act on the terminal.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
