use serde_json::Value;

use crate::error::{Error, ErrorKind};

/// Returns the error of a file that a newer version of this crate has written.
pub(crate) fn newer_version(json: &Value, known: u64, subject: String) -> Option<Error> {
    let newer = json.get("version").and_then(Value::as_u64).filter(|version| *version > known)?;
    Some(
        Error::new(ErrorKind::NewerFile, subject)
            .explain(format!("a newer version of this crate wrote it (format {newer}; expected {known})"))
            .advise("update the program")
            .concerning_run(),
    )
}
