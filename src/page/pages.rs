use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cursor::{Cursor, fingerprint};
use super::decode::{Contents, Names, PageItem, decode_page, decode_plain_page};
use crate::api::{Endpoint, push_query};
use crate::call::{Buffer, Call, DecodeError, Session};
use crate::error::{Error, Result};

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

/// What a listing requests.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) endpoint: Endpoint,
    /// The template of the path, if the endpoint has none.
    pub(crate) template: Option<String>,
    pub(crate) path: String,
    /// The rest of the query, with its question mark.
    pub(crate) query: String,
    /// One listing for each filter, in sequence. Without any, the listing is empty.
    pub(crate) filters: Vec<Option<String>>,
}

impl Listing {
    /// One listing for each filter, in sequence. Without any, the listing is empty.
    pub(crate) fn new(endpoint: Endpoint, path: String, filters: Vec<Option<String>>) -> Self {
        Self { endpoint, template: None, path, query: String::new(), filters }
    }

    /// Adds a parameter to the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        push_query(&mut self.query, name, value);
        self
    }

    /// Distinguishes this listing, including its filter, from others.
    fn fingerprint(&self) -> u32 {
        let filters = self.filters.iter().map(|filter| filter.as_deref().unwrap_or_default());
        let query = Some(self.query.as_str()).filter(|query| !query.is_empty());
        fingerprint([self.path.as_str()].into_iter().chain(query).chain(filters))
    }

    fn request<'a>(&'a self, page_size: Option<u32>, cursor: &Cursor) -> Call<'a> {
        let mut request =
            Call::new(&self.endpoint, &self.path).template(self.template.as_deref()).raw_query(&self.query);
        if let Some(size) = page_size {
            request = request.query("maxPageSize", size.to_string());
        }
        if let Some(filter) = self.filters.get(cursor.part).and_then(Option::as_ref) {
            request = request.query("filter", filter);
        }
        if let Some(token) = &cursor.token {
            request = request.query("pageToken", token);
        }
        request
    }
}

/// How a page is requested and read.
pub(crate) struct PageShape<T> {
    /// The name of the list.
    field: Cow<'static, str>,
    /// `None` leaves the page size to the query or to the service.
    size: Option<u32>,
    may_be_bare: bool,
    decode: fn(&[u8], Names<'_>) -> Result<Contents<T>, DecodeError>,
}

impl<T> PageShape<T> {
    pub(super) fn of_model() -> Self
    where
        T: PageItem,
    {
        Self {
            field: Cow::Borrowed(T::FIELD),
            size: T::MAX_PAGE_SIZE,
            may_be_bare: T::MAY_BE_BARE,
            decode: decode_page,
        }
    }

    /// The shape of a page of anything that serde reads.
    pub(super) fn plain(field: String) -> Self
    where
        T: DeserializeOwned,
    {
        Self { field: Cow::Owned(field), size: None, may_be_bare: false, decode: decode_plain_page }
    }
}

/// A listing by whole pages, from [`Pager::pages`](crate::Pager::pages).
#[must_use = "a listing makes no request until it is iterated over"]
pub struct Pages<T> {
    session: Session,
    /// Or why there is nothing to request.
    listing: Result<Listing>,
    fingerprint: u32,
    shape: PageShape<T>,
    body: Buffer,
    /// The page that was yielded last, or that failed.
    current: Cursor,
    next: Option<Cursor>,
    /// No more requests: after the last page, or after an error.
    ended: bool,
    finished: bool,
    circle: Circle,
}

impl<T> Pages<T> {
    pub(super) fn new(session: Session, listing: Result<Listing>, shape: PageShape<T>) -> Self {
        let fingerprint = listing.as_ref().map_or(0, Listing::fingerprint);
        let start = Cursor { listing: Some(fingerprint), ..Cursor::default() };
        Self {
            session,
            fingerprint,
            shape,
            body: Buffer::default(),
            current: start.clone(),
            next: Some(start).filter(|_| listing.as_ref().map_or(true, |listing| !listing.filters.is_empty())),
            listing,
            ended: false,
            finished: false,
            circle: Circle::default(),
        }
    }

    /// Returns the position of the page that was yielded last, or that failed.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.current.clone()
    }

    /// Returns whether the last page was yielded.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn subject(&self) -> String {
        let subject = |listing: &Listing| listing.request(self.shape.size, &self.current).subject();
        self.listing.as_ref().map(subject).unwrap_or_default()
    }

    pub(super) fn restart_at(&mut self, mut cursor: Cursor) {
        let is_ours = cursor.listing.is_none_or(|listing| listing == self.fingerprint);
        let parts = self.listing.as_ref().map_or(0, |listing| listing.filters.len());
        if self.listing.is_ok() && parts > 0 && !(is_ours && cursor.part < parts) {
            self.listing = Err(Error::invalid_input("the cursor belongs to another listing")
                .advise("resume with the same user and the same filter, or start again"));
        }
        cursor.listing = Some(self.fingerprint);
        self.current = cursor.clone();
        self.next = Some(cursor).filter(|cursor| self.listing.is_err() || cursor.part < parts);
        self.ended = false;
        self.finished = false;
        self.circle = Circle::default();
    }

    fn fetch(&mut self) -> Option<Result<Page<T>>> {
        let cursor = self.next.take()?;
        let listing = match &self.listing {
            Ok(listing) => listing,
            Err(refusal) => return Some(Err(refusal.clone())),
        };
        let request = listing.request(self.shape.size, &cursor);
        let subject = request.subject();
        self.current = cursor;
        let names = Names {
            error_as_data: listing.endpoint.error_as_data(),
            may_be_bare: self.shape.may_be_bare,
            ..Names::of(&self.shape.field)
        };
        let mut contents = match self.session.run_in(&mut self.body, request, |body| (self.shape.decode)(body, names)) {
            Ok(contents) => contents,
            Err(error) => return Some(Err(error)),
        };
        if let Some(next) = &contents.next_token {
            if self.current.token.as_ref() == Some(next) || self.circle.closes_with(next) {
                return Some(Err(Error::invalid_response(
                    subject,
                    "a page token repeats, so the listing would never end",
                )));
            }
        }
        contents.items.drain(..self.current.taken.min(contents.items.len()));
        let (part, token) = match contents.next_token {
            Some(token) => (self.current.part, Some(token)),
            None => {
                self.circle = Circle::default();
                (self.current.part + 1, None)
            }
        };
        let next = Cursor { part, token, taken: 0, listing: self.current.listing };
        self.next = Some(next).filter(|next| next.part < listing.filters.len());
        Some(Ok(Page { items: contents.items, unreadable: contents.unreadable, next_cursor: self.next.clone() }))
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
            .field("is_start", &self.current.is_start())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Finds a cycle of page tokens of any length with one token in memory, by Brent's algorithm: each token is compared with
/// the remembered one, which moves up whenever the number of steps since then has doubled.
#[derive(Debug, Default)]
struct Circle {
    mark: Option<String>,
    steps: u64,
    limit: u64,
}

impl Circle {
    fn closes_with(&mut self, token: &str) -> bool {
        if self.mark.as_deref() == Some(token) {
            return true;
        }
        self.steps += 1;
        if self.steps >= self.limit {
            self.mark = Some(token.to_owned());
            self.limit = (self.limit * 2).max(1);
            self.steps = 0;
        }
        false
    }
}
