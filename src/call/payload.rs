use std::io::Read;

use crate::error::Error;

/// The body of a request.
pub(crate) trait Payload: Read {
    fn content_type(&self) -> String;

    /// The exact length in bytes.
    fn len(&self) -> u64;

    /// Whether the last byte was handed to the connection. Before that, the service can't have a whole request.
    fn is_sent(&self) -> bool;

    /// Makes the body start again; `false` if it can't.
    fn rewind(&mut self) -> bool;

    /// What was wrong with it, if that is why it broke off.
    fn take_problem(&mut self) -> Option<Error>;
}
