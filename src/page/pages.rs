use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::cursor::{Cursor, fingerprint};
use super::decode::{Contents, Names, PageItem, decode_page, decode_plain_page};
use crate::api::{Method, push_query};
use crate::call::DecodeError;
use crate::error::{Error, Result};
use crate::request::{Follow, Paging, Prepared, Request};
use crate::transport::Buffer;
use crate::wire;

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

/// How a page is read.
pub(crate) struct PageShape<T> {
    /// The name of the list.
    field: Cow<'static, str>,
    may_be_bare: bool,
    decode: fn(&[u8], Names<'_>) -> Result<Contents<T>, DecodeError>,
}

impl<T> PageShape<T> {
    pub(super) fn of_model() -> Self
    where
        T: PageItem,
    {
        Self { field: Cow::Borrowed(T::FIELD), may_be_bare: T::MAY_BE_BARE, decode: decode_page }
    }

    /// The shape of a page of anything that serde reads.
    pub(super) fn plain(field: String) -> Self
    where
        T: DeserializeOwned,
    {
        Self { field: Cow::Owned(field), may_be_bare: false, decode: decode_plain_page }
    }
}

/// A listing by whole pages, from [`Pager::pages`](crate::Pager::pages).
#[must_use = "a listing makes no request until it is iterated over"]
pub struct Pages<T> {
    /// Or why there is nothing to request.
    request: Result<Prepared>,
    /// Why a cursor can't be resumed from.
    refusal: Option<Error>,
    paging: Paging,
    /// The parameter whose values make listings of their own, in sequence.
    each: Option<(&'static str, Vec<String>)>,
    /// The JSON body, to which the parameters are added.
    fields: Option<Map<String, Value>>,
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
    pub(super) fn new(mut request: Request, paging: Paging, shape: PageShape<T>) -> Self {
        let each = request.take_each();
        let fields = match paging.in_body {
            true if request.endpoint().method() == Method::Get => {
                Err(Error::invalid_input("a GET request takes no body"))
            }
            true => request.json_object(),
            false => Ok(None),
        };
        let (fields, problem) = match fields {
            Ok(fields) => (fields, None),
            Err(problem) => (None, Some(problem)),
        };
        let request = match problem {
            None => request.prepare(),
            Some(problem) => request.failed(problem).prepare(),
        };
        let request = request.and_then(|request| match request.leaves_the_service() {
            true => Err(Error::invalid_input("a listing takes no URL of another host")),
            false => Ok(request),
        });
        let fingerprint = request.as_ref().map_or(0, |request| fingerprint_of(request, paging, each.as_ref()));
        let start = Cursor { listing: Some(fingerprint), ..Cursor::default() };
        let mut pages = Self {
            request,
            refusal: None,
            paging,
            each,
            fields,
            fingerprint,
            shape,
            body: Buffer::default(),
            current: start.clone(),
            next: None,
            ended: false,
            finished: false,
            circle: Circle::default(),
        };
        pages.next = Some(start).filter(|_| pages.request.is_err() || pages.parts() > 0);
        pages
    }

    /// Returns the number of listings in sequence.
    fn parts(&self) -> usize {
        self.each.as_ref().map_or(1, |(_, values)| values.len())
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
        self.request.as_ref().map(Prepared::subject).unwrap_or_default()
    }

    /// The error of a response that can't be used.
    pub(super) fn invalid_response(&self, problem: impl Into<String>) -> Error {
        match &self.request {
            Ok(request) => request.invalid_response(problem),
            Err(refusal) => refusal.clone(),
        }
    }

    pub(super) fn restart_at(&mut self, mut cursor: Cursor) {
        let is_ours = cursor.listing.is_none_or(|listing| listing == self.fingerprint);
        let is_numbered = !matches!(self.paging.follow, Follow::Field { .. });
        let is_number = cursor.token.as_ref().is_none_or(|token| wire::decimal(token).is_some());
        let parts = self.parts();
        let fits = is_ours && cursor.part < parts && (!is_numbered || is_number);
        self.refusal = (self.request.is_ok() && parts > 0 && !fits).then(|| {
            Error::invalid_input("the cursor belongs to another listing")
                .advise("resume with the same user, the same filter and the same page size, or start again")
        });
        cursor.listing = Some(self.fingerprint);
        self.current = cursor.clone();
        self.next = Some(cursor).filter(|_| self.refusal.is_some() || self.request.is_err() || parts > 0);
        self.ended = false;
        self.finished = false;
        self.circle = Circle::default();
    }

    fn fetch(&mut self) -> Option<Result<Page<T>>> {
        let cursor = self.next.take()?;
        self.current = cursor;
        let mut contents = match self.fetch_current() {
            Ok(contents) => contents,
            Err(error) => return Some(Err(error)),
        };
        let count = contents.items.len() + contents.unreadable.len();
        let next_token = match self.paging.follow {
            _ if count == 0 && self.paging.ends_when_empty => None,
            Follow::Field { .. } => contents.next_token.take(),
            Follow::Skip => (count > 0).then(|| self.number().saturating_add(count as u64).to_string()),
            Follow::Number => (count > 0).then(|| self.number().max(1).saturating_add(1).to_string()),
        };
        if let Some(next) = &next_token {
            if self.current.token.as_ref() == Some(next) || self.circle.closes_with(next) {
                let problem = "a page token repeats, so the listing would never end";
                return Some(Err(self.invalid_response(problem)));
            }
        }
        contents.items.drain(..self.current.taken.min(contents.items.len()));
        let (part, token) = match next_token {
            Some(token) => (self.current.part, Some(token)),
            None => {
                self.circle = Circle::default();
                (self.current.part + 1, None)
            }
        };
        let next = Cursor { part, token, taken: 0, listing: self.current.listing };
        self.next = Some(next).filter(|next| next.part < self.parts());
        Some(Ok(Page { items: contents.items, unreadable: contents.unreadable, next_cursor: self.next.clone() }))
    }

    /// Returns the number in the page token of listings that have one.
    fn number(&self) -> u64 {
        self.current.token.as_deref().and_then(wire::decimal).unwrap_or_default()
    }

    fn fetch_current(&mut self) -> Result<Contents<T>> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let request = self.request.as_mut().map_err(|refusal| refusal.clone())?;
        let Paging { parameter, size_parameter, size, .. } = self.paging;
        let size = size.map(|size| (size_parameter, size.to_string()));
        let each = self.each.as_ref().and_then(|(name, values)| Some((*name, values.get(self.current.part)?.clone())));
        let token = self.current.token.clone().map(|token| (parameter, token));
        let mut query: Vec<(&str, String)> = Vec::with_capacity(3);
        match &self.fields {
            None => query.extend(size.into_iter().chain(each).chain(token)),
            Some(fields) => {
                let mut fields = fields.clone();
                let is_numbered = !matches!(self.paging.follow, Follow::Field { .. });
                let number = |text: &str| wire::decimal(text).map_or_else(|| Value::from(text), Value::from);
                fields.extend(size.map(|(name, size)| (name.to_owned(), number(&size))));
                fields.extend(token.map(|(name, token)| {
                    (name.to_owned(), if is_numbered { number(&token) } else { Value::from(token) })
                }));
                query.extend(each);
                request.set_json(&fields)?;
            }
        }
        let (next, more) = match self.paging.follow {
            Follow::Field { next, more } => (Some(next), more),
            Follow::Skip | Follow::Number => (None, None),
        };
        let names = Names {
            list: &self.shape.field,
            next,
            more,
            error_as_data: request.endpoint().error_as_data(),
            may_be_bare: self.shape.may_be_bare,
        };
        let decode = self.shape.decode;
        request.run_in(
            &mut self.body,
            None,
            |all| query.iter().for_each(|(name, value)| push_query(all, name, value)),
            |body| decode(body, names),
        )
    }
}

/// Distinguishes a listing from others: by what it requests, its filters and its pages.
fn fingerprint_of(request: &Prepared, paging: Paging, each: Option<&(&'static str, Vec<String>)>) -> u32 {
    let size = paging.size.map(|size| size.to_string());
    let body = request.body_text();
    let texts = [request.path(), request.query(), body.as_deref().unwrap_or_default(), paging.parameter];
    let filters = each.into_iter().flat_map(|(_, values)| values).map(String::as_str);
    fingerprint(texts.into_iter().filter(|text| !text.is_empty()).chain(size.as_deref()).chain(filters))
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
