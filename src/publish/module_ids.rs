//! Modules whose lock file is lost.

use std::path::PathBuf;

use super::lock::{Lock, subject};
use super::module::has_text;
use super::settings::Settings;
use crate::disk::read;
use crate::error::Error;

/// The digits of the shortest ids of assets that users have uploaded.
const SHORTEST_ID: usize = 7;

/// Returns a module with ids, and what is wrong, if the lock file has no asset at all: to publish everything again would change all
/// ids. Many projects let version control ignore `*.lock`.
pub(super) fn lost_lock(settings: &Settings, lock: &Lock) -> Option<(PathBuf, Error)> {
    if !lock.assets.is_empty() || !lock.doubts.is_empty() {
        return None;
    }
    let empty = settings.module.with_ids([]);
    let has_ids = |text: &[u8]| text.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() >= SHORTEST_ID);
    let file = settings.modules.iter().find(|file| {
        let is_empty = || empty.text(file.format).is_ok_and(|text| has_text(&file.path, &text));
        read(&file.path).is_ok_and(|text| has_ids(&text)) && !is_empty()
    })?;
    let lock_file = subject(&settings.lock);
    let error = Error::invalid_input(format!("the module {:?} has ids, but {lock_file} has none", file.path));
    let advice =
        "restore the lock file, which version control may ignore; to publish everything again, delete the module";
    Some((file.path.clone(), error.advise(advice).concerning_run()))
}
