//! A local Open Cloud for tests and for trying things out without a key.
#![forbid(unsafe_code)]

pub use rblxopencloud::sandbox::*;
