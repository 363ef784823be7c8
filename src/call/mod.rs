//! What is called.

mod endpoint;
mod operation_name;

pub(crate) use endpoint::SEGMENT;
pub use endpoint::{Endpoint, Method};
pub use operation_name::OperationName;
