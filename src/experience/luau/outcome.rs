use std::fmt;

use crate::open_enum::open_enum;
use crate::wire::model;

open_enum! {
    /// The state of a task.
    LuauState {
        /// It waits for a server.
        Queued = "QUEUED",
        /// A server starts, or runs the script.
        Processing = "PROCESSING",
        /// It was stopped.
        Cancelled = "CANCELLED",
        /// The script has ended.
        Complete = "COMPLETE",
        /// It failed.
        Failed = "FAILED",
    }
}

open_enum! {
    /// Why a task failed.
    LuauErrorCode {
        /// The script raised an error.
        ScriptError = "SCRIPT_ERROR",
        /// The script ran longer than its time limit.
        DeadlineExceeded = "DEADLINE_EXCEEDED",
        /// The script returned too much.
        OutputSizeLimitExceeded = "OUTPUT_SIZE_LIMIT_EXCEEDED",
        /// The service failed.
        InternalError = "INTERNAL_ERROR",
    }
}

model! {
    /// The error of a task, from [`LuauRun::error`](super::run::LuauRun::error).
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct LuauError {
        /// The code. `None` if the response doesn't tell it.
        pub code: Option<LuauErrorCode>,
        /// The message, which can have several lines. Empty if the response doesn't tell it.
        #[optional]
        pub message: String,
    }
}

impl LuauError {
    /// Whether it tells nothing: neither a code nor a message.
    pub(super) fn is_empty(&self) -> bool {
        let is_unspecified = |code: &LuauErrorCode| matches!(code.as_str(), "" | "ERROR_CODE_UNSPECIFIED");
        self.message.is_empty() && self.code.as_ref().is_none_or(is_unspecified)
    }

    /// Returns the line that the message of a script error begins with, such as 3 in `TaskScript:3: attempt to index nil`. It is
    /// a line of the script that the message names, which can be a module of the place. `None` if the message doesn't tell it.
    ///
    /// ```
    /// use rblxopencloud::experience::LuauRun;
    /// # let json = serde_json::json!({
    /// #     "state": "FAILED", "error": { "code": "SCRIPT_ERROR", "message": "TaskScript:3: no" },
    /// # });
    /// # let run: LuauRun = serde_json::from_value(json).unwrap();
    /// assert_eq!(run.error.unwrap().line(), Some(3));
    /// ```
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        let (place, rest) = match self.message.strip_prefix("[string \"") {
            Some(rest) => rest.split_once("\"]:")?,
            None => self.message.split_once(':')?,
        };
        let (number, _) = rest.split_once(':')?;
        let is_name = !place.is_empty() && (!place.contains(char::is_whitespace) || self.message.starts_with('['));
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|line| is_name && is_number && *line > 0)
    }
}

/// `SCRIPT_ERROR: TaskScript:3: attempt to index nil`.
impl fmt::Display for LuauError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_ref().map_or("", LuauErrorCode::as_str);
        match (code, self.message.as_str()) {
            ("", "") => f.write_str("no reason given"),
            (word, "") | ("", word) => f.write_str(word),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}

/// How a task ended, from [`LuauRun::outcome`](super::run::LuauRun::outcome). The error behind it is in
/// [`LuauRun::error`](super::run::LuauRun::error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LuauOutcome {
    /// The script has ended without an error.
    Complete,
    /// The script raised an error.
    #[non_exhaustive]
    ScriptError {
        /// The line, if the message tells it. See [`LuauError::line`].
        line: Option<u32>,
    },
    /// The script ran longer than its time limit.
    DeadlineExceeded,
    /// The script returned too much.
    OutputTooLarge,
    /// The service failed to run the script.
    InternalError,
    /// The task was cancelled.
    Cancelled,
    /// The task failed for a reason that isn't known.
    Failed,
    /// The task hasn't ended. No task that was waited for has this outcome.
    Pending,
}

/// `complete`, `script error in line 3`.
impl fmt::Display for LuauOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::ScriptError { line: Some(line) } => return write!(f, "script error in line {line}"),
            Self::ScriptError { line: None } => "script error",
            Self::DeadlineExceeded => "time limit exceeded",
            Self::OutputTooLarge => "output too large",
            Self::InternalError => "internal error of the service",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Pending => "pending",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_an_error_is_the_one_that_its_message_begins_with() {
        for (message, line) in [
            ("TaskScript:3: attempt to index nil with 'x'", Some(3)),
            ("TaskScript:3: TaskScript:7: inner", Some(3)),
            ("ReplicatedStorage.Tests.math_spec:42: boom\nstack traceback:\nTaskScript:1: in function", Some(42)),
            ("[string \"a b: c\"]:12: boom", Some(12)),
            ("boom", None),
            ("", None),
            (":3: boom", None),
            ("error: TaskScript:3: boom", None),
            ("at 10:30: too late", None),
            ("http://a:80: refused", None),
            ("a:0: boom", None),
            ("a:+3: boom", None),
            ("a:99999999999: boom", None),
            ("a::3: boom", None),
        ] {
            assert_eq!(LuauError { code: None, message: message.to_owned() }.line(), line, "{message}");
        }
    }
}
