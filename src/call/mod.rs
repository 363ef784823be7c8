//! The loop that makes a call, and the session that it belongs to.

mod decode_error;
mod run;
mod session;

pub(crate) use decode_error::DecodeError;
pub(crate) use run::Decoder;
pub(crate) use session::{Bound, Session};
