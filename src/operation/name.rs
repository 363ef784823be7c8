use std::str::FromStr;

use crate::call::OperationName;
use crate::error::{Error, Result};

// In `call`, it would make `error` and `call` depend on each other.
impl FromStr for OperationName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).map_err(Error::invalid_input)
    }
}
