//! The keys of a data store, page by page.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::vec;

use super::failure::{GO_ON, unthrottled};
use super::journal::{Key, Mark};
use super::options::Bulk;
use super::order::Fed;
use super::report::{SkipReason, SkippedEntry};
use crate::data::entry::ListedEntry;
use crate::data::handle::DataStore;
use crate::error::{Error, Result};
use crate::page::{Cursor, Page, Pages};

/// A key, or an item of the listing that can't be read.
pub(super) type Listed = std::result::Result<Key, SkippedEntry>;

/// Where the pages go on.
#[derive(Clone, Debug)]
pub(super) struct PageEnd {
    /// The number of the page that has ended.
    pub(super) page: u64,
    /// Where the next one begins. `None` if it was the last one.
    pub(super) cursor: Option<Cursor>,
}

/// Where a listing goes on after a mark.
pub(super) enum Resumed {
    Keys(Keys),
    /// The service has forgotten where the listing was. It begins anew.
    Anew(Keys),
    /// It was at its end.
    End,
}

/// Lists keys. After each page there is a mark. A key that is repeated soon after is left out: the pages of a listing shift when
/// others create and delete entries meanwhile.
pub(super) struct Keys {
    store: DataStore,
    prefix: String,
    all_scopes: bool,
    pages: Pages<ListedEntry>,
    recent: Recent,
    /// The number of the page, and its items that weren't yielded.
    page: u64,
    items: vec::IntoIter<Listed>,
    /// After this page.
    mark: Option<PageEnd>,
}

impl Keys {
    /// Lists the keys from the first one.
    pub(super) fn new(store: &DataStore, bulk: &Bulk) -> Self {
        Self::at(0, None, store, bulk)
    }

    /// Lists the keys after a mark.
    pub(super) fn after(mark: &Mark, store: &DataStore, bulk: &Bulk) -> Result<Resumed> {
        let Mark { cursor, page, .. } = mark;
        match (page, cursor) {
            (0, _) => return Ok(Resumed::Keys(Self::new(store, bulk))),
            (_, None) => return Ok(Resumed::End),
            _ => {}
        }
        let mut keys = Self::at(*page, cursor.clone(), store, bulk);
        match keys.fetch() {
            Ok(_) => Ok(Resumed::Keys(keys)),
            // A page token is valid for some time. Something else may be wrong, which the first page has too.
            Err(error) if error.status() == Some(400) => {
                let mut keys = Self::new(store, bulk);
                keys.fetch()?;
                Ok(Resumed::Anew(keys))
            }
            Err(error) => Err(error),
        }
    }

    fn at(page: u64, cursor: Option<Cursor>, store: &DataStore, bulk: &Bulk) -> Self {
        let (store, prefix, all_scopes) = (store.clone(), bulk.prefix.clone(), bulk.all_scopes);
        let pages = pages(&store, &prefix, all_scopes, cursor);
        let (recent, items) = (Recent::default(), Vec::new().into_iter());
        Self { store, prefix, all_scopes, pages, recent, page, items, mark: None }
    }

    /// Fetches the next page. Returns whether there is one.
    fn fetch(&mut self) -> Result<bool> {
        let Self { store, prefix, all_scopes, pages: listing, .. } = self;
        let (store, prefix, all_scopes) = (&*store, &*prefix, *all_scopes);
        let page = unthrottled(store, || {
            let page = listing.next().transpose();
            if page.is_err() {
                // It ends after an error.
                *listing = pages(store, prefix, all_scopes, Some(listing.cursor()));
            }
            page
        });
        match page.map_err(|error: Error| error.advise(GO_ON))? {
            Some(page) => {
                self.add(page);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn add(&mut self, page: Page<ListedEntry>) {
        self.page += 1;
        let scope = if self.all_scopes { "" } else { self.store.scope() };
        let unreadable = page.unreadable.into_iter().map(|item| {
            let message = format!("the listing has an item that can't be read: {item}");
            Err(SkippedEntry::new(scope, "", SkipReason::Unreadable, message))
        });
        let mut listed: Vec<Listed> = unreadable.collect();
        for entry in page.items {
            let scope = if self.all_scopes { entry.scope().into_owned() } else { self.store.scope().to_owned() };
            if self.recent.is_new(&scope, &entry.id) {
                listed.push(Ok(Key { page: self.page, scope, id: entry.id }));
            }
        }
        self.items = listed.into_iter();
        self.mark = Some(PageEnd { page: self.page, cursor: page.next_cursor });
    }
}

fn pages(store: &DataStore, prefix: &str, all_scopes: bool, from: Option<Cursor>) -> Pages<ListedEntry> {
    store.list_entries().prefix(prefix).all_scopes(all_scopes).resume_from(from).pages()
}

impl Iterator for Keys {
    type Item = Result<Fed<Listed, PageEnd>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(listed) = self.items.next() {
                return Some(Ok(Fed::Item(listed)));
            }
            if let Some(mark) = self.mark.take() {
                return Some(Ok(Fed::Mark(mark)));
            }
            match self.fetch() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The keys that were listed last, as hashes.
#[derive(Default)]
struct Recent {
    hashers: [RandomState; 2],
    known: HashSet<u128>,
    /// The oldest first.
    order: VecDeque<u128>,
}

/// How many keys are remembered, so that the memory is bounded: 64 pages.
const REMEMBERED: usize = 64 * 256;

impl Recent {
    /// Remembers a key. Returns whether it wasn't known.
    fn is_new(&mut self, scope: &str, id: &str) -> bool {
        // Two of them, so that no two keys have the same in practice: the second one would be left out.
        let [high, low] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one((scope, id))));
        let hash = high << 64 | low;
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_keys_are_remembered() {
        let mut recent = Recent::default();
        let keys = 0..2 * REMEMBERED;
        assert!(keys.clone().all(|key| recent.is_new("global", &key.to_string())));
        assert!(recent.is_new("eu", "7") && !recent.is_new("eu", "7"));
        assert!(keys.clone().skip(REMEMBERED + 1).all(|key| !recent.is_new("global", &key.to_string())));
        assert!(recent.is_new("global", "0"));
        assert_eq!((recent.known.len(), recent.order.len()), (REMEMBERED, REMEMBERED));
    }
}
