//! The files to publish, and what each of them is.

use std::collections::BTreeSet;
use std::path::Path;

use super::content::Cache;
use super::files::{self, Found};
use super::lock::{Key, Lock};
use super::module_ids;
use super::names;
use super::preparation::Preparation;
use super::report::{PublishProblem, PublishProblemKind};
use super::settings::Settings;
use crate::asset::{AssetType, default_name};
use crate::error::{Error, ErrorKind, Result};

/// A file and what it is.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) file: Found,
    pub(super) key: Key,
    pub(super) asset_type: AssetType,
    /// The display name.
    pub(super) name: String,
    /// What converts the file before it is sent.
    pub(super) preparation: Option<Preparation>,
}

impl Item {
    /// The error of a file that isn't the one that was hashed any more.
    pub(super) fn has_changed(&self) -> Error {
        Error::new(ErrorKind::Io, format!("the file {:?}", self.file.path))
            .explain("it changed after it was read")
            .advise("run again when nothing writes to it")
    }
}

/// The files, and what is wrong with others.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) items: Vec<Item>,
    pub(super) problems: Vec<PublishProblem>,
    pub(super) notes: Vec<String>,
    /// What is wrong with the settings or a whole folder, so that nothing is sent. It is one of the problems.
    pub(super) wrong: Option<Error>,
}

/// Lists and hashes the files, until `stop` returns `true`.
pub(super) fn read_files(
    settings: &Settings,
    lock: &Lock,
    cache: &mut Cache,
    stop: &dyn Fn() -> bool,
) -> Result<Files> {
    let mut scan = files::scan(settings.selection())?;
    let found: BTreeSet<&str> = scan.found.iter().map(|file| file.name.as_str()).collect();
    let missing = lock.files.keys().find(|name| !found.contains(name.as_str()));
    for folder in &scan.empty {
        let subject = format!("the folder {folder:?} has no file to publish");
        match missing {
            Some(name) => {
                let error = Error::invalid_input(format!("{subject}, but the lock file knows {name:?}"));
                let error = error.advise("restore the folder; a submodule or a cache may be missing").concerning_run();
                scan.wrong.push((names::shown(&folder.to_string_lossy()), error));
            }
            None => scan.notes.push(subject),
        }
    }
    if settings.adopt.is_empty() {
        let lost = module_ids::lost_lock(settings, lock);
        scan.wrong.extend(lost.map(|(path, error)| (names::shown(&path.to_string_lossy()), error)));
    }
    let wrong = scan.wrong.first().map(|(_, error)| error.clone());
    let problem = |(path, error): files::Bad| PublishProblem::new(&path, PublishProblemKind::of(&error), error);
    let mut problems: Vec<PublishProblem> = scan.bad.into_iter().map(problem).collect();
    let setting = |(path, error): files::Bad| PublishProblem::new(&path, PublishProblemKind::Setting, error);
    problems.extend(scan.wrong.into_iter().map(setting));
    let mut items = Vec::with_capacity(scan.found.len());
    for file in scan.found {
        if stop() {
            break;
        }
        let preparation = preparation_of(settings, &file.name);
        let Some(asset_type) = type_of(settings, &file.name, preparation) else {
            let error = Error::invalid_input("its extension isn't that of a known asset type")
                .advise("exclude it, or see Publisher::asset_type and Publisher::prepare");
            problems.push(PublishProblem::new(&file.name, PublishProblemKind::Unfit, error));
            continue;
        };
        match cache.hash(&file) {
            Ok(hash) => {
                let is_animation = preparation.is_none()
                    && cache.is_animation(&file)
                    && settings.type_patterns.last_match(&file.name, true).is_none();
                let asset_type = if is_animation { AssetType::Animation } else { asset_type };
                let key = Key::new(&hash, &asset_type);
                let key = match preparation {
                    Some(preparation) => key.prepared(preparation.identity()),
                    None => key,
                };
                let (name, preparation) = (default_name(Path::new(&file.name)), preparation.cloned());
                items.push(Item { name, key, asset_type, preparation, file });
            }
            Err(error) => problems.push(PublishProblem::new(&file.name, PublishProblemKind::Unreadable, error)),
        }
    }
    Ok(Files { items, problems, notes: scan.notes, wrong })
}

/// Returns what prepares a file, if anything does.
fn preparation_of<'a>(settings: &'a Settings, name: &str) -> Option<&'a Preparation> {
    let is_asset = AssetType::usual_for(name).is_some();
    settings.preparations.get(settings.prepare_patterns.last_match(name, is_asset)?)
}

fn type_of(settings: &Settings, name: &str, preparation: Option<&Preparation>) -> Option<AssetType> {
    let usual = match preparation {
        Some(preparation) => AssetType::usual_for(&preparation.name_of(name)),
        None => AssetType::usual_for(name),
    };
    if let Some(index) = settings.type_patterns.last_match(name, usual.is_some()) {
        return settings.types.get(index).cloned();
    }
    match usual? {
        AssetType::Image => Some(settings.images.clone()),
        other => Some(other),
    }
}
