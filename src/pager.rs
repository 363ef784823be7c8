//! Listings that come page by page.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::Endpoint;
use crate::client::Client;
use crate::error::{Error, Result, ServiceError};
use crate::transport::{Request, Undecodable};

/// A model that comes in pages.
pub(crate) trait Listed: Sized {
    /// The model as the service writes it.
    type Wire: DeserializeOwned;

    /// `None` if only [`from_value`](Self::from_value) can do it justice.
    fn from_wire(wire: Self::Wire) -> Option<Self>;

    /// Gives back what can't be read at all.
    fn from_value(value: Value) -> Result<Self, Value>;
}

/// A listing: an iterator over items, which fetches the next page when it needs one.
///
/// Nothing is asked before the first [`next`](Iterator::next). Pages are of the largest size that the service gives. After
/// a page that failed it ends; [`cursor`](Self::cursor) then tells where to go on. A single item that can't be read is an
/// error behind the other items of its page, and the listing goes on.
///
/// ```no_run
/// # use rblxopencloud::{Result, User};
/// # fn run(user: &User, saved: Option<String>, save: impl Fn(Option<&str>)) -> Result<()> {
/// let mut items = user.list_inventory().resume_from(saved.as_deref());
/// for item in &mut items {
///     match item {
///         Ok(item) => println!("{item:?}"),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// if !items.is_finished() {
///     save(items.cursor());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a listing asks for nothing until it is iterated over"]
pub struct Pager<T> {
    pages: Pages<T>,
    /// What is left of the page that was fetched last.
    items: VecDeque<T>,
    unreadable: VecDeque<Value>,
}

impl<T> Pager<T> {
    pub(crate) fn new(client: Client, listing: Listing) -> Self
    where
        T: Listed,
    {
        Self { pages: Pages::new(client, Some(listing)), items: VecDeque::new(), unreadable: VecDeque::new() }
    }

    /// A listing that is known to be empty, or refused, without asking.
    pub(crate) fn settled(client: Client, refusal: Option<String>) -> Self
    where
        T: Listed,
    {
        let mut pages = Pages::new(client, None);
        pages.refusal = refusal;
        Self { pages, items: VecDeque::new(), unreadable: VecDeque::new() }
    }

    /// The same listing from a page on, which [`cursor`](Self::cursor) or [`Page::next_cursor`] named; `None` is the
    /// first page. A cursor holds for the listing that gave it: the same user and the same filter.
    pub fn resume_from(mut self, cursor: Option<&str>) -> Self {
        self.items.clear();
        self.unreadable.clear();
        self.pages.restart_at(cursor.filter(|cursor| !cursor.is_empty()).map(str::to_owned));
        self
    }

    /// The page that holds what comes after the last item that was given out; `None` is the first page.
    ///
    /// It moves on to the next page only when that one is asked for, so that a listing which goes on from here gives each
    /// item at least once and skips none.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.pages.cursor()
    }

    /// Whether the listing came to its end: all there is was given out, and nothing failed.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.items.is_empty() && self.unreadable.is_empty() && self.pages.is_finished()
    }

    /// The same listing by whole pages. What is left of a page that was begun is dropped, and comes again.
    pub fn pages(mut self) -> Pages<T> {
        if !self.items.is_empty() || !self.unreadable.is_empty() {
            let current = self.pages.current.take();
            self.pages.restart_at(current);
        }
        self.pages
    }
}

impl<T> Iterator for Pager<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(Ok(item));
            }
            if let Some(value) = self.unreadable.pop_front() {
                return Some(Err(self.pages.unreadable(&value)));
            }
            match self.pages.next()? {
                Ok(page) => (self.items, self.unreadable) = (page.items.into(), page.unreadable.into()),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T> FusedIterator for Pager<T> {}

impl<T> fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("pages", &self.pages).field("items_left", &self.items.len()).finish()
    }
}

/// A page of a listing, from [`Pager::pages`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items; a page in the middle may have none.
    pub items: Vec<T>,
    /// What stood among the items and can't be read as one, as the service sent it; almost always empty.
    pub unreadable: Vec<Value>,
    /// Names the next page, for [`Pager::resume_from`]; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// What to ask for, page by page.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) endpoint: Endpoint,
    pub(crate) path: String,
    pub(crate) filter: Option<String>,
    pub(crate) page_size: u32,
}

impl Listing {
    fn request(&self, cursor: Option<&str>) -> Request<'_> {
        let mut request = Request::new(&self.endpoint, &self.path).query("maxPageSize", self.page_size.to_string());
        if let Some(filter) = &self.filter {
            request = request.query("filter", filter);
        }
        if let Some(cursor) = cursor {
            request = request.query("pageToken", cursor);
        }
        request
    }
}

/// A listing by whole pages, from [`Pager::pages`].
#[must_use = "a listing asks for nothing until it is iterated over"]
pub struct Pages<T> {
    client: Client,
    listing: Option<Listing>,
    refusal: Option<String>,
    decode: fn(&[u8]) -> Result<Page<T>, Undecodable>,
    body: Vec<u8>,
    /// The page that was given out last, or that failed.
    current: Option<String>,
    next: Option<String>,
    /// Nothing more is asked: after the last page, or after an error.
    ended: bool,
    finished: bool,
    circle: Circle,
}

impl<T> Pages<T> {
    fn new(client: Client, listing: Option<Listing>) -> Self
    where
        T: Listed,
    {
        Self {
            client,
            listing,
            refusal: None,
            decode: decode_page,
            body: Vec::new(),
            current: None,
            next: None,
            ended: false,
            finished: false,
            circle: Circle::default(),
        }
    }

    /// The page that was given out last, or that failed; `None` is the first page.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whether the last page was given out.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    fn unreadable(&self, value: &Value) -> Error {
        let subject = self.listing.as_ref().map_or_else(String::new, |listing| listing.request(None).subject());
        let error = Error::invalid_response(subject, format!("one item can't be read: {value}"));
        self.client.transport().seal(error)
    }

    fn restart_at(&mut self, cursor: Option<String>) {
        self.current.clone_from(&cursor);
        self.next = cursor;
        self.ended = false;
        self.finished = false;
        self.circle = Circle::default();
    }

    fn fetch(&mut self) -> Option<Result<Page<T>>> {
        if let Some(refusal) = &self.refusal {
            return Some(Err(Error::invalid_input(refusal)));
        }
        let listing = self.listing.as_ref()?;
        self.current = self.next.take();
        let request = listing.request(self.current.as_deref());
        let subject = request.subject();
        let page = match self.client.transport().send(request, &mut self.body, self.decode) {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        if let Some(next) = &page.next_cursor {
            if self.current.as_ref() == Some(next) || self.circle.closes_with(next) {
                return Some(Err(Error::invalid_response(
                    subject,
                    "the pages go round in circles: a page token came that was there before",
                )));
            }
        }
        self.next.clone_from(&page.next_cursor);
        Some(Ok(page))
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
            .field("listing", &self.listing)
            // The service chose the text of the cursor, and could have put anything into it.
            .field("has_cursor", &self.current.is_some())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Finds a circle of page tokens of any length with one token in memory (R. Brent's way): it is compared with each that
/// comes, and moved up whenever the number of steps since has doubled.
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

/// A page as the service writes it; the list has a name of its own in each listing, and may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "I: Deserialize<'de>"))]
struct WirePage<I> {
    #[serde(default, alias = "inventoryItems", alias = "groupMemberships")]
    items: Option<Vec<I>>,
    #[serde(default)]
    next_page_token: Option<String>,
}

/// Reads a page straight into models. If one item is of a kind that has to keep its JSON, or is strange, the page is read
/// again with more patience.
pub(crate) fn decode_page<T: Listed>(body: &[u8]) -> Result<Page<T>, Undecodable> {
    // serde would take an array for an object whose fields have no names.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first != b'{') {
        return Err(Undecodable::Json(serde::de::Error::custom("a page that is no object")));
    }
    if let Ok(page) = serde_json::from_slice::<WirePage<T::Wire>>(body) {
        let wires = page.items.unwrap_or_default();
        let count = wires.len();
        let items: Vec<T> = wires.into_iter().map_while(T::from_wire).collect();
        if items.len() == count {
            return finish(items, Vec::new(), page.next_page_token, body);
        }
    }
    let page: WirePage<Value> = serde_json::from_slice(body)?;
    let (mut items, mut unreadable) = (Vec::new(), Vec::new());
    for value in page.items.unwrap_or_default() {
        match T::from_value(value) {
            Ok(item) => items.push(item),
            Err(value) => unreadable.push(value),
        }
    }
    finish(items, unreadable, page.next_page_token, body)
}

fn finish<T>(items: Vec<T>, unreadable: Vec<Value>, next: Option<String>, body: &[u8]) -> Result<Page<T>, Undecodable> {
    let next_cursor = next.filter(|token| !token.is_empty());
    if items.is_empty() && next_cursor.is_none() {
        // An error must not pass for the end of the list.
        if let Some(said) = ServiceError::from_json(&serde_json::from_slice(body)?).filter(|said| !said.is_ok()) {
            return Err(Undecodable::Service(said));
        }
    }
    Ok(Page { items, unreadable, next_cursor })
}
