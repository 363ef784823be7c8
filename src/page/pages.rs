use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::cursor::{Cursor, fingerprint};
use super::decode::{Contents, Names, PageItem, decode_page, decode_plain_page};
use crate::api::{Method, push_query};
use crate::call::{Buffer, DecodeError};
use crate::error::{Error, Result};
use crate::request::{Body, Follow, Paging, Prepared, Request};

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
            true => request.take_json_object(),
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
        let parts = each.iter().flat_map(|(_, values)| values).map(String::as_str);
        let fingerprint = request.as_ref().map_or(0, |request| {
            let query = Some(request.query()).filter(|query| !query.is_empty());
            fingerprint([request.path()].into_iter().chain(query).chain(parts))
        });
        let start = Cursor { listing: Some(fingerprint), ..Cursor::default() };
        let mut pages = Self {
            request,
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

    pub(super) fn restart_at(&mut self, mut cursor: Cursor) {
        let is_ours = cursor.listing.is_none_or(|listing| listing == self.fingerprint);
        let parts = self.parts();
        if self.request.is_ok() && parts > 0 && !(is_ours && cursor.part < parts) {
            self.request = Err(Error::invalid_input("the cursor belongs to another listing")
                .advise("resume with the same user and the same filter, or start again"));
        }
        cursor.listing = Some(self.fingerprint);
        self.current = cursor.clone();
        self.next = Some(cursor).filter(|cursor| self.request.is_err() || cursor.part < parts);
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
            Follow::Skip => (count > 0).then(|| (self.number() + count as u64).to_string()),
            Follow::Number => (count > 0).then(|| (self.number().max(1) + 1).to_string()),
        };
        if let Some(next) = &next_token {
            if self.current.token.as_ref() == Some(next) || self.circle.closes_with(next) {
                let problem = "a page token repeats, so the listing would never end";
                return Some(Err(Error::invalid_response(self.subject(), problem)));
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
        self.current.token.as_ref().and_then(|token| token.parse().ok()).unwrap_or_default()
    }

    fn fetch_current(&mut self) -> Result<Contents<T>> {
        let request = self.request.as_mut().map_err(|refusal| refusal.clone())?;
        let Paging { parameter, size_parameter, size, .. } = self.paging;
        let size = size.map(|size| size.to_string());
        let token = self.current.token.as_deref();
        let each = self.each.as_ref().and_then(|(name, values)| Some((*name, values.get(self.current.part)?.as_str())));
        let parameters = [size.as_deref().map(|size| (size_parameter, size)), token.map(|token| (parameter, token))];
        let mut parameters: Vec<(&str, &str)> = parameters.into_iter().flatten().collect();
        // Such as a filter, before the page token.
        if let Some(each) = each {
            parameters.insert(usize::from(size.is_some()), each);
        }
        if let Some(fields) = &self.fields {
            let mut fields = fields.clone();
            for (name, text) in parameters.drain(..) {
                let value = if name == size_parameter { text.parse::<u32>().map(Value::from).ok() } else { None };
                fields.insert(name.to_owned(), value.unwrap_or_else(|| Value::from(text)));
            }
            request.set_body(Body::json(&fields)?);
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
            |query| parameters.iter().for_each(|(name, value)| push_query(query, name, value)),
            |body| decode(body, names),
        )
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
