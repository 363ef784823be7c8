use std::str::FromStr;

use crate::api::{OPERATION_NAME_FORM as FORM, OperationName};
use crate::error::{Error, Result};

// In `api`, it would make `api` and `error` depend on each other.
impl FromStr for OperationName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Error::invalid_text("operation name", text, FORM))
    }
}
