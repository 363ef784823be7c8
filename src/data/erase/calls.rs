//! The calls of a run, until one fails that concerns all of them.

use super::settings::Settings;
use crate::cancel::CancelToken;
use crate::data::share::{Share, Use};
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::request::Request;

/// Makes calls, unless the key was refused or the run cancelled.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) share: Share,
    pub(super) cancel: Option<CancelToken>,
    ended: Option<Error>,
}

impl Calls {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { share: Share::per_minute(settings.requests_per_minute), cancel: settings.cancel.clone(), ended: None }
    }

    pub(super) fn make<T>(&mut self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let made = match &self.cancel {
            Some(cancel) if cancel.is_cancelled() => {
                Err(Error::new(ErrorKind::Cancelled, "not tried").explain("the run was cancelled"))
            }
            _ => call(),
        };
        made.inspect_err(|error| {
            if concerns_all(error) {
                self.ended = Some(error.clone());
            }
        })
    }

    /// Keeps a request of no data store within the share. A second deletion does no harm.
    pub(super) fn prepare(&self, request: Request, used: Use) -> Request {
        let request = request.idempotent().paced_by(self.share.pace(used));
        match &self.cancel {
            Some(cancel) => request.cancel_by(cancel),
            None => request,
        }
    }
}

/// Whether no further call can succeed. A missing permission isn't such an error: a key can have it for some stores.
fn concerns_all(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Cancelled => true,
        ErrorKind::PermissionDenied => false,
        _ => error.scope() == ErrorScope::Run,
    }
}
