use std::borrow::Cow;

use serde_json::{Map, Value};

use super::cursor::{Cursor, fingerprint};
use super::decode::{Collect, Names, Next, decode_into};
use crate::api::Method;
use crate::call::Session;
use crate::error::{Error, Result};
use crate::request::{Follow, Paging, Prepared, Request};
use crate::transport::Buffer;
use crate::wire;

/// Where the items of a page are.
pub(super) struct ListField {
    /// The name of the list.
    pub(super) name: Cow<'static, str>,
    pub(super) may_be_bare: bool,
}

/// What a page holds beside its items.
pub(super) struct Fetched {
    /// How many of the items were taken before.
    pub(super) taken: usize,
    pub(super) unreadable: Vec<Value>,
}

/// The pages of a listing, whatever their items are: it is compiled once, and not for each model.
pub(super) struct Listing {
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
    field: ListField,
    body: Buffer,
    /// The page that was fetched last, or that failed.
    pub(super) current: Cursor,
    pub(super) next: Option<Cursor>,
    circle: Circle,
    /// How many pages in a row had no items, but a token.
    empty_pages: u32,
    /// Whether items are missing, as far as it is known.
    pub(super) is_partial: bool,
}

impl Listing {
    pub(super) fn new(mut request: Request, paging: Paging, field: ListField) -> Self {
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
        let mut listing = Self {
            request,
            refusal: None,
            paging,
            each,
            fields,
            fingerprint,
            field,
            body: Buffer::default(),
            current: start.clone(),
            next: None,
            circle: Circle::default(),
            empty_pages: 0,
            is_partial: false,
        };
        listing.next = Some(start).filter(|_| listing.request.is_err() || listing.parts() > 0);
        listing
    }

    /// Returns the number of listings in sequence.
    fn parts(&self) -> usize {
        self.each.as_ref().map_or(1, |(_, values)| values.len())
    }

    pub(super) fn subject(&self) -> String {
        self.request.as_ref().map(Prepared::subject).unwrap_or_default()
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.request.as_ref().ok().map(|request| request.request.session())
    }

    /// The error of a response that can't be used.
    pub(super) fn invalid_response(&self, problem: &str) -> Error {
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
        self.circle = Circle::default();
        self.empty_pages = 0;
    }

    /// Fetches the next page.
    pub(super) fn fetch(&mut self, items: &mut dyn Collect) -> Option<Result<Fetched>> {
        self.current = self.next.take()?;
        let (unreadable, Next { token, is_partial }) = match self.fetch_current(items) {
            Ok(decoded) => decoded,
            Err(error) => return Some(Err(error)),
        };
        let count = items.len() + unreadable.len();
        let next_token = match self.paging.follow {
            _ if count == 0 && self.paging.ends_when_empty => None,
            Follow::Field { .. } => token,
            Follow::Skip => (count > 0).then(|| self.number().saturating_add(count as u64).to_string()),
            Follow::Number => (count > 0).then(|| self.number().max(1).saturating_add(1).to_string()),
        };
        self.is_partial |= is_partial;
        let next_token = self.unless_endless(count, next_token);
        if let Some(next) = &next_token {
            if self.current.token.as_ref() == Some(next) || self.circle.closes_with(next) {
                let problem = "a page token repeats, so the listing would never end";
                return Some(Err(self.invalid_response(problem)));
            }
        }
        let (part, token) = match next_token {
            Some(token) => (self.current.part, Some(token)),
            None => {
                self.circle = Circle::default();
                (self.current.part + 1, None)
            }
        };
        let next = Cursor { part, token, taken: 0, listing: self.current.listing };
        self.next = Some(next).filter(|next| next.part < self.parts());
        Some(Ok(Fetched { taken: self.current.taken, unreadable }))
    }

    /// Returns the token of the next page, unless pages without items seem to go on for ever.
    fn unless_endless(&mut self, count: usize, token: Option<String>) -> Option<String> {
        let Some(most) = self.paging.most_empty.filter(|_| count == 0 && token.is_some()) else {
            self.empty_pages = 0;
            return token;
        };
        self.empty_pages += 1;
        if self.empty_pages < most && token != self.current.token {
            return token;
        }
        self.is_partial = true;
        None
    }

    /// Returns the number in the page token of listings that have one.
    fn number(&self) -> u64 {
        self.current.token.as_deref().and_then(wire::decimal).unwrap_or_default()
    }

    fn fetch_current(&mut self, items: &mut dyn Collect) -> Result<(Vec<Value>, Next)> {
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
            list: &self.field.name,
            next,
            more,
            error_as_data: request.endpoint().error_as_data(),
            may_be_bare: self.field.may_be_bare,
            partial: self.paging.partial_fields,
        };
        let mut decoded = Default::default();
        request.run_in(&mut self.body, None, &query, &mut |body| {
            decoded = decode_into(items, body, names)?;
            Ok(())
        })?;
        Ok(decoded)
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
