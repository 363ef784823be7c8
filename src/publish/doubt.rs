//! Uploads that may have arrived.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::lock::{Doubt, Entry, Key, Lock};
use super::settings::PublishOwner;
use crate::asset::file::AssetFile;
use crate::asset::{Asset, AssetUpload, ModerationState, UploadCandidate, UploadSearch};
use crate::error::{Error, ErrorKind};
use crate::operation::WaitOptions;

/// How far the clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// How long after the beginning of an upload its asset or version can appear.
const LATEST: SignedDuration = SignedDuration::from_mins(15);

/// How an upload ended.
pub(super) enum Ended {
    /// It is this asset, for a reason.
    Arrived(Entry, String),
    /// It had no effect.
    Failed(Error),
    /// It is a version, and nobody will find out.
    Unsure,
    /// It isn't known. The message tells what to do.
    Unknown(String, Option<Error>),
}

pub(super) fn entry_of(asset: &Asset, name: &str) -> Entry {
    let state = asset.moderation_state.as_ref();
    Entry {
        rejected: state == Some(&ModerationState::Rejected),
        in_review: state == Some(&ModerationState::Reviewing),
        version: asset.revision_id.filter(|version| *version > 1),
        ..Entry::new(asset.id, name)
    }
}

/// Finds out how an upload ended: polls its operation or, without one, looks for the asset.
pub(super) fn resolve(owner: &PublishOwner, lock: &Lock, key: &Key, doubt: &Doubt, wait: &WaitOptions) -> Ended {
    if let Some(name) = &doubt.operation {
        let operation = owner.client().operation(name.clone());
        // It began long ago, so it is probably done.
        match operation.poll().and_then(|done| done.map_or_else(|| operation.wait_with(wait), Ok)) {
            Ok(asset) => return Ended::Arrived(entry_of(&asset, &doubt.name), format!("{name} has ended well")),
            Err(error) if error.is_operation_failure() => return Ended::Failed(error),
            // The service forgets operations after a while.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Ended::Unknown(format!("its upload was accepted as {name}: {error}"), Some(error)),
        }
    }
    if let Some(id) = doubt.version_of {
        return resolve_version(owner, id, doubt);
    }
    let Some(user) = owner.user() else {
        return Ended::Unknown(undecided(doubt, "uploads of groups can't be looked for"), None);
    };
    let namesakes = lock.doubts.iter().filter(|(other, known)| *other != key && known.name == doubt.name);
    // What began long before has arrived long before, if at all.
    let mut namesakes = namesakes.filter(|(_, known)| doubt.since.duration_since(known.since) < LATEST + SKEW);
    if namesakes.any(|(other, _)| other.asset_type() == key.asset_type()) {
        return Ended::Unknown(undecided(doubt, "another upload in doubt has the same name"), None);
    }
    let upload = AssetUpload::new(AssetFile::from_bytes(&doubt.name, []), key.asset_type(), doubt.name.as_str(), "");
    let since = doubt.since.saturating_sub(SKEW).unwrap_or(doubt.since);
    let found = match user.find_upload(&upload, since) {
        Ok(UploadSearch::One(candidate)) => vec![*candidate],
        Ok(UploadSearch::Several(candidates)) => candidates,
        Ok(UploadSearch::NoneSeen { .. }) => Vec::new(),
        Ok(UploadSearch::CannotLook { reason }) => return Ended::Unknown(undecided(doubt, &reason), None),
        Err(error) => return Ended::Unknown(undecided(doubt, &error.to_string()), Some(error)),
    };
    // Other files can have the same name.
    let known: BTreeMap<u64, &Key> = lock.assets.iter().map(|(key, entry)| (entry.id, key)).collect();
    let candidates: Vec<UploadCandidate> =
        found.into_iter().filter(|candidate| !known.contains_key(&candidate.asset.id)).collect();
    match candidates.as_slice() {
        [only] if only.unread.is_empty() => {
            Ended::Arrived(entry_of(&only.asset, &doubt.name), format!("it is the only {only}"))
        }
        [only] => {
            let problem = format!("it may be {only}, or one of the {} assets that can't be read", only.unread.len());
            Ended::Unknown(undecided(doubt, &problem), None)
        }
        [] => Ended::Unknown(undecided(doubt, "no asset that looks like it was seen"), None),
        several => {
            let ids: Vec<String> = several.iter().map(|candidate| candidate.asset.id.to_string()).collect();
            Ended::Unknown(undecided(doubt, &format!("it may be one of the assets {}", ids.join(", "))), None)
        }
    }
}

/// Finds out whether a new version has arrived. If that isn't certain, what the file has is sent again: a version that is there
/// twice does less harm than one that is missing.
fn resolve_version(owner: &PublishOwner, id: u64, doubt: &Doubt) -> Ended {
    let Some(before) = doubt.after_version else { return Ended::Unsure };
    let asset = match owner.client().asset(id).fetch() {
        Ok(asset) => asset,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ended::Unsure,
        Err(error) => return Ended::Unknown(undecided(doubt, &error.to_string()), Some(error)),
    };
    // Any later change of the asset, such as one of its name, is a version too.
    let is_of_then = asset.revision_created_at.is_some_and(|created| {
        let after = created.duration_since(doubt.since);
        -SKEW <= after && after <= LATEST
    });
    match asset.revision_id {
        Some(version) if version > before && is_of_then => {
            Ended::Arrived(entry_of(&asset, &doubt.name), format!("it is version {version} of asset {id}"))
        }
        Some(version) if version <= before => {
            Ended::Failed(Error::invalid_input(format!("the new version of asset {id} has not arrived")))
        }
        _ => Ended::Unsure,
    }
}

fn undecided(doubt: &Doubt, why: &str) -> String {
    let path = &doubt.path;
    format!(
        "an upload that was cut off at {} may have arrived: {why}; look for it on the Creator Hub, then adopt {path:?} with its \
         id, or send {path:?} again",
        doubt.since
    )
}
