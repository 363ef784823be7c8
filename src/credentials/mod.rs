//! Keys, tokens, and their redaction.

mod authorization;
mod provider;
mod renewed;
mod secret;
mod value;

pub(crate) use authorization::Authorization;
#[cfg(feature = "oauth2")]
pub(crate) use renewed::{Fresh, Reason, TokenSource};
#[cfg(feature = "oauth2")]
pub(crate) use secret::SHORTEST;
pub(crate) use secret::Secret;
pub use value::Credentials;
