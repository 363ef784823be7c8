use std::str::FromStr;

use crate::api::{OPERATION_NAME_FORM as FORM, OperationName, ResourcePath};
use crate::error::{Error, Result};

// In `api`, they would make `api` and `error` depend on each other.
impl FromStr for OperationName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Error::invalid_text("operation name", text, FORM))
    }
}

impl FromStr for ResourcePath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let form = "expected the form universes/1/places/2";
        Self::parse(text).ok_or_else(|| Error::invalid_text("resource path", text, form))
    }
}
