use std::fmt;

use jiff::Timestamp;

use crate::api::Endpoint;
use crate::open_enum::open_enum;
use crate::page::{PageItem, Values};
use crate::request::Paging;
use crate::wire::{self, model};

/// Lists the log of a Luau task.
pub const LIST_LUAU_TASK_LOGS: Endpoint = Endpoint::get(
    "/cloud/v2/universes/{universe}/places/{place}/versions/{version}/luau-execution-sessions/{session}/tasks/{task}/logs",
)
.with_any_scope(&["universe.place.luau-execution-session:read", "universe.place.luau-execution-session:write"])
.with_key_budget(crate::api::Budget::per_minute(45))
.for_keys_only();

open_enum! {
    /// How a script wrote a message to its log.
    LuauMessageType {
        /// With `print`.
        Output = "OUTPUT",
        /// As an information.
        Info = "INFO",
        /// With `warn`.
        Warning = "WARNING",
        /// As an error.
        Error = "ERROR",
    }
}

model! {
    /// A message in the log of a Luau task: that of one call of `print` or `warn`, which can have several lines. It is printed
    /// without its time and type.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct LuauMessage {
        /// The text.
        #[lenient]
        pub message: String,
        /// When it was written.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// How it was written.
        pub message_type: Option<LuauMessageType>,
    }
}

impl LuauMessage {
    /// Creates a message without a time and a type.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

impl fmt::Display for LuauMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.message)
    }
}

model! {
    /// A part of the log of a Luau task, from [`LuauTask::list_logs`](crate::LuauTask::list_logs) and
    /// [`LuauTask::list_flat_logs`](crate::LuauTask::list_flat_logs). It has its messages in one of two forms.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/luau-execution#Cloud_ListLuauExecutionSessionTaskLogs>
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct LuauLog {
        /// The resource path.
        #[optional]
        pub path: String,
        /// The texts alone.
        #[with(wire::strict_or_null)]
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub messages: Vec<String>,
        /// The messages with their times and types.
        #[with(wire::strict_or_null)]
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub structured_messages: Vec<LuauMessage>,
    }
}

impl LuauLog {
    /// Returns the messages, whichever form they have.
    #[must_use]
    pub fn into_messages(self) -> Vec<LuauMessage> {
        match self.structured_messages.is_empty() {
            true => self.messages.into_iter().map(LuauMessage::new).collect(),
            false => self.structured_messages,
        }
    }
}

impl PageItem for LuauLog {
    const FIELD: &'static str = "luauExecutionSessionTaskLogs";
    const PAGING: Paging = Paging::page_tokens().page_size(10_000);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}
