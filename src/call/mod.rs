//! What is called.

mod endpoint;

pub(crate) use endpoint::SEGMENT;
pub use endpoint::{Endpoint, Method};
