//! What the revisions of an entry tell of it.

use jiff::{SignedDuration, Timestamp};

use crate::data::entry::EntryState;
use crate::data::handle::DataStore;
use crate::data::revisions::EntryRevision;
use crate::error::Result;

/// How long the service keeps the revisions of a deleted entry.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An entry that has revisions.
#[derive(Debug, PartialEq)]
pub(super) struct History {
    /// Whether it isn't deleted.
    pub(super) is_there: bool,
    /// When it was deleted, as far as the listing tells it.
    pub(super) deleted_at: Option<Timestamp>,
}

impl History {
    /// Looks up an entry. `None` if it has no revisions.
    pub(super) fn look_up(store: &DataStore, key: &str) -> Result<Option<Self>> {
        let mut listed = store.list_revisions(key);
        let revisions = match listed.by_ref().collect::<Result<Vec<_>>>() {
            Ok(revisions) => revisions,
            Err(error) if error.is_no_such_resource() => return Ok(None),
            Err(error) => return Err(error),
        };
        listed.check_all_read("whether the entry is deleted")?;
        if revisions.is_empty() {
            return Ok(None);
        }
        if let Some(deleted_at) = deletion(&revisions) {
            return Ok(Some(Self { is_there: false, deleted_at: Some(deleted_at) }));
        }
        // The listing may be older than the deletion.
        Ok(Some(Self { is_there: store.fetch_raw(key)?.is_some(), deleted_at: None }))
    }

    /// Returns until when the revisions can be read, of an entry that is deleted now.
    pub(super) fn readable_until(&self, now: Timestamp) -> Timestamp {
        readable_from(self.deleted_at.unwrap_or(now))
    }
}

/// Returns until when the revisions of an entry can be read that was deleted at this time.
pub(super) fn readable_from(deleted_at: Timestamp) -> Timestamp {
    deleted_at.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
}

/// Returns when the newest revision was made, if it says that the entry is deleted. The order of the listing isn't documented.
fn deletion(revisions: &[EntryRevision]) -> Option<Timestamp> {
    let times = revisions.iter().map(|revision| revision.created_at).collect::<Option<Vec<_>>>()?;
    let newest = times.into_iter().max()?;
    let mut last = revisions.iter().filter(|revision| revision.created_at == Some(newest));
    last.all(|revision| revision.state == Some(EntryState::Deleted)).then_some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(second: i64, state: &str) -> EntryRevision {
        let created_at = Timestamp::from_second(second).ok();
        EntryRevision { created_at, state: Some(EntryState::from(state)), ..EntryRevision::default() }
    }

    #[test]
    fn the_newest_revision_tells_of_the_deletion_in_any_order() {
        let (old, deleted, new) = (revision(1, "ACTIVE"), revision(2, "DELETED"), revision(3, "ACTIVE"));
        let time = Timestamp::from_second(2).ok();
        assert_eq!(deletion(&[old.clone(), deleted.clone()]), time);
        assert_eq!(deletion(&[deleted.clone(), old.clone()]), time);
        assert_eq!(deletion(&[deleted.clone(), new, old]), None, "it was written again");
        let at_once = revision(2, "ACTIVE");
        assert_eq!(deletion(&[deleted.clone(), at_once]), None, "it can't be told");
        let unknown = EntryRevision { created_at: None, ..revision(0, "ACTIVE") };
        assert_eq!(deletion(&[deleted, unknown]), None, "it can't be told");
        assert_eq!(deletion(&[]), None);
    }
}
