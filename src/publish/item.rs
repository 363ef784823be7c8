//! The files to publish, and what each of them is.

use super::content::Cache;
use super::files::{self, Found};
use super::lock::Key;
use super::report::{PublishProblem, PublishProblemKind};
use super::settings::Settings;
use crate::asset::{AssetType, default_name};
use crate::error::{Error, Result};

/// A file and what it is.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) file: Found,
    pub(super) key: Key,
    pub(super) asset_type: AssetType,
    /// The display name.
    pub(super) name: String,
}

/// Lists and hashes the files, until `stop` returns `true`.
pub(super) fn read_files(
    settings: &Settings,
    cache: &mut Cache,
    stop: &dyn Fn() -> bool,
) -> Result<(Vec<Item>, Vec<PublishProblem>)> {
    settings.type_patterns.check()?;
    let mut bad = Vec::new();
    let found = files::scan(&settings.inputs, &settings.lock, &settings.include, &settings.exclude, &mut bad)?;
    let mut problems: Vec<PublishProblem> = bad
        .into_iter()
        .map(|(path, error)| PublishProblem::new(&path, PublishProblemKind::Unreadable, error))
        .collect();
    let mut items = Vec::with_capacity(found.len());
    for file in found {
        if stop() {
            break;
        }
        let Some(asset_type) = type_of(settings, &file.name) else {
            let error = Error::invalid_input("its extension isn't that of a known asset type")
                .advise("exclude it, or set its type with Publisher::asset_type");
            problems.push(PublishProblem::new(&file.name, PublishProblemKind::Unfit, error));
            continue;
        };
        match cache.hash(&file) {
            Ok(hash) => {
                let is_chosen = settings.type_patterns.last_match(&file.name).is_some();
                let asset_type = match cache.is_animation(&file) && !is_chosen {
                    true => AssetType::Animation,
                    false => asset_type,
                };
                let key = Key::new(&hash, &asset_type);
                items.push(Item { name: default_name(&file.path), key, asset_type, file });
            }
            Err(error) => problems.push(PublishProblem::new(&file.name, PublishProblemKind::Unreadable, error)),
        }
    }
    Ok((items, problems))
}

fn type_of(settings: &Settings, name: &str) -> Option<AssetType> {
    if let Some(place) = settings.type_patterns.last_match(name) {
        return settings.types.get(place).cloned();
    }
    match AssetType::usual_for(name)? {
        AssetType::Image => Some(settings.images.clone()),
        other => Some(other),
    }
}
