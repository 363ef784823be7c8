use std::iter::FusedIterator;

use super::entry::ListedEntry;
use super::handle::{DOCUMENTED, DataStore, Endpoints};
use super::share::Use;
use crate::api::Endpoint;
use crate::error::{Error, Result};
use crate::page::{Cursor, Pager};

/// Lists the entries of a data store.
pub const LIST_DATA_STORE_ENTRIES: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/data-stores/{store}/entries")
        .with_scopes(&["universe-datastores.objects:list"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Lists the entries in a scope of a data store, or with the scope `-`, those of all scopes.
pub const LIST_SCOPED_DATA_STORE_ENTRIES: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/data-stores/{store}/scopes/{scope}/entries")
        .with_scopes(&["universe-datastores.objects:list"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

const LIST: Endpoints =
    Endpoints { global: &LIST_DATA_STORE_ENTRIES, scoped: &LIST_SCOPED_DATA_STORE_ENTRIES, used: Use::List };

impl DataStore {
    /// Lists the keys of the entries in the scope: all of them, or what the setters of [`DataStoreEntries`] name. A listing has no
    /// values.
    ///
    /// Calls [`LIST_DATA_STORE_ENTRIES`], or in a scope [`LIST_SCOPED_DATA_STORE_ENTRIES`], which need the scope
    /// `universe-datastores.objects:list`. A page has 256 keys.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # store.create("user_156", &1)?;
    /// # store.with_scope("eu").create("user_157", &2)?;
    /// for entry in store.list_entries().prefix("user_").all_scopes(true) {
    ///     let entry = entry?;
    ///     println!("{} in {}", entry.id, entry.scope());
    /// }
    /// # assert_eq!(store.list_entries().count(), 1);
    /// # assert_eq!(store.list_entries().all_scopes(true).count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ListKeysAsync")]
    pub fn list_entries(&self) -> DataStoreEntries {
        DataStoreEntries {
            store: self.clone(),
            prefix: String::new(),
            all_scopes: false,
            deleted: false,
            cursor: None,
            problem: None,
            has_ended: false,
            pager: None,
        }
    }
}

/// Returns the filter for ids that begin with a text.
pub(super) fn starts_with(prefix: &str) -> String {
    format!("id.startsWith({})", serde_json::Value::from(prefix))
}

/// A listing of the keys of a data store, from [`DataStore::list_entries`]: an iterator with setters.
///
/// No request is made until the first [`next`](Iterator::next). A setter after that makes the next item an
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) error, which ends the listing. Otherwise it behaves as a [`Pager`] does.
#[derive(Debug)]
#[must_use = "a listing makes no request until it is iterated over"]
pub struct DataStoreEntries {
    store: DataStore,
    prefix: String,
    all_scopes: bool,
    deleted: bool,
    /// Where to begin.
    cursor: Option<Cursor>,
    /// A setter came too late.
    problem: Option<Error>,
    has_ended: bool,
    /// Once the listing has begun.
    pager: Option<Pager<ListedEntry>>,
}

impl DataStoreEntries {
    /// Lists only the keys that begin with `prefix`.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        self.set(|listing| listing.prefix = prefix)
    }

    /// Sets whether the entries of all scopes are listed. Defaults to `false`. See [`ListedEntry::scope`].
    pub fn all_scopes(self, all: bool) -> Self {
        self.set(|listing| listing.all_scopes = all)
    }

    /// Sets whether deleted entries are listed too. Defaults to `false`.
    #[doc(alias = "showDeleted")]
    pub fn deleted(self, deleted: bool) -> Self {
        self.set(|listing| listing.deleted = deleted)
    }

    /// Resumes the listing at a cursor. See [`Pager::resume_from`].
    pub fn resume_from(self, cursor: impl Into<Cursor>) -> Self {
        let cursor = cursor.into();
        self.set(|listing| listing.cursor = Some(cursor))
    }

    fn set(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        if self.pager.is_some() {
            self.problem = Some(Error::invalid_input("the listing has begun, so nothing of it can be set any more"));
        }
        self
    }

    /// Returns the position after the last key that was yielded. See [`Pager::cursor`].
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        match &self.pager {
            Some(pager) => pager.cursor(),
            None => self.begin().cursor(),
        }
    }

    /// Returns whether the listing is complete. See [`Pager::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.pager.as_ref().is_some_and(Pager::is_finished)
    }

    /// Returns how many unreadable keys were skipped. See [`Pager::unreadable_count`].
    #[must_use]
    pub fn unreadable_count(&self) -> u64 {
        self.pager.as_ref().map_or(0, Pager::unreadable_count)
    }

    /// Returns an error if a key couldn't be read: it may be the one that is looked for.
    #[cfg(feature = "bulk")]
    pub(super) fn check_all_read(&self, question: &str) -> Result<()> {
        self.pager.as_ref().map_or(Ok(()), |pager| pager.check_all_read(question))
    }

    /// Lists by whole pages.
    #[cfg(feature = "bulk")]
    pub(super) fn pages(self) -> crate::page::Pages<ListedEntry> {
        self.begin().pages()
    }

    fn begin(&self) -> Pager<ListedEntry> {
        let mut request = match self.all_scopes {
            true => self.store.of_all_scopes(LIST),
            // Its key is one of all.
            false => match self.store.check("a") {
                Ok(()) => self.store.of_scope(LIST),
                Err(problem) => self.store.of_scope(LIST).failed(problem),
            },
        };
        if !self.prefix.is_empty() {
            request = request.query("filter", starts_with(&self.prefix));
        }
        if self.deleted {
            request = request.query("showDeleted", true);
        }
        let pager = request.pages();
        match &self.cursor {
            Some(cursor) => pager.resume_from(cursor.clone()),
            None => pager,
        }
    }
}

impl Iterator for DataStoreEntries {
    type Item = Result<ListedEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        if let Some(problem) = self.problem.take() {
            self.has_ended = true;
            return Some(Err(problem));
        }
        if self.pager.is_none() {
            self.pager = Some(self.begin());
        }
        self.pager.as_mut()?.next()
    }
}

impl FusedIterator for DataStoreEntries {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_quoted() {
        assert_eq!(starts_with("user_"), r#"id.startsWith("user_")"#);
        assert_eq!(starts_with("a\"b\\"), r#"id.startsWith("a\"b\\")"#);
    }
}
