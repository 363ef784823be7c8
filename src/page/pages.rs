use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cursor::Cursor;
use super::decode::{Items, PageItem};
use super::listing::{Fetched, ListField, Listing};
use crate::call::Session;
use crate::error::{Error, Result};
use crate::request::{Paging, Request};

/// A page of a listing, from [`Pager::pages`](crate::Pager::pages).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items. A page in the middle of a listing may be empty.
    pub items: Vec<T>,
    /// The unreadable items, as the service sent them. One that is large or nested too deep is the beginning of its text. Almost
    /// always empty.
    pub unreadable: Vec<Value>,
    /// The position of the next page, for [`Pager::resume_from`](crate::Pager::resume_from). `None` on the last page.
    pub next_cursor: Option<Cursor>,
}

/// A listing by whole pages, from [`Pager::pages`](crate::Pager::pages).
#[must_use = "a listing makes no request until it is iterated over"]
pub struct Pages<T> {
    listing: Listing,
    /// Makes room for the items of a page.
    room: fn() -> Items<T>,
    /// No more requests: after the last page, or after an error.
    ended: bool,
    finished: bool,
}

impl<T> Pages<T> {
    pub(super) fn of_model(request: Request, paging: Paging) -> Self
    where
        T: PageItem,
    {
        let field = ListField { name: Cow::Borrowed(T::FIELD), may_be_bare: T::MAY_BE_BARE };
        Self::new(Listing::new(request, paging, field), Items::of_model)
    }

    /// The pages of anything that serde reads.
    pub(super) fn plain(request: Request, paging: Paging, field: String) -> Self
    where
        T: DeserializeOwned,
    {
        let field = ListField { name: Cow::Owned(field), may_be_bare: false };
        Self::new(Listing::new(request, paging, field), Items::plain)
    }

    fn new(listing: Listing, room: fn() -> Items<T>) -> Self {
        Self { listing, room, ended: false, finished: false }
    }

    /// Returns the position of the page that was yielded last, or that failed.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.listing.current.clone()
    }

    /// Returns whether the last page was yielded.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Returns whether the pages so far lack items: see [`Pager::is_partial`](super::Pager::is_partial).
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.listing.is_partial
    }

    pub(super) fn subject(&self) -> String {
        self.listing.subject()
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.listing.session()
    }

    /// The error of a response that can't be used.
    pub(super) fn invalid_response(&self, problem: &str) -> Error {
        self.listing.invalid_response(problem)
    }

    pub(super) fn restart_at(&mut self, cursor: Cursor) {
        self.listing.restart_at(cursor);
        self.ended = false;
        self.finished = false;
    }

    fn fetch(&mut self) -> Option<Result<Page<T>>> {
        let mut items = (self.room)();
        let Fetched { taken, unreadable } = match self.listing.fetch(&mut items)? {
            Ok(fetched) => fetched,
            Err(error) => return Some(Err(error)),
        };
        let mut items = items.items;
        if taken > 0 {
            items = items.split_off(taken.min(items.len()));
        }
        Some(Ok(Page { items, unreadable, next_cursor: self.listing.next.clone() }))
    }
}

impl<T> Iterator for Pages<T> {
    type Item = Result<Page<T>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let page = self.fetch();
        self.finished = matches!(&page, None | Some(Ok(Page { next_cursor: None, .. })));
        self.ended = self.finished || matches!(&page, Some(Err(_)));
        page
    }
}

impl<T> FusedIterator for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("listing", &self.subject())
            // The service chooses the page token, which could contain anything.
            .field("is_start", &self.listing.current.is_start())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
