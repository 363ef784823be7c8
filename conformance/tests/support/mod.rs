//! The support of the crate's own tests, and a TLS server.
#![allow(dead_code, unused_imports)]

pub mod browser;
pub mod document;
pub mod exchanges;
pub mod instances;
#[path = "../../../tests/support/mod.rs"]
mod own;
pub mod tls;

pub use own::*;
