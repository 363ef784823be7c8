//! The error type of all calls.

mod body;
mod classify;
mod kind;
mod make;
mod missing_scope;
mod rounded;
mod show;
mod success;
mod value;
mod words;

pub(crate) use body::{ServiceError, one_line, shorten};
pub(crate) use classify::{Asked, Moment, Outcome, classify};
pub use kind::{ErrorKind, ErrorScope};
pub(crate) use rounded::rounded;
pub(crate) use success::ErrorFields;
pub use value::{Error, Result};

/// The replacement of a secret.
pub(crate) const REDACTED: &str = "[redacted]";
