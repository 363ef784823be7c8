use crate::api::OperationName;
use crate::error::ServiceError;

/// Why a good answer could not be read.
#[derive(Debug)]
pub(crate) enum DecodeError {
    Json(serde_json::Error),
    /// The result of an operation, whose name could be read.
    Operation(OperationName, serde_json::Error),
    /// A 200 whose body is an error.
    Service(ServiceError),
    /// Another resource than an operation, in words.
    NoOperation(String),
    /// A page with this field, which isn't followed.
    Unfollowed(String),
}

impl DecodeError {
    pub(crate) fn expected(what: &str) -> Self {
        Self::Json(serde::de::Error::custom(format_args!("expected {what}")))
    }

    pub(crate) fn of_operation(name: Option<OperationName>, problem: serde_json::Error) -> Self {
        match name {
            Some(name) => Self::Operation(name, problem),
            None => Self::Json(problem),
        }
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}
