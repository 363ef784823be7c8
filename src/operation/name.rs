use std::str::FromStr;

use crate::api::OperationName;
use crate::error::{Error, Result};

// In `api`, it would make `api` and `error` depend on each other.
impl FromStr for OperationName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).map_err(Error::invalid_input)
    }
}
