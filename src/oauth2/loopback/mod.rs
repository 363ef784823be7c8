//! Signing in from a script: the redirect comes to a port of this machine.

// First, so that the page of `SignIn` begins with its settings.
mod sign_in;

mod host;
mod met;
mod opener;
mod page;
mod paste;
mod resume;
mod server;

pub use sign_in::SignIn;
