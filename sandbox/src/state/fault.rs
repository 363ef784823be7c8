//! Injected faults.

use std::time::Duration;

use crate::http::{Answer, words};
use crate::routes::document;

/// A fault that affects one request or several, for [`Sandbox::inject`](crate::Sandbox::inject).
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud_sandbox::{Fault, Sandbox};
/// use rblxopencloud::{ErrorKind, RetryPolicy, UserInfo};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let sandbox = Sandbox::start()?;
/// sandbox.add_user(UserInfo::new(156, "builderman"));
/// sandbox.inject(Fault::status(503).header("retry-after", "0").times(2));
///
/// let quick = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
/// let client = sandbox.client_with(|settings| settings.retry(quick))?;
/// assert_eq!(client.user(156).fetch_info()?.username, "builderman");
/// assert_eq!(sandbox.requests().len(), 3);
///
/// sandbox.inject(Fault::reset_before_answer().on("GET", "/cloud/v2/users/"));
/// let client = sandbox.client_with(|settings| settings.retry(RetryPolicy::none()))?;
/// let error = client.user(156).fetch_info().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Connection);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    pub(crate) kind: Kind,
    pub(crate) method: Option<String>,
    /// The beginning of the path, or a template of the whole path.
    pub(crate) path: String,
    pub(crate) times: u64,
    pub(crate) after: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Status(Answer),
    StatusAfter(Answer),
    Delay(Duration),
    ResetBeforeAnswer,
    ResetBeforeReading,
    ResetInAnswer,
    TruncatedBody,
    Raw(Vec<u8>),
    EarlyAnswer(Answer),
}

/// What to do to a request.
#[derive(Debug)]
pub(crate) enum Harm {
    /// Before the body is read.
    CloseAtOnce,
    AnswerAtOnce(Answer),
    /// In place of the service's response; the request isn't carried out.
    Answer(Answer),
    Raw(Vec<u8>),
    /// Before the request is carried out.
    Delay(Duration),
    /// After the request was carried out.
    AnswerAfter(Answer),
    NoAnswer,
    HalfAnAnswer,
    HalfABody,
}

impl Fault {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, method: None, path: String::new(), times: 1, after: 0 }
    }

    /// Responds with this status, and for an error with a body in the service's form. The request is not carried out.
    ///
    /// With 200 and [`body`](Self::body), it is any response that a test needs.
    pub fn status(status: u16) -> Self {
        Self::new(Kind::Status(usual_answer(status)))
    }

    /// Carries out the request, and responds with this status in place of its response, as a gateway does that didn't wait for the
    /// service.
    ///
    /// The client can't tell whether the request was carried out.
    pub fn status_after(status: u16) -> Self {
        Self::new(Kind::StatusAfter(usual_answer(status)))
    }

    /// Delays the response.
    pub fn delay(delay: Duration) -> Self {
        Self::new(Kind::Delay(delay))
    }

    /// Carries out the request, and closes the connection without a response.
    ///
    /// The client can't tell whether the request was carried out.
    pub fn reset_before_answer() -> Self {
        Self::new(Kind::ResetBeforeAnswer)
    }

    /// Closes the connection after the head of the request, which is not carried out.
    ///
    /// A client that is sending its body gets a reset; any other client sees the connection close.
    pub fn reset_before_reading() -> Self {
        Self::new(Kind::ResetBeforeReading)
    }

    /// Carries out the request, and closes the connection within the response, anywhere.
    pub fn reset_in_answer() -> Self {
        Self::new(Kind::ResetInAnswer)
    }

    /// Carries out the request, and closes the connection within the body of the response.
    pub fn truncated_body() -> Self {
        Self::new(Kind::TruncatedBody)
    }

    /// Responds with arbitrary bytes, and closes the connection. The request is not carried out.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::Raw(bytes.into()))
    }

    /// Responds with this status after the head of the request, without reading the body, and closes the connection. The request
    /// is not carried out.
    ///
    /// A client that sends the body without waiting for `100 Continue` may get a reset in place of the response.
    pub fn early_answer(status: u16) -> Self {
        Self::new(Kind::EarlyAnswer(usual_answer(status)))
    }

    /// Adds a header to the response of a fault with a status.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Kind::Status(answer) | Kind::StatusAfter(answer) | Kind::EarlyAnswer(answer) = &mut self.kind {
            answer.headers.push((name.into(), value.into()));
        }
        self
    }

    /// Replaces the body of the response of a fault with a status.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        if let Kind::Status(answer) | Kind::StatusAfter(answer) | Kind::EarlyAnswer(answer) = &mut self.kind {
            answer.body = body.into();
        }
        self
    }

    /// Limits the fault to requests with this method, whose path begins with this one. If it has braces, as the
    /// [path of an endpoint](rblxopencloud::Endpoint::path) has, it is the form of the whole path.
    ///
    /// ```
    /// use rblxopencloud::endpoints::INCREMENT_DATA_STORE_ENTRY;
    /// use rblxopencloud_sandbox::Fault;
    ///
    /// let all_of_a_store = Fault::reset_before_answer().on("POST", "/cloud/v2/universes/13058/data-stores/Players/");
    /// let only_increments = Fault::reset_before_answer().on("POST", INCREMENT_DATA_STORE_ENTRY.path());
    /// ```
    pub fn on(mut self, method: impl Into<String>, path: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self.path = path.into();
        self
    }

    /// Sets how many requests are affected. Defaults to 1.
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Sets how many matching requests are let through first. Defaults to 0.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let is_path = match self.path.contains('{') {
            true => {
                let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
                document::params(&self.path, &segments).is_some()
            }
            false => path.starts_with(&self.path),
        };
        is_path && self.method.as_ref().is_none_or(|wanted| wanted == method)
    }

    fn harm(&self) -> Harm {
        match &self.kind {
            Kind::Status(answer) => Harm::Answer(answer.clone()),
            Kind::StatusAfter(answer) => Harm::AnswerAfter(answer.clone()),
            Kind::Delay(delay) => Harm::Delay(*delay),
            Kind::ResetBeforeAnswer => Harm::NoAnswer,
            Kind::ResetBeforeReading => Harm::CloseAtOnce,
            Kind::ResetInAnswer => Harm::HalfAnAnswer,
            Kind::TruncatedBody => Harm::HalfABody,
            Kind::Raw(bytes) => Harm::Raw(bytes.clone()),
            Kind::EarlyAnswer(answer) => Harm::AnswerAtOnce(answer.clone()),
        }
    }
}

fn usual_answer(status: u16) -> Answer {
    let (code, message) = words(status);
    if status < 400 { Answer::new(status, "") } else { Answer::v2(status, code, message) }
}

/// The faults that were not used up.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.0.push(fault);
        }
    }

    /// Returns them in the order in which they were injected.
    pub(crate) fn all(&self) -> &[Fault] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the first fault that affects this request. Faults before it count the request as let through.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Harm> {
        for (index, fault) in self.0.iter_mut().enumerate() {
            if !fault.matches(method, path) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            fault.times -= 1;
            let harm = fault.harm();
            if fault.times == 0 {
                drop(self.0.remove(index));
            }
            return Some(harm);
        }
        None
    }
}
