use std::io::Read;

use crate::error::Error;

/// The body of a request.
pub(crate) trait Payload: Read {
    fn content_type(&self) -> String;

    /// Returns the exact length in bytes.
    fn len(&self) -> u64;

    /// Whether the last byte was passed to the connection. Before that, the service can't have the whole request.
    fn is_sent(&self) -> bool;

    /// Starts the body again. Returns `false` if it can't.
    fn rewind(&mut self) -> bool;

    /// Records that the last attempt certainly had no effect.
    fn had_no_effect(&mut self);

    /// Returns why the body failed, if it did.
    fn take_problem(&mut self) -> Option<Error>;
}
