//! Uploads of earlier runs that may have arrived.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::event::PublishEvent;
use super::item::Item;
use super::lock::{Doubt, Entry, Key, Lock};
use super::report::{PublishProblem, PublishProblemKind, Published, Stopped};
use super::settings::{PublishOwner, Settings};
use super::state::{Run, refuses_all};
use crate::asset::file::AssetFile;
use crate::asset::{AssetType, AssetUpload, UploadCandidate, UploadSearch};
use crate::error::{Error, ErrorKind};
use crate::log_target::LOG_TARGET;
use crate::operation::WaitOptions;

/// How far the clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// How long after the beginning of an upload its asset or version can appear.
const LATEST: SignedDuration = SignedDuration::from_mins(15);

/// How an upload ended.
enum Ended {
    /// It is this asset, for a reason.
    Arrived(Entry, String),
    /// It had no effect.
    Failed(Error),
    /// It has not arrived, for a reason.
    Lost(String),
    /// It is a version, and nobody will find out.
    Unsure,
    /// It isn't known. The message tells what to do.
    Unknown(String, Option<Error>),
}

/// Finds out how the uploads of an earlier run ended.
pub(super) fn settle_doubts(run: &mut Run<'_>) {
    let mut doubts: Vec<(Key, Doubt)> = run.record.look(|lock| lock.doubts.clone()).into_iter().collect();
    // Those that are known for certain tell which asset isn't that of another one.
    doubts.sort_by_key(|(_, doubt)| doubt.operation.is_none());
    for (key, doubt) in doubts {
        if run.has_stopped() {
            return;
        }
        let item = run.items_of(&key).next().or_else(|| item_of_asset(run, doubt.version_of?));
        let item = item.or_else(|| item_of_first_version(run, &key, &doubt)).cloned();
        // Nothing waits for an upload whose content is gone, until it comes back. If its operation is known, that is final.
        if item.is_none() && doubt.operation.is_none() {
            continue;
        }
        let path = item.as_ref().map_or(doubt.path.as_str(), |item| item.file.name.as_str());
        run.emit(&PublishEvent::Resolving { path });
        let wait = run.wait_options();
        match resolve(run.settings, &run.record.lock(), &key, &doubt, &wait) {
            Ended::Arrived(entry, reason) => {
                run.published(&key, entry, Published::Adopted(reason), doubt.version_of.is_some());
            }
            Ended::Failed(error) => {
                log::info!(target: LOG_TARGET, "{path}: an earlier upload failed: {error}");
                let _ = run.note(Change::Over(key));
            }
            Ended::Lost(message) => {
                log::warn!(target: LOG_TARGET, "{path}: {message}");
                run.emit(&PublishEvent::Lost { path, message: &message });
                let _ = run.note(Change::Over(key));
            }
            Ended::Unsure => drop(run.note(Change::Unsure(key))),
            Ended::Unknown(mut message, error) => {
                if run.record.look(|lock| lock.sent_again.contains(path)) {
                    message += "; it was sent again once already: to do so once more, run without send_again first";
                }
                if item.is_some() {
                    let (path, kind) = (path.to_owned(), PublishProblemKind::InDoubt);
                    run.problem(PublishProblem { path, kind, message, error: error.clone() });
                } else if error.is_none() {
                    // The service has forgotten the operation.
                    let _ = run.note(Change::Begun(key, Doubt { operation: None, ..doubt }));
                }
                if let Some(error) = error.filter(refuses_all) {
                    run.stopped = Some(Stopped::Failed(error));
                }
                // The wait may have been cancelled.
                run.has_stopped();
            }
        }
    }
}

/// Returns a file whose asset this is, or was before the file changed.
fn item_of_asset<'a>(run: &'a Run<'_>, id: u64) -> Option<&'a Item> {
    run.record.look(|lock| {
        let has_it = |key: &Key| lock.assets.get(key).is_some_and(|entry| entry.id == id);
        run.items.iter().find(|item| has_it(&item.key) || lock.files.get(&item.file.name).is_some_and(has_it))
    })
}

/// Returns the file that has changed since its first upload was cut off: its asset gets the next version, if it has arrived.
fn item_of_first_version<'a>(run: &'a Run<'_>, key: &Key, doubt: &Doubt) -> Option<&'a Item> {
    let has_versions = run.settings.new_versions && key.asset_type() == AssetType::Model && doubt.version_of.is_none();
    let is_known = || run.record.look(|lock| lock.files.contains_key(&doubt.path));
    let item = run.items.iter().find(|item| item.file.name == doubt.path && item.asset_type == AssetType::Model)?;
    (has_versions && !is_known()).then_some(item)
}

/// Finds out how an upload ended: asks its operation or, without one, looks for the asset.
fn resolve(settings: &Settings, lock: &Lock, key: &Key, doubt: &Doubt, wait: &WaitOptions) -> Ended {
    let owner = &settings.owner;
    if let Some(name) = &doubt.operation {
        let operation = owner.client().operation(name.clone());
        // It began long ago, so it is probably done.
        match operation.poll().and_then(|done| done.map_or_else(|| operation.wait_with(wait), Ok)) {
            Ok(asset) => return Ended::Arrived(Entry::of(&asset, &doubt.name), format!("{name} has ended well")),
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
    let mut unread = Vec::new();
    let found = match user.find_upload(&upload, since) {
        Ok(UploadSearch::One(candidate)) => vec![*candidate],
        Ok(UploadSearch::Several(candidates)) => candidates,
        Ok(UploadSearch::NoneSeen { unread: some, .. }) => {
            unread = some;
            Vec::new()
        }
        Ok(UploadSearch::CannotLook { reason }) => return Ended::Unknown(undecided(doubt, &reason), None),
        Err(error) => return Ended::Unknown(undecided(doubt, &error.to_string()), Some(error)),
    };
    unread.extend(found.iter().flat_map(|candidate| &candidate.unread));
    // Other files can have the same name.
    let known: BTreeMap<u64, &Key> = lock.assets.iter().map(|(key, entry)| (entry.id, key)).collect();
    let candidates: Vec<UploadCandidate> =
        found.into_iter().filter(|candidate| !known.contains_key(&candidate.asset.id)).collect();
    match candidates.as_slice() {
        [only] if only.unread.is_empty() => {
            Ended::Arrived(Entry::of(&only.asset, &doubt.name), format!("it is the only {only}"))
        }
        [only] => {
            let problem = format!("it may be {only}, or one of the {} assets that can't be read", only.unread.len());
            Ended::Unknown(undecided(doubt, &problem), None)
        }
        [] if !unread.is_empty() => {
            let problem = format!("it may be one of the {} assets that can't be read", unread.len());
            Ended::Unknown(undecided(doubt, &problem), None)
        }
        // One that the service has accepted isn't lost, also if its asset can't be seen.
        [] if settings.send_lost_again && doubt.operation.is_none() && is_old(doubt) => Ended::Lost(format!(
            "an upload that was cut off at {} has not arrived: none of the assets that were added since then is it",
            doubt.since
        )),
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
            Ended::Arrived(Entry::of(&asset, &doubt.name), format!("it is version {version} of asset {id}"))
        }
        Some(version) if version <= before => {
            Ended::Failed(Error::invalid_input(format!("the new version of asset {id} has not arrived")))
        }
        _ => Ended::Unsure,
    }
}

/// Whether an upload has arrived by now, if it has arrived at all.
fn is_old(doubt: &Doubt) -> bool {
    Timestamp::now().duration_since(doubt.since) > LATEST + SKEW
}

fn undecided(doubt: &Doubt, why: &str) -> String {
    let path = &doubt.path;
    format!(
        "an upload that was cut off at {} may have arrived: {why}; look for it on the Creator Hub, then adopt {path:?} with its \
         id, or send {path:?} again",
        doubt.since
    )
}
