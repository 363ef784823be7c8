//! The keys of a data store, page by page.

use std::vec;

use super::failure::{GO_ON, is_throttle, wait_for_limit};
use super::journal::{Key, Mark};
use super::options::Bulk;
use super::order::Fed;
use super::report::{SkipReason, SkippedEntry};

use crate::data::entry::ListedEntry;
use crate::data::handle::DataStore;
use crate::error::Result;
use crate::page::{Cursor, Pages};

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

/// Lists keys. After each page there is a mark.
pub(super) struct Keys {
    store: DataStore,
    prefix: String,
    all_scopes: bool,
    pages: Pages<ListedEntry>,
    /// The number of the page, and its items that weren't yielded.
    page: u64,
    items: vec::IntoIter<Listed>,
    /// After this page.
    mark: Option<PageEnd>,
}

impl Keys {
    /// Lists the keys after a mark. `None` if it is at the end.
    pub(super) fn after(mark: Mark, store: &DataStore, bulk: &Bulk) -> Option<Self> {
        let Mark { cursor, page, .. } = mark;
        if page > 0 && cursor.is_none() {
            return None;
        }
        let (store, prefix, all_scopes) = (store.clone(), bulk.prefix.clone(), bulk.all_scopes);
        let pages = pages(&store, &prefix, all_scopes, cursor);
        Some(Self { store, prefix, all_scopes, pages, page, items: Vec::new().into_iter(), mark: None })
    }

    fn key(&self, entry: ListedEntry) -> Listed {
        let scope = match self.all_scopes {
            true => entry.scope().into_owned(),
            false => self.store.scope().to_owned(),
        };
        Ok(Key { page: self.page, scope, id: entry.id })
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
            let page = match self.pages.next()? {
                Ok(page) => page,
                Err(error) if is_throttle(&error) => {
                    wait_for_limit(&error);
                    let from = Some(self.pages.cursor());
                    self.pages = pages(&self.store, &self.prefix, self.all_scopes, from);
                    continue;
                }
                Err(error) => return Some(Err(error.advise(GO_ON))),
            };
            self.page += 1;
            let scope = if self.all_scopes { "" } else { self.store.scope() };
            let unreadable = page.unreadable.into_iter().map(|item| {
                let message = format!("the listing has an item that can't be read: {item}");
                Err(SkippedEntry::new(scope, "", SkipReason::Unreadable, message))
            });
            let mut listed: Vec<Listed> = unreadable.collect();
            listed.extend(page.items.into_iter().map(|entry| self.key(entry)));
            self.items = listed.into_iter();
            self.mark = Some(PageEnd { page: self.page, cursor: page.next_cursor });
        }
    }
}
