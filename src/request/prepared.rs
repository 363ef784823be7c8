//! A request that is ready to be sent.

use std::borrow::Cow;
use std::io::Write;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Instant;

use serde_json::{Map, Value};

use super::body::Body;
use super::builder::{OnRepeat, Request};
use super::response::Origin;
use super::response::Response;
use super::route::Route;
use crate::api::{Endpoint, Method, push_query};
use crate::call::{Bound, Decoder};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::gate::Slot;
use crate::transport::{Buffer, Call, Download, Head, Payload};

/// A request that was checked, and where it goes. It can be sent several times, if its body can.
pub(crate) struct Prepared {
    pub(crate) request: Request,
    route: Route,
    /// Whether a redirect has led to another host, which never receives the caller's headers.
    has_left: bool,
    body: Option<Body>,
    on_repeat: Option<OnRepeat>,
    has_sent: bool,
}

// A body that a panic has left half read starts again before the next attempt.
impl UnwindSafe for Prepared {}
impl RefUnwindSafe for Prepared {}

impl Prepared {
    pub(super) fn new(mut request: Request) -> Result<Self> {
        let route = request.route()?;
        if let Some(problem) = request.problem.take() {
            return Err(request.redact(problem));
        }
        if request.each.is_some() {
            return Err(Error::invalid_input("query_each makes listings, and this call isn't one"));
        }
        let mut body = request.body.take();
        if body.is_some() && request.endpoint.method() == Method::Get {
            return Err(Error::invalid_input("a GET request takes no body"));
        }
        if let Some(body) = &mut body {
            if let Some(problem) = body.take_problem() {
                return Err(problem);
            }
            body.check().map_err(|problem| request.redact(problem))?;
            body.set_on_attempt(mem::take(&mut request.on_attempt));
        }
        let on_repeat = request.on_repeat.take();
        Ok(Self { request, route, has_left: false, body, on_repeat, has_sent: false })
    }

    /// Makes the call.
    pub(super) fn run(&mut self, decode: &mut Decoder<'_>) -> Result<()> {
        self.run_in(&mut Buffer::default(), None, &[], decode)
    }

    /// Makes one of several calls, whose responses use one buffer, by `deadline`. `query` is what only this one has in its query.
    pub(crate) fn run_in(
        &mut self,
        buffer: &mut Buffer,
        deadline: Option<Instant>,
        query: &[(&str, String)],
        decode: &mut Decoder<'_>,
    ) -> Result<()> {
        self.rewind()?;
        let session = self.request.session.clone();
        let mut call = self.call();
        call.deadline = deadline;
        for (name, value) in query {
            push_query(&mut call.query, name, value);
        }
        session.run(buffer, call, decode)
    }

    /// Starts the body again, if it was sent before.
    fn rewind(&mut self) -> Result<()> {
        if !mem::replace(&mut self.has_sent, true) || self.body.as_mut().is_none_or(Payload::rewind) {
            return Ok(());
        }
        Err(Error::invalid_input("the body is a reader, which can be sent only once"))
    }

    /// Makes the call, which may start work that takes a slot, and returns the slot.
    pub(crate) fn run_for_slot(&mut self, decode: &mut Decoder<'_>) -> Result<Option<Slot>> {
        let session = self.request.session.clone();
        let mut slot = None;
        let mut call = self.call();
        call.slot = Some(&mut slot);
        session.run(&mut Buffer::default(), call, decode)?;
        Ok(slot)
    }

    /// Makes the call, and returns the whole response.
    pub(super) fn response(&mut self) -> Result<Response> {
        let (mut head, mut buffer) = (Head::default(), Buffer::default());
        let session = self.request.session.clone();
        let mut call = self.call();
        let subject = call.subject();
        call.head = Some(&mut head);
        session.run(&mut buffer, call, &mut |_| Ok(()))?;
        let secrets = self.request.secrets.clone();
        Ok(Response::new(head, buffer.into_inner(), Origin { session, secrets, subject }))
    }

    /// Makes one call of a download.
    pub(super) fn download(
        &mut self,
        download: &mut Download,
        writer: &mut dyn Write,
        end: Option<(Instant, Bound)>,
    ) -> Result<()> {
        self.rewind()?;
        let session = self.request.session.clone();
        let mut call = self.call();
        call.deadline = end.map(|(end, _)| end);
        call.download = Some((download, writer));
        session.run(&mut Buffer::default(), call, &mut |_| Ok(())).map_err(|error| match end {
            Some((end, bound)) => bound.explain(error, end),
            None => error,
        })
    }

    /// Follows a redirect.
    pub(super) fn redirect(&mut self, location: &str) -> Result<()> {
        let route =
            self.route.redirected(location, &self.request.session).map_err(|problem| self.invalid_response(problem))?;
        self.has_left |= route.origin != self.route.origin;
        self.route = route;
        Ok(())
    }

    /// Returns the call, as the loop makes it.
    pub(crate) fn call(&mut self) -> Call<'_> {
        let request = &self.request;
        Call {
            before_repeat: self.on_repeat.as_deref_mut().map(|f| f as _),
            // A URL has a query, which is part of no rate limit.
            template: Some(if request.template().starts_with('/') { request.template() } else { &self.route.path }),
            parameters: &request.parameters,
            query: self.route.query.clone(),
            echoes: &request.echoes,
            secrets: request.secrets.clone(),
            headers: if self.has_left { &[] } else { &request.headers },
            payload: self.body.as_mut().map(|body| body as &mut dyn Payload),
            origin: self.route.origin.as_deref(),
            pace: request.pace.as_deref(),
            cancel: request.cancel.as_ref().map(CancelToken::as_cancel),
            ..Call::new(&request.endpoint, &self.route.path)
        }
    }

    /// Returns the method and path, for errors.
    pub(crate) fn subject(&self) -> String {
        self.route.subject(self.request.endpoint.method())
    }

    /// The error of a response that can't be used.
    pub(crate) fn invalid_response(&self, problem: impl Into<String>) -> Error {
        self.request.redact(Error::invalid_response(self.subject(), problem))
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.request.endpoint
    }

    /// Replaces the JSON of the body, whose callbacks stay.
    pub(crate) fn set_json(&mut self, fields: &Map<String, Value>) -> Result<()> {
        let json = Body::json(fields)?;
        self.body = Some(match self.body.take() {
            Some(body) => body.with_content_of(json),
            None => json,
        });
        self.has_sent = false;
        Ok(())
    }

    /// Returns the text of a body in memory.
    pub(crate) fn body_text(&self) -> Option<Cow<'_, str>> {
        self.body.as_ref()?.bytes_in_memory().map(String::from_utf8_lossy)
    }

    pub(crate) fn path(&self) -> &str {
        &self.route.path
    }

    pub(crate) fn query(&self) -> &str {
        &self.route.query
    }

    /// Whether it goes to another host than the service's.
    pub(crate) fn leaves_the_service(&self) -> bool {
        self.route.origin.is_some()
    }
}
