//! A small build step: uploads what is new or changed in a folder, and writes a Luau module of the ids.
//!
//! `cargo run --example publish_assets -- DIR [--decals]`
//!
//! What is known of each file is in `DIR/publish.lock.json`, written anew at each step, so that a run which is stopped at
//! any moment loses nothing, and the next uploads nothing twice; one at a time. The ids are in `DIR/assets.luau`.

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressStyle};
use rblxopencloud::{AssetType, AssetUpload, OperationName};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const VERSION: u64 = 1;

#[derive(Clone, Serialize, Deserialize)]
struct Lock {
    version: u64,
    /// Whose assets the ids are.
    publisher: String,
    files: BTreeMap<String, Entry>,
}

/// What is known of a file, by its name.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Entry {
    /// The asset that was published last, and the hash of the file that it was made of.
    published: Option<(u64, String)>,
    /// An upload that isn't known to have ended: its operation, if the service is known to have it, and the file's hash.
    begun: Option<(Option<OperationName>, String)>,
}

/// The lock and its file. Whatever is noted is on disk before anything else happens.
struct Book(PathBuf, Mutex<Lock>);

impl Book {
    fn open(path: PathBuf, publisher: String) -> common::Result<Self> {
        let shown = path.display().to_string();
        let broken = |error| format!("{shown} is broken ({error}); restore it, or all it names is uploaded again");
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self(path, Mutex::new(Lock { version: VERSION, publisher, files: BTreeMap::new() })));
            }
            text => text.map_err(|error| format!("{shown}: {error}"))?,
        };
        let json: serde_json::Value = serde_json::from_slice(&text).map_err(broken)?;
        if json["version"].as_u64().is_some_and(|version| version > VERSION) {
            return Err(format!("{shown} was written by a newer version of this program").into());
        }
        let lock: Lock = serde_json::from_value(json).map_err(broken)?;
        if lock.publisher != publisher {
            return Err(format!("{shown} tells what {} published, not {publisher}", lock.publisher).into());
        }
        Ok(Self(path, Mutex::new(lock)))
    }

    fn entry(&self, name: &str) -> Entry {
        self.1.lock().expect("no panic under it").files.get(name).cloned().unwrap_or_default()
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut Entry)) -> io::Result<()> {
        let mut lock = self.1.lock().expect("no panic under it");
        let mut changed = lock.clone();
        change(changed.files.entry(name.to_owned()).or_default());
        write_whole(&self.0, &serde_json::to_vec_pretty(&changed)?).map(|()| *lock = changed)
    }

    /// Writes down how an upload ended. What may still end well, or have ended unseen, stays begun.
    fn settle(&self, name: &str, hash: &str, result: rblxopencloud::Result<u64>) -> Result<(), String> {
        let is_over = match (&result, self.entry(name).begun) {
            (Ok(_), _) => true,
            (Err(error), Some((None, _))) => !error.outcome_unknown(),
            (Err(error), _) => error.is_operation_failure(),
        };
        let published = result.as_ref().ok().map(|id| (*id, hash.to_owned()));
        let noted = self.note(name, |entry| {
            entry.begun = entry.begun.take().filter(|_| !is_over);
            entry.published = published.or(entry.published.take());
        });
        noted.map_err(|error| format!("{name}: {result:?}, but that is not on record: {error}"))?;
        result.map(drop).map_err(|error| format!("{name}: {error}"))
    }
}

/// Either the old content is there or the new one, whatever happens in between.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    let written = File::create(&beside).and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    let written = written.and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// A file to upload, and a hash of its content and of what is made of it. It is opened before it is hashed: what changes
/// after this moment is not sent.
fn open(path: &Path, decals: bool) -> common::Result<(String, AssetUpload)> {
    let mut upload = AssetUpload::from_path(path)?;
    if decals && *upload.declared_type() == AssetType::Image {
        upload = upload.asset_type(AssetType::Decal);
    }
    let mut hasher = Sha256::new_with_prefix(upload.declared_type().as_str());
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), upload))
}

fn main() -> ExitCode {
    common::run(
        "Usage: publish_assets DIR [--decals]\n\nUploads new and changed files, and writes a Luau module of the ids.",
        run,
    )
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let (flags, names): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|argument| argument.starts_with("--"));
    let dir = PathBuf::from(names.first().ok_or("usage: publish_assets DIR [--decals]")?);
    let decals = flags.iter().any(|flag| flag == "--decals");
    let setup = common::setup()?;
    let book = Arc::new(Book::open(dir.join("publish.lock.json"), setup.publisher())?);
    let mut problems: Vec<String> = Vec::new();

    // What is there, and which of it is new or changed.
    let entries = fs::read_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let (mut keys, mut changed) = (BTreeMap::new(), Vec::new());
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || [".lock.json", ".luau", ".tmp"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let opened = open(&path, decals).map_err(|error| problems.push(format!("{name}: {error}")));
        let Ok((hash, upload)) = opened else { continue };
        let key = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(other) = keys.insert(key.clone(), name.clone()) {
            return Err(format!("{other} and {name} would both be {key:?} in the module; rename one").into());
        }
        if let Some((Some(operation), old)) = book.entry(&name).begun {
            println!("{name}: going on with {operation}");
            let result = setup.user.client().operation(operation).wait();
            problems.extend(book.settle(&name, &old, result.map(|asset| asset.id)).err());
        }
        match book.entry(&name) {
            Entry { begun: Some(_), .. } => problems.push(format!(
                "{name}: its upload was cut off, and may have arrived; look for it on the Creator Hub, then take its \
                 \"begun\" out of {}",
                book.0.display()
            )),
            Entry { published: Some((_, old)), .. } if old == hash => {}
            _ => changed.push((name, hash, upload)),
        }
    }

    // Upload it.
    let bar = ProgressBar::new(changed.iter().map(|(.., upload)| upload.file().len()).sum());
    bar.set_style(ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {wide_msg}")?);
    let files: Vec<(String, String)> = changed.iter().map(|(name, hash, _)| (name.clone(), hash.clone())).collect();
    let (sent_book, sent_bar) = (Arc::clone(&book), bar.clone());
    let uploads = changed.into_iter().map_while(move |(name, hash, upload)| {
        // This runs when its turn has come. What can't be written down isn't sent.
        let noted = sent_book.note(&name, |entry| entry.begun = Some((None, hash)));
        noted.map_err(|error| sent_bar.println(format!("{name} and what follows is not sent: {error}"))).ok()?;
        let (bar, mut before) = (sent_bar.clone(), 0);
        Some(upload.on_progress(move |progress| {
            bar.inc(progress.sent.saturating_sub(std::mem::replace(&mut before, progress.sent)));
        }))
    });
    let (started_book, started_files) = (Arc::clone(&book), files.clone());
    let uploads = setup.user.upload_assets(uploads).on_accepted(move |which, operation| {
        let (name, hash) = started_files[which].clone();
        let pending = Some((Some(operation.clone()), hash));
        if let Err(error) = started_book.note(&name, |entry| entry.begun = pending) {
            eprintln!("{name} is {operation}, but that is not on record: {error}");
        }
    });
    let (mut published, mut unsent) = (0, files.len());
    for outcome in uploads {
        let (name, hash) = &files[outcome.index];
        bar.set_message(name.clone());
        (published, unsent) = (published + usize::from(outcome.result.is_ok()), unsent - 1);
        problems.extend(book.settle(name, hash, outcome.result.map(|asset| asset.id)).err());
    }
    bar.finish_and_clear();
    problems.extend((unsent > 0).then(|| format!("{unsent} files were not sent")));

    // Tell the game.
    let mut module = String::from("-- Written by publish_assets.\n");
    if decals {
        module += "-- Ids of decals. Textures want ids of images, which are uploaded without --decals.\n";
    }
    module += "return {\n";
    for (key, name) in &keys {
        if let Some((id, _)) = book.entry(name).published {
            module.push_str(&format!("\t[{key:?}] = \"rbxassetid://{id}\",\n"));
        }
    }
    write_whole(&dir.join("assets.luau"), (module + "}\n").as_bytes())?;
    println!("{published} published, {} unchanged, {} problems", keys.len() - files.len(), problems.len());
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    if problems.is_empty() { Ok(()) } else { Err(format!("{} files were not published", problems.len()).into()) }
}
