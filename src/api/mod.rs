//! Plain data about the service: endpoints, names of operations, and how calls are authorized.

mod budget;
mod endpoint;
mod facts;
mod method;
mod operation_name;
mod path;
mod resource_path;
mod scheme;

pub use budget::{Budget, KeyedBudget, Slots};
pub use endpoint::Endpoint;
pub use method::Method;
pub(crate) use operation_name::FORM as OPERATION_NAME_FORM;
pub use operation_name::OperationName;
pub(crate) use path::{Parameter, ParameterKind, SEGMENT, has_dot_segment, is_dots, push_query, shape};
pub use resource_path::ResourcePath;
pub(crate) use resource_path::{is_resource_path, segments};
pub(crate) use scheme::Scheme;
