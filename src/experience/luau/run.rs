use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::log::LuauMessage;
use super::outcome::{LuauError, LuauErrorCode, LuauOutcome, LuauState};
use crate::error::{Error, Result};
use crate::experience::duration::seconds;
use crate::wire::{self, Json, Unreadable, model};

model! {
    /// A task that has run a script, from [`LuauTask::wait`](crate::LuauTask::wait). A failure of the script is data.
    ///
    /// ```
    /// use rblxopencloud::experience::LuauRun;
    ///
    /// fn report(run: &LuauRun) -> bool {
    ///     for line in &run.logs {
    ///         println!("{line}");
    ///     }
    ///     println!("{run}");
    ///     run.is_success()
    /// }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/luau-execution#Cloud_GetLuauExecutionSessionTask>
    #[derive(Clone, PartialEq)]
    #[non_exhaustive]
    pub struct LuauRun {
        /// The resource path of the task. Empty if the response doesn't tell it.
        #[optional]
        pub path: String,
        /// The state.
        pub state: LuauState,
        /// What the script returned. A value that JSON can't have, such as an instance, is `null`. Numbers are as the service
        /// wrote them. Empty if the script returned nothing, or failed.
        #[with(read_output)]
        #[serde(rename = "output", serialize_with = "write_output", skip_serializing_if = "Vec::is_empty")]
        pub results: Vec<Value>,
        /// Why the task failed.
        #[with(read_error)]
        pub error: Option<LuauError>,
        /// The messages of the script's log. The service keeps 450 KB of them. Empty unless the task was
        /// [waited for](crate::LuauTask::wait) with its log.
        #[optional]
        pub logs: Vec<LuauMessage>,
        /// The time limit of the script.
        #[with(seconds::lenient)]
        #[serde(serialize_with = "seconds::serialize")]
        pub timeout: Option<Duration>,
        /// The id of the user whose key started the task.
        #[with(wire::non_empty)]
        pub user: Option<String>,
        /// The script. Responses leave it out.
        #[with(wire::non_empty)]
        pub script: Option<String>,
        /// The resource path of the binary input.
        #[with(wire::non_empty)]
        pub binary_input: Option<String>,
        /// Whether the script has a binary output.
        pub enable_binary_output: Option<bool>,
        /// The URL of the binary output, on another host. Whoever has it can download the output, for 15 minutes.
        #[with(wire::non_empty)]
        pub binary_output_uri: Option<String>,
        /// When the task was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When the state last changed.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
    }
}

/// Reads the results in an output. What has none, such as an empty text, is empty.
fn read_output(json: Option<Json<'_>>) -> std::result::Result<Vec<Value>, Unreadable> {
    let results = match json {
        Some(Json::Object(mut fields)) => fields.get_mut("results").map(Value::take).unwrap_or_default(),
        Some(Json::Null) | None => Value::Null,
        Some(Json::Text(text)) if text.is_empty() => Value::Null,
        _ => return Err(Unreadable::new("expected an object in the field output")),
    };
    match results {
        Value::Array(results) => Ok(results),
        Value::Null => Ok(Vec::new()),
        _ => Err(Unreadable::new("expected a list in the field results")),
    }
}

fn write_output<S: Serializer>(results: &[Value], serializer: S) -> Result<S::Ok, S::Error> {
    json!({ "results": results }).serialize(serializer)
}

/// Reads an error. An empty text or object is none, and anything that isn't an object can't be read: an error decides whether
/// the script has succeeded.
fn read_error(json: Option<Json<'_>>) -> std::result::Result<Option<LuauError>, Unreadable> {
    let error = match json {
        Some(Json::Null) | None => return Ok(None),
        Some(Json::Text(text)) if text.is_empty() => return Ok(None),
        Some(Json::Object(fields)) => wire::from_fields::<LuauError>(fields)?,
        _ => return Err(Unreadable::new("expected an object in the field error")),
    };
    Ok(Some(error).filter(|error| *error != LuauError::default()))
}

impl LuauRun {
    /// Creates a task in this state, for tests.
    #[must_use]
    pub fn new(state: LuauState) -> Self {
        Self {
            path: String::new(),
            state,
            results: Vec::new(),
            error: None,
            logs: Vec::new(),
            timeout: None,
            user: None,
            script: None,
            binary_input: None,
            enable_binary_output: None,
            binary_output_uri: None,
            created_at: None,
            updated_at: None,
        }
    }

    /// Returns how the task ended. An error counts whatever the state is.
    #[must_use]
    pub fn outcome(&self) -> LuauOutcome {
        let is_pending = !matches!(self.state, LuauState::Complete | LuauState::Failed | LuauState::Cancelled);
        let error = self.error.as_ref().filter(|error| !error.is_empty());
        match (&self.state, error) {
            _ if is_pending => LuauOutcome::Pending,
            (LuauState::Cancelled, _) => LuauOutcome::Cancelled,
            (LuauState::Complete, None) => LuauOutcome::Complete,
            (_, None) => LuauOutcome::Failed,
            (_, Some(error)) => match &error.code {
                Some(LuauErrorCode::ScriptError) => LuauOutcome::ScriptError { line: error.line() },
                Some(LuauErrorCode::DeadlineExceeded) => LuauOutcome::DeadlineExceeded,
                Some(LuauErrorCode::OutputSizeLimitExceeded) => LuauOutcome::OutputTooLarge,
                Some(LuauErrorCode::InternalError) => LuauOutcome::InternalError,
                Some(LuauErrorCode::Unknown(_)) | None => LuauOutcome::Failed,
            },
        }
    }

    /// Returns whether the script has ended without an error.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.outcome() == LuauOutcome::Complete
    }

    /// Reads what the script returned: a tuple or a list of its values.
    ///
    /// A number of Luau has no type of its own, so a whole one is read as an integer too, however the service wrote it.
    ///
    /// ```
    /// use rblxopencloud::experience::LuauRun;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Summary {
    ///     passed: u32,
    /// }
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let json = serde_json::json!({ "state": "COMPLETE", "output": { "results": [{ "passed": 3.0 }, "ok"] } });
    /// # let run: LuauRun = serde_json::from_value(json).unwrap();
    /// // return { passed = 3 }, "ok"
    /// let (summary, word): (Summary, String) = run.results_as()?;
    /// assert_eq!((summary.passed, word.as_str()), (3, "ok"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the values aren't a `T`, and the reason why the script
    /// returned none if it failed.
    pub fn results_as<T: DeserializeOwned>(&self) -> Result<T> {
        if !self.is_success() {
            return Err(Error::invalid_input(format!("there are no results: {self}")));
        }
        let mut results = Value::Array(self.results.clone());
        make_whole(&mut results);
        serde_json::from_value(results)
            .map_err(|error| Error::invalid_input(format!("the results of the script are others: {error}")))
    }
}

/// Makes integers of whole numbers.
fn make_whole(value: &mut Value) {
    /// Each of them is a number of its own up to this one.
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            #[allow(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
            Some(float) if float.fract() == 0.0 && float.abs() <= LARGEST => *value = Value::from(float as i64),
            _ => {}
        },
        Value::Array(values) => values.iter_mut().for_each(make_whole),
        Value::Object(fields) => fields.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// `complete`, `script error in line 3: TaskScript:3: no`.
impl fmt::Display for LuauRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome())?;
        match &self.error {
            Some(error) if error.message.is_empty() => Ok(()),
            Some(error) => write!(f, ": {}", error.message),
            None => Ok(()),
        }
    }
}

/// The URL of the output is left out: it is signed.
impl fmt::Debug for LuauRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LuauRun")
            .field("path", &self.path)
            .field("state", &self.state)
            .field("results", &self.results)
            .field("error", &self.error)
            .field("logs", &self.logs)
            .field("timeout", &self.timeout)
            .field("user", &self.user)
            .field("has_binary_output", &self.binary_output_uri.is_some())
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: Value) -> LuauRun {
        let run: LuauRun = serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"));
        assert_eq!(wire::from_value::<LuauRun>(&json).expect("it is read alike"), run);
        run
    }

    #[test]
    fn a_task_is_read_and_written() {
        let json = json!({
            "path": "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5", "state": "COMPLETE",
            "output": { "results": [1, 2.5, null, { "a": [true] }] }, "timeout": "1.500s", "user": "156",
            "binaryInput": "universes/1/luau-execution-session-task-binary-inputs/6", "enableBinaryOutput": true,
            "binaryOutputUri": "https://host.example/out?signature=abc", "createTime": "2023-07-05T12:34:56Z",
        });
        let run = read(json.clone());
        assert_eq!((run.results.len(), run.timeout), (4, Some(Duration::from_millis(1500))));
        assert!(run.is_success() && !format!("{run:?}").contains("signature"));
        let mut written = json;
        written["timeout"] = json!("1.5s");
        assert_eq!(serde_json::to_value(&run).expect("it is JSON"), written);
    }

    #[test]
    fn each_outcome_is_told_apart() {
        let error = |code: &str, message: &str| json!({ "code": code, "message": message });
        for (state, error, outcome) in [
            ("COMPLETE", Value::Null, LuauOutcome::Complete),
            ("COMPLETE", json!(""), LuauOutcome::Complete),
            ("COMPLETE", json!({}), LuauOutcome::Complete),
            ("COMPLETE", error("ERROR_CODE_UNSPECIFIED", ""), LuauOutcome::Complete),
            ("COMPLETE", error("", "something"), LuauOutcome::Failed),
            ("COMPLETE", error("SCRIPT_ERROR", ""), LuauOutcome::ScriptError { line: None }),
            ("FAILED", error("SCRIPT_ERROR", "TaskScript:3: no"), LuauOutcome::ScriptError { line: Some(3) }),
            ("FAILED", error("DEADLINE_EXCEEDED", "late"), LuauOutcome::DeadlineExceeded),
            ("FAILED", error("OUTPUT_SIZE_LIMIT_EXCEEDED", ""), LuauOutcome::OutputTooLarge),
            ("FAILED", error("INTERNAL_ERROR", ""), LuauOutcome::InternalError),
            ("FAILED", error("A_NEW_ONE", "no"), LuauOutcome::Failed),
            ("FAILED", Value::Null, LuauOutcome::Failed),
            ("CANCELLED", error("INTERNAL_ERROR", ""), LuauOutcome::Cancelled),
            ("PROCESSING", error("INTERNAL_ERROR", ""), LuauOutcome::Pending),
            ("A_NEW_ONE", Value::Null, LuauOutcome::Pending),
        ] {
            let run = read(json!({ "state": state, "error": error }));
            assert_eq!(run.outcome(), outcome, "{state} {error}");
            assert_eq!(run.is_success(), outcome == LuauOutcome::Complete);
            assert_eq!(run.results_as::<[u8; 0]>().is_ok(), run.is_success());
        }
    }

    #[test]
    fn what_decides_is_never_unreadable() {
        for strange in [
            json!({}),
            json!({ "state": null }),
            json!({ "state": "COMPLETE", "error": "no" }),
            json!({ "state": "COMPLETE", "error": [1] }),
            json!({ "state": "COMPLETE", "output": "no" }),
            json!({ "state": "COMPLETE", "output": [] }),
            json!({ "state": "COMPLETE", "output": { "results": {} } }),
        ] {
            assert!(wire::from_value::<LuauRun>(&strange).is_err(), "{strange}");
        }
        for nothing in [json!(null), json!({}), json!({ "results": null }), json!({ "results": [] })] {
            assert!(read(json!({ "state": "COMPLETE", "output": nothing })).results.is_empty());
        }
    }

    #[test]
    fn whole_numbers_are_read_as_integers() {
        let run = read(json!({ "state": "COMPLETE", "output": { "results": [2.0, -3.0, 2.5, 1e300, { "a": 4.0 }] } }));
        assert_eq!(run.results[0], json!(2.0), "results are as the service wrote them");
        let (two, minus, half, large, object): (u8, i64, f64, f64, std::collections::BTreeMap<String, u64>) =
            run.results_as().expect("they are readable");
        assert_eq!((two, minus, half, large, object["a"]), (2, -3, 2.5, 1e300, 4));
        assert!(run.results_as::<(u8,)>().is_err());
    }
}
