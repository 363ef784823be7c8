//! Plain data about the service: endpoints, names of operations, and how calls are authorized.

mod budget;
mod endpoint;
mod operation_name;
mod path;

pub use budget::{Budget, KeyedBudget, Slots};
pub use endpoint::{Endpoint, Method};
pub(crate) use operation_name::FORM as OPERATION_NAME_FORM;
pub use operation_name::OperationName;
pub(crate) use operation_name::is_resource_path;
pub(crate) use path::{SEGMENT, Segment, has_dot_segment, is_dots, is_segment, push_query, shape};

/// How a call is authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    ApiKey,
    AccessToken,
}
