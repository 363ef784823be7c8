//! What the scripts of Luau tasks do.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::written;

const LARGEST_RESULTS: usize = 4 * 1024 * 1024;
const LARGEST_LOG: usize = 450 * 1024;

/// What a script does, for [`Sandbox::on_luau`](crate::Sandbox::on_luau): its log, and its end. A JSON value converts to an answer
/// with this result.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud_sandbox::LuauAnswer;
///
/// let passed = LuauAnswer::results([3, 0]).print("3 tests passed").takes(Duration::from_secs(2));
/// let failed = LuauAnswer::error("TaskScript:7: expected 1, got 2").warn("1 test failed");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LuauAnswer {
    pub(super) results: Vec<Value>,
    pub(super) end: End,
    pub(super) log: Vec<Message>,
    pub(super) takes: Duration,
    pub(super) binary_output: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum End {
    #[default]
    Complete,
    Cancelled,
    Failed {
        code: String,
        message: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    kind: &'static str,
    pub(super) text: String,
    at: Timestamp,
}

impl LuauAnswer {
    /// The script returns these values. The default answer returns none.
    #[must_use]
    pub fn results(values: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        Self { results: values.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The script raises an error. As in Roblox, the message begins with the script and the line: `TaskScript:7: no`.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::failure("SCRIPT_ERROR", message)
    }

    /// The task fails with this code, such as `INTERNAL_ERROR`.
    #[must_use]
    pub fn failure(code: impl Into<String>, message: impl Into<String>) -> Self {
        let end = End::Failed { code: code.into(), message: message.into() };
        Self { end, ..Self::default() }
    }

    /// The task is cancelled.
    #[must_use]
    pub fn cancelled() -> Self {
        Self { end: End::Cancelled, ..Self::default() }
    }

    /// Adds a message that `print` writes.
    #[must_use]
    pub fn print(self, text: impl Into<String>) -> Self {
        self.log("OUTPUT", text.into())
    }

    /// Adds a message that `warn` writes.
    #[must_use]
    pub fn warn(self, text: impl Into<String>) -> Self {
        self.log("WARNING", text.into())
    }

    pub(crate) fn log(mut self, kind: &'static str, text: String) -> Self {
        self.log.push(Message { kind, text, at: Timestamp::now() });
        self
    }

    /// Sets how long the script runs. Defaults to as long as it takes to answer. Beyond its time limit, it fails.
    #[must_use]
    pub fn takes(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }

    /// Sets the binary output, which counts if the task has one.
    #[must_use]
    pub fn binary_output(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.binary_output = Some(bytes.into());
        self
    }

    /// Applies the limits of the size.
    pub(super) fn limited(mut self) -> Self {
        if json!(self.results).to_string().len() > LARGEST_RESULTS {
            let message = format!("The results are larger than {LARGEST_RESULTS} bytes.");
            self.end = End::Failed { code: "OUTPUT_SIZE_LIMIT_EXCEEDED".to_owned(), message };
        }
        let mut length: usize = self.log.iter().map(|message| message.text.len()).sum();
        let dropped = self.log.iter().take_while(|message| {
            let is_too_long = length > LARGEST_LOG;
            length -= message.text.len();
            is_too_long
        });
        let dropped = dropped.count();
        self.log.drain(..dropped);
        self
    }
}

impl From<Value> for LuauAnswer {
    fn from(result: Value) -> Self {
        Self::results([result])
    }
}

impl Message {
    pub(super) fn json(&self) -> Value {
        json!({ "message": self.text, "createTime": written(self.at), "messageType": self.kind })
    }
}
