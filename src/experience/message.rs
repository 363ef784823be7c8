use serde::Serialize;
use serde_json::{Value, json};

use super::handle::Experience;
use crate::api::Endpoint;
use crate::error::{Error, Result};

/// Publishes a message to the running servers of an experience. Each call sends it once more.
pub const PUBLISH_MESSAGE: Endpoint = Endpoint::post("/cloud/v2/universes/{universe}:publishMessage")
    .with_scopes(&["universe-messaging-service:publish"])
    .with_budget(5000, 5000);

/// The longest topic, in characters.
const LONGEST_TOPIC: usize = 80;
/// The largest message, in bytes of UTF-8. The service takes more than the 1,024 of its reference.
const LARGEST_MESSAGE: usize = 1114;

/// A message for the running servers of an experience, for [`Experience::publish_message`].
///
/// A string is sent as it is. A [`Value`], or with [`json`](Self::json) any other value, is sent as JSON, for `JSONDecode` in
/// the game.
///
/// ```
/// use rblxopencloud::experience::Message;
/// use serde_json::json;
///
/// assert_eq!(Message::from("restart").text(), "restart");
/// assert_eq!(Message::from(&json!({ "version": 7 })).text(), r#"{"version":7}"#);
/// assert_eq!(Message::json(&[1, 2]).text(), "[1,2]");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Message {
    text: Result<String, String>,
    idempotent: bool,
}

impl Message {
    /// Creates a message from a value, as JSON.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Self {
        let text = serde_json::to_string(value).map_err(|error| error.to_string());
        Self { text, idempotent: false }
    }

    /// Declares that the message does no harm if the servers receive it twice, so that the call is repeated after every
    /// transient failure. Otherwise it is repeated only if it certainly wasn't published.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Returns the text that is sent. Empty if the value can't be written as JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    fn check(&self) -> Result<&str> {
        let text = self.text.as_ref();
        let text =
            text.map_err(|error| Error::invalid_input(format!("the message can't be written as JSON: {error}")))?;
        match text.len() {
            0 => Err(Error::invalid_input("the message is empty")),
            size if size > LARGEST_MESSAGE => {
                let problem = format!("the message has {size} bytes; at most {LARGEST_MESSAGE} are allowed");
                Err(Error::invalid_input(problem)
                    .advise("send less, such as the key of a data store's entry that has the rest"))
            }
            _ => Ok(text),
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self { text: Ok(text), idempotent: false }
    }
}

impl From<&Value> for Message {
    fn from(value: &Value) -> Self {
        Self::json(value)
    }
}

impl Experience {
    /// Publishes a message to all running servers of the experience that have subscribed to the topic with
    /// `MessagingService:SubscribeAsync`.
    ///
    /// The topic has 1 to 80 characters, and the message 1 to 1,114 bytes of UTF-8. Servers of Studio receive none. No response
    /// tells whether a server was listening.
    ///
    /// Calls [`PUBLISH_MESSAGE`], which needs the scope `universe-messaging-service:publish`.
    ///
    /// ```
    /// use rblxopencloud::experience::Message;
    /// use serde_json::json;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// experience.publish_message("updates", &json!({ "version": 7 }))?;
    /// experience.publish_message("announcements", "The servers restart in ten minutes.")?;
    /// // Repeated after a lost connection, because the same version twice does no harm.
    /// experience.publish_message("updates", Message::json(&7).idempotent())?;
    /// # assert_eq!(sandbox.messages(13058).len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the topic or the message is empty or too long. If
    /// [`outcome_unknown`](Error::outcome_unknown) is true, the message may have been published.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/universes#Cloud_PublishUniverseMessage>
    pub fn publish_message(&self, topic: &str, message: impl Into<Message>) -> Result<()> {
        let message = message.into();
        match topic.chars().count() {
            0 => return Err(Error::invalid_input("the topic of the message is empty")),
            length if length > LONGEST_TOPIC => {
                let problem = format!("the topic has {length} characters; at most {LONGEST_TOPIC} are allowed");
                return Err(Error::invalid_input(problem));
            }
            _ => {}
        }
        let text = message.check()?;
        let request = self.client.call(&PUBLISH_MESSAGE).param("universe", self.id);
        let request = request.json(&json!({ "topic": topic, "message": text })).echo(topic).echo(text);
        if message.idempotent { request.idempotent().send() } else { request.send() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_measured_in_bytes() {
        for (text, is_allowed) in [
            (String::new(), false),
            ("x".to_owned(), true),
            ("x".repeat(1114), true),
            ("x".repeat(1115), false),
            ("é".repeat(557), true),
            ("é".repeat(558), false),
        ] {
            assert_eq!(Message::from(&text).check().is_ok(), is_allowed, "{} bytes", text.len());
        }
        let error = Message::from("x".repeat(1115)).check().expect_err("it is too long").to_string();
        assert!(error.contains("1115 bytes") && !error.contains("xx"), "{error}");
    }

    #[test]
    fn values_that_are_not_json_are_refused() {
        let keys = std::collections::BTreeMap::from([([1, 2], 3)]);
        assert!(Message::json(&keys).check().expect_err("its keys are lists").to_string().contains("JSON"));
    }
}
