//! How an error is shown, and what it converts to.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::value::Detail;
use super::{Error, ErrorKind};
use crate::plain::Plain;

impl StdError for Error {
    /// The line has the text of the direct cause, so this is the cause behind it.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.detail.source.as_ref()?.source()
    }
}

/// The failure of a file of the caller, so that `File::open(path)?` works in a function that returns this crate's
/// [`Result`](crate::Result). It has the kind [`Io`](ErrorKind::Io). An `Error` that was converted to an `io::Error` comes back as
/// it was.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(error) => Self::io("a file of the caller", error),
        }
    }
}

/// Keeps the kind of a system error, and maps other kinds to the nearest one. [`io::Error::get_ref`] returns the whole error.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let from_system = error.detail.source.as_ref().and_then(|source| source.downcast_ref::<Self>());
        let kind = match (error.kind(), from_system) {
            (ErrorKind::Io | ErrorKind::Connection | ErrorKind::Other, Some(source)) => source.kind(),
            (ErrorKind::InvalidInput, _) => io::ErrorKind::InvalidInput,
            (ErrorKind::InvalidResponse | ErrorKind::InvalidContent | ErrorKind::CorruptFile, _) => {
                io::ErrorKind::InvalidData
            }
            (ErrorKind::Timeout, _) => io::ErrorKind::TimedOut,
            (ErrorKind::NotFound, _) => io::ErrorKind::NotFound,
            (ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::ConsentDenied, _) => {
                io::ErrorKind::PermissionDenied
            }
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

// An error is immutable, so a panic can't leave it in an inconsistent state.
impl UnwindSafe for Error {}
impl RefUnwindSafe for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Plain(f), "{}", self.detail)
    }
}

/// `{:?}` is the kind and the line of [`Display`](fmt::Display), so that a `main` that returns an error reads well. `{:#?}`
/// has all details.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(Plain(f), "{:?}: {}", self.detail.kind, self.detail);
        }
        f.debug_struct("Error").field("detail", &self.detail).finish()
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An error of a caller has none.
        let has_subject = !self.subject.is_empty();
        if has_subject {
            write!(f, "{}:", self.subject)?;
        }
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        let mut separator = match (self.status.is_some() || self.code.is_some(), has_subject) {
            (true, _) => ": ",
            (false, true) => " ",
            (false, false) => "",
        };
        let mut more = String::new();
        if self.attempts > 1 {
            more.push_str(&format!(" (tried {} times)", self.attempts));
        }
        if let Some(operation) = self.operation.as_ref().filter(|_| !self.is_operation_failure) {
            more.push_str(&format!("; the call was accepted; do not send it again, wait for {operation}"));
        } else if self.outcome_unknown {
            more.push_str("; the call may have taken effect; check before you repeat it");
        }
        if let Some(advice) = &self.advice {
            more.push_str(&format!("; {advice}"));
        }
        for text in [&self.explanation, &self.message].into_iter().flatten() {
            // No full stop before a semicolon.
            let text = if more.is_empty() { text.as_str() } else { text.strip_suffix('.').unwrap_or(text) };
            write!(f, "{separator}{text}")?;
            separator = ": ";
        }
        f.write_str(&more)
    }
}
