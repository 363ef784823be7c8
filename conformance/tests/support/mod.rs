//! The support of the crate's own tests, and a TLS server.
#![allow(dead_code, unused_imports)]

pub mod document;
pub mod exchanges;
#[path = "../../../tests/support/mod.rs"]
mod own;
pub mod tls;

pub use own::*;
