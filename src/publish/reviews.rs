//! What became of assets that were under review.

use std::collections::BTreeSet;

use super::change::Change;
use super::lock::{Entry, Key};
use super::report::{PublishProblem, PublishProblemKind, Stopped};
use super::state::{Run, refuses_all};
use crate::error::ErrorScope;

/// Asks what became of assets that were under review.
pub(super) fn fetch_reviews(run: &mut Run<'_>) {
    if !run.settings.check_reviews {
        return;
    }
    let keys: BTreeSet<&Key> = run.items.iter().map(|item| &item.key).collect();
    let under_review: Vec<(Key, Entry)> = run.record.look(|lock| {
        let entries = keys.iter().filter_map(|key| Some(((*key).clone(), lock.assets.get(*key)?.clone())));
        entries.filter(|(_, entry)| entry.in_review).collect()
    });
    for (key, known) in under_review {
        if run.has_stopped() {
            return;
        }
        match run.settings.owner.client().asset(known.id).fetch() {
            Ok(asset) => {
                let Entry { rejected, in_review, .. } = Entry::of(&asset, &known.name);
                if !in_review {
                    let entry = Entry { rejected, in_review, ..known };
                    let _ = run.note(Change::Published { key, entry, is_version: false });
                }
            }
            Err(error) => {
                let message = format!("whether moderation has rejected asset {} is not known: {error}", known.id);
                let paths: Vec<String> = run.items_of(&key).map(|item| item.file.name.clone()).collect();
                for path in paths {
                    let (kind, message) = (PublishProblemKind::Failed, message.clone());
                    run.problem(PublishProblem { path, kind, message, error: Some(error.clone()) });
                }
                if refuses_all(&error) {
                    run.stopped = Some(Stopped::Failed(error));
                } else if error.scope() == ErrorScope::Run {
                    return;
                }
            }
        }
    }
}
